#include "server/check_command.h"

#include <fmt/core.h>

#include "server/exit_status.h"
#include "server/pattern_files.h"

namespace tocsin::server {

namespace {

std::string counted(size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace

int check(const CheckOptions& options) {
  const eventtime::Result<patterns::Loaded> loaded = read_patterns(options.files);
  if (!loaded) return report(loaded.error());
  fmt::print(stderr, "{}", patterns::render(loaded->diagnostics, loaded->sources));
  if (!loaded->patterns) return kInputWrong;
  const patterns::PatternSet& set = *loaded->patterns;
  return write_standard_output(
      fmt::format("ok: {}, {}\n", counted(set.patterns.size(), "pattern", "patterns"),
                  counted(set.catalog.types.size(), "event type", "event types")));
}

}  // namespace tocsin::server
