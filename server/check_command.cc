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
  eventtime::Result<PatternFiles> files = read_patterns(options.files);
  if (!files) return report(files.error());
  fmt::print(stderr, "{}", patterns::render(files->diagnostics, files->sources));
  if (!files->set) return kInputWrong;
  return write_standard_output(
      fmt::format("ok: {}, {}\n", counted(files->set->patterns.size(), "pattern", "patterns"),
                  counted(files->set->catalog.types.size(), "event type", "event types")));
}

}  // namespace tocsin::server
