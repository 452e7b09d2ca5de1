// Any text as a pipeline file: no crash, and what is right can be turned into a run's options.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/pipeline/pipeline.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::server;
  const ConfigSurroundings surroundings{
      "/nonexistent", [](const std::string& name) -> std::optional<std::string> {
        return name.size() % 2 == 0 ? std::optional<std::string>("value") : std::nullopt;
      }};
  Mistakes mistakes;
  const auto pipeline =
      parse_pipeline({reinterpret_cast<const char*>(data), size}, surroundings, mistakes);
  const std::string told = render(mistakes, "x");
  if (pipeline.has_value() != mistakes.empty() || told.empty() != mistakes.empty())
    __builtin_trap();
  return 0;
}
