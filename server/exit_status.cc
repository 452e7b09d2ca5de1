#include "server/exit_status.h"

#include <fmt/core.h>

#include <cstdio>

#include "connectors/file/line_writer.h"
#include "eventtime/check.h"

namespace tocsin::server {

int report(const eventtime::Error& error) {
  fmt::print(stderr, "error: {}\n", error.message);
  switch (error.blame) {
    case eventtime::Blame::kInput:
      return kInputWrong;
    case eventtime::Blame::kUsage:
      return kUsageWrong;
    case eventtime::Blame::kWorld:
      return kWorldFailed;
  }
  TOCSIN_CHECK(false, "every blame has an exit status");
}

int write_standard_output(std::string_view text) {
  const auto out = connectors::LineWriter::open("-");
  if (!out) return report(out.error());
  eventtime::Result<void> written = (*out)->write_lines(text);
  if (written) written = (*out)->close();
  return written || (*out)->pipe_closed() ? kDone : report(written.error());
}

}  // namespace tocsin::server
