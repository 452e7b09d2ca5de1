#include "server/check_command.h"

#include <fmt/core.h>

#include "runtime/engine.h"
#include "server/counted.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"

namespace tocsin::server {

int check(const CheckOptions& options) {
  eventtime::Result<patterns::Loaded> loaded = read_patterns(options.files);
  if (!loaded) return report(loaded.error());
  fmt::print(stderr, "{}", patterns::render(loaded->diagnostics, loaded->sources));
  if (!loaded->patterns) return kInputWrong;
  const size_t count = loaded->patterns->patterns.size();
  const size_t types = loaded->patterns->catalog.types.size();
  // What is right may still be beyond the engine's limits.
  const auto engine = runtime::Engine::create(*std::move(loaded->patterns), {});
  if (!engine) return report(engine.error());
  return write_standard_output(fmt::format("ok: {}, {}\n", counted(count, "pattern", "patterns"),
                                           counted(types, "event type", "event types")));
}

}  // namespace tocsin::server
