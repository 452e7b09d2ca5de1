#include "connectors/webhook/fork_guard.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tocsin::connectors {
namespace {

// Ends a process that waits for ever.
constexpr unsigned kPatienceSeconds = 20;

int status_of(pid_t process) {
  int status = -1;
  return ::waitpid(process, &status, 0) == process ? status : -1;
}

TEST(ForkGuard, AChildCanForkAndGuard) {
  {
    const ForkGuard guard;
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(kPatienceSeconds);
    const pid_t grandchild = ::fork();
    if (grandchild == 0) ::_exit(0);
    const bool forked = status_of(grandchild) == 0;
    {
      const ForkGuard guard;
    }
    ::_exit(forked ? 0 : 1);
  }
  EXPECT_EQ(status_of(child), 0);
}

}  // namespace
}  // namespace tocsin::connectors
