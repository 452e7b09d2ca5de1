#include "connectors/state/child_task.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

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

}  // namespace
}  // namespace tocsin::connectors
