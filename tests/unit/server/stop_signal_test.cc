#include "server/stop_signal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

void sleep_ms(int ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// `timeout` sends one signal to the program and one to its group.
TEST(StopSignal, SeveralAtOnceAreOneWish) {
  const tests::TemporaryDirectory directory;
  directory.write("p.tocsin",
                  "event E { k: int, at: timestamp(s) } time at\n"
                  "pattern p { on E by k match a: E then b: E within 1m }\n");
  directory.write("in.jsonl", "{\"k\":1,\"at\":1}\n");
  tests::RunningProgram program({"run", "-p", directory.path("p.tocsin"), "-i",
                                 directory.path("in.jsonl"), "--follow", "--state",
                                 directory.path("state"), "-o", directory.path("out.jsonl")});
  EXPECT_TRUE(
      tests::eventually([&] { return std::filesystem::exists(directory.path("state/lock")); }));
  sleep_ms(300);
  for (int i = 0; i < 20; ++i) {
    program.signal(SIGTERM);
    sleep_ms(1);
  }
  EXPECT_EQ(program.wait(), 0) << program.err();
  EXPECT_THAT(program.err(), testing::HasSubstr("1 events"));
}

TEST(StopSignal, ALaterOneEndsAtOnce) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const StopSignal stop;
    ::raise(SIGTERM);
    if (!StopSignal::requested()) _exit(1);
    ::raise(SIGTERM);
    sleep_ms(1100);
    ::raise(SIGTERM);
    _exit(2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << status;
  EXPECT_EQ(WTERMSIG(status), SIGTERM);
}

}  // namespace
}  // namespace tocsin::server
