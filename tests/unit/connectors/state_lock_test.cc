#include "connectors/state/state_lock.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "connectors/state/child_task.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using ::testing::HasSubstr;
using tests::TemporaryDirectory;

TEST(StateLock, ASecondOneIsRefusedAndToldTheFirst) {
  const TemporaryDirectory directory;
  auto first = StateLock::take(directory.path().string());
  ASSERT_TRUE(first) << first.error().message;
  const auto second = StateLock::take(directory.path().string());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().blame, eventtime::Blame::kWorld);
  EXPECT_EQ(second.error().message, fmt::format("the state directory '{}' is in use by process {}",
                                                directory.path().string(), ::getpid()));
  first->reset();
  EXPECT_TRUE(StateLock::take(directory.path().string()));
}

TEST(StateLock, ADirectoryOfSomebodyElseIsRefused) {
  const TemporaryDirectory directory;
  directory.write("thesis.txt", "all my work");
  const auto refused = StateLock::take(directory.path().string());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("holds files that are no state, such as "
                                                 "'thesis.txt'"));
  // A copy of a state directory may have been made without its lock.
  directory.write("checkpoint-000001.json", "");
  EXPECT_TRUE(StateLock::take(directory.path().string()));
}

TEST(StateLock, ALongerNumberBeforeLeavesNothing) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("lock", "tocsin state, process 123456789\nand more\n");
  const auto lock = StateLock::take(directory.path().string());
  ASSERT_TRUE(lock);
  EXPECT_EQ(tests::read_file(file), fmt::format("tocsin state, process {}\n", ::getpid()));
}

// A process that holds the lock, has a child at work, and is killed: the next one gets the lock
// without being refused first.
TEST(StateLock, OutlivesItsOwnerByAMomentOnly) {
  const TemporaryDirectory directory;
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t owner = ::fork();
  if (owner == 0) {
    const auto lock = StateLock::take(directory.path().string());
    const auto child = ChildTask::start([](const ChildTask::Say&) { ::pause(); });
    const pid_t process = lock && child ? (*child)->process() : 0;
    if (::write(ready[1], &process, sizeof(process)) < 0) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  pid_t child = 0;
  ASSERT_EQ(::read(ready[0], &child, sizeof(child)), static_cast<ssize_t>(sizeof(child)));
  ASSERT_NE(child, 0);
  EXPECT_FALSE(StateLock::take(directory.path().string()));
  ::kill(owner, SIGKILL);
  ::waitpid(owner, nullptr, 0);
  const auto next = StateLock::take(directory.path().string());
  EXPECT_TRUE(next) << next.error().message;
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace tocsin::connectors
