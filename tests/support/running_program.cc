#include "tests/support/running_program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <thread>

#include "eventtime/check.h"

namespace tocsin::tests {

namespace {

// Generous: the machine may be busy, and the build may be one with sanitizers.
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kBetweenLooks{5};

}  // namespace

RunningProgram::RunningProgram(const std::vector<std::string>& arguments) {
  std::signal(SIGPIPE, SIG_IGN);
  const std::string out = directory_.write("out", "");
  const std::string err = directory_.write("err", "");
  std::array<int, 2> ends{};
  TOCSIN_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0, "a test can make a pipe");
  input_ = ends[1];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out.c_str(), O_WRONLY | O_APPEND, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err.c_str(), O_WRONLY | O_APPEND, 0);
  std::vector<std::string> words = {TOCSIN_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int failed = posix_spawn(&process_, argv.front(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  EXPECT_EQ(failed, 0) << "cannot start " << TOCSIN_PROGRAM;
  if (failed != 0) process_ = -1;
}

RunningProgram::~RunningProgram() {
  close_input();
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void RunningProgram::write(std::string_view text) const {
  while (!text.empty()) {
    const ssize_t count = ::write(input_, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    ASSERT_GT(count, 0);
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void RunningProgram::close_input() {
  if (input_ >= 0) ::close(input_);
  input_ = -1;
}

void RunningProgram::signal(int number) const {
  ASSERT_EQ(::kill(process_, number), 0);
}

std::optional<int> RunningProgram::poll() {
  int state = 0;
  if (process_ < 0 || ::waitpid(process_, &state, WNOHANG) == 0) return std::nullopt;
  process_ = -1;
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

int RunningProgram::wait() {
  std::optional<int> status;
  if (process_ < 0 || !eventually([&] { return (status = poll()).has_value(); })) return -1;
  return *status;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) {
      ADD_FAILURE() << "it did not happen in time";
      return false;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

}  // namespace tocsin::tests
