#include "server/exit_status.h"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

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
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      return kDone;
    } else if (errno != EINTR) {
      return report({fmt::format("cannot write to standard output: {}", std::strerror(errno)),
                     eventtime::Blame::kWorld});
    }
  }
  return kDone;
}

}  // namespace tocsin::server
