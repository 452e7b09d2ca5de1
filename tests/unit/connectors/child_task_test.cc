#include "connectors/state/child_task.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace tocsin::connectors {
namespace {

TEST(ChildTask, SaysWhatItHasToSay) {
  const auto task = ChildTask::start([](const ChildTask::Say& say) {
    say("one ");
    say("two");
  });
  ASSERT_TRUE(task);
  const ChildTask::Outcome outcome = (*task)->wait();
  EXPECT_EQ(outcome.said, "one two");
  EXPECT_EQ(outcome.death, "");
}

TEST(ChildTask, SaysMoreThanAPipeHolds) {
  const std::string much(1'000'000, 'x');
  const auto task = ChildTask::start([&](const ChildTask::Say& say) { say(much); });
  ASSERT_TRUE(task);
  std::optional<ChildTask::Outcome> outcome;
  while (!(outcome = (*task)->poll())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(outcome->said, much);
}

TEST(ChildTask, PollDoesNotWait) {
  const auto task = ChildTask::start([](const ChildTask::Say&) { ::pause(); });
  ASSERT_TRUE(task);
  EXPECT_FALSE((*task)->poll());
  EXPECT_FALSE((*task)->poll());
  ::kill((*task)->process(), SIGKILL);
  EXPECT_EQ((*task)->wait().death, "it was ended by signal 9");
}

TEST(ChildTask, TheParentDecidesWhenToEnd) {
  const auto task = ChildTask::start([](const ChildTask::Say& say) {
    say("here");
    ::raise(SIGTERM);
    ::raise(SIGINT);
    ::raise(SIGHUP);
    say(", still");
  });
  ASSERT_TRUE(task);
  EXPECT_EQ((*task)->wait().said, "here, still");
}

TEST(ChildTask, IsKilledWithItsOwner) {
  pid_t process = 0;
  {
    const auto task = ChildTask::start([](const ChildTask::Say&) { ::pause(); });
    ASSERT_TRUE(task);
    process = (*task)->process();
    EXPECT_EQ(::kill(process, 0), 0);
  }
  EXPECT_EQ(::kill(process, 0), -1);
}

TEST(ChildTask, EndsWithAParentThatIsKilled) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const auto task = ChildTask::start([&](const ChildTask::Say&) {
      if (::write(pipe[1], "x", 1) == 1) ::pause();
    });
    ::pause();
    ::_exit(0);
  }
  ::close(pipe[1]);
  char told = 0;
  EXPECT_EQ(::read(pipe[0], &told, 1), 1);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  pollfd end{pipe[0], POLLIN, 0};  // when nobody holds the other end
  EXPECT_EQ(::poll(&end, 1, 10'000), 1);
  EXPECT_EQ(::read(pipe[0], &told, 1), 0);
  ::close(pipe[0]);
}

}  // namespace
}  // namespace tocsin::connectors
