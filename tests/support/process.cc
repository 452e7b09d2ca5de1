#include "tests/support/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "eventtime/check.h"

namespace tocsin::tests {

namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

void close_end(int& end) {
  if (end >= 0) ::close(end);
  end = -1;
}

Pipe make_pipe() {
  std::array<int, 2> ends{};
  TOCSIN_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0, "a test can make a pipe");
  return {ends[0], ends[1]};
}

// Our ends of the child's three pipes, served until the child has closed its own.
class Conversation {
 public:
  Conversation(int in, int out, int err, const ProcessOptions& options, ProcessResult& result)
      : in_(in), out_(out), err_(err), options_(options), result_(result), left_(options.input) {}

  void run() {
    feed();
    while (out_ >= 0 || err_ >= 0 || in_ >= 0) {
      std::array<pollfd, 3> ends = {{{in_, POLLOUT, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}}};
      if (::poll(ends.data(), ends.size(), -1) < 0) continue;
      if (ends[0].revents != 0) feed();
      if (ends[1].revents != 0) drain(out_, result_.out);
      if (ends[2].revents != 0) drain(err_, result_.err);
      if (result_.out.size() >= options_.read_at_most) close_end(out_);
    }
  }

 private:
  void feed() {
    if (left_.empty()) return close_end(in_);
    const ssize_t written = ::write(in_, left_.data(), std::min<size_t>(left_.size(), 4096));
    if (written < 0 && errno != EINTR) return close_end(in_);  // the child reads no more
    left_.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }

  static void drain(int& end, std::string& text) {
    std::array<char, 4096> buffer;
    const ssize_t count = ::read(end, buffer.data(), buffer.size());
    if (count > 0) {
      text.append(buffer.data(), static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      close_end(end);
    }
  }

  int in_;
  int out_;
  int err_;
  const ProcessOptions& options_;
  ProcessResult& result_;
  std::string_view left_;
};

}  // namespace

ProcessResult run_program(const std::string& program, const std::vector<std::string>& arguments,
                          const ProcessOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a child may not read what it is given
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err.write_end, STDERR_FILENO);
  if (!options.out_file.empty()) {
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, options.out_file.c_str(),
                                     O_WRONLY | O_CREAT, 0644);
  }
  // The child gets signals as a shell would give them, not as the test runner has set them.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_t child = 0;
  const int failed =
      posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close_end(in.read_end);
  close_end(out.write_end);
  close_end(err.write_end);
  ProcessResult result;
  EXPECT_EQ(failed, 0) << "cannot start " << program;
  Conversation(in.write_end, out.read_end, err.read_end, options, result).run();
  if (failed != 0) return result;
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  return result;
}

ProcessResult run_tocsin(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  return run_program(TOCSIN_PROGRAM, arguments, options);
}

}  // namespace tocsin::tests
