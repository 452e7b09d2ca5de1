#include "connectors/state/child_task.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;

namespace {

[[noreturn]] void run_child(pid_t parent, int pipe, const ChildTask::Work& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // it died before the line above
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  work([pipe](std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(pipe, bytes.data(), bytes.size());
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
      } else if (errno != EINTR) {
        ::_exit(1);
      }
    }
  });
  ::_exit(0);
}

std::string death(int status) {
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  const int code = WEXITSTATUS(status);
  return code == 0 ? std::string() : fmt::format("it ended with status {}", code);
}

}  // namespace

Result<std::unique_ptr<ChildTask>> ChildTask::start(const Work& work) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return eventtime::world_error(fmt::format("cannot open a pipe: {}", std::strerror(errno)));
  }
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(pipe[0]);
    run_child(parent, pipe[1], work);
  }
  const int error = errno;
  ::close(pipe[1]);
  if (process < 0) {
    ::close(pipe[0]);
    return eventtime::world_error(
        fmt::format("cannot start a child process: {}", std::strerror(error)));
  }
  ::fcntl(pipe[0], F_SETFL, O_NONBLOCK);
  return std::unique_ptr<ChildTask>(new ChildTask(process, pipe[0]));
}

ChildTask::~ChildTask() {
  if (process_ != 0) {
    ::kill(process_, SIGKILL);
    reap();
  }
  ::close(pipe_);
}

std::optional<ChildTask::Outcome> ChildTask::read(bool wait) {
  TOCSIN_CHECK(process_ != 0, "an outcome is given once");
  std::array<char, 4096> bytes{};
  while (true) {
    const ssize_t count = ::read(pipe_, bytes.data(), bytes.size());
    if (count == 0) return reap();
    if (count > 0) {
      said_.append(bytes.data(), static_cast<size_t>(count));
    } else if (errno == EAGAIN) {
      if (!wait) return std::nullopt;
      pollfd waiting{pipe_, POLLIN, 0};
      ::poll(&waiting, 1, -1);
    } else {
      TOCSIN_CHECK(errno == EINTR, "a pipe can be read");
    }
  }
}

ChildTask::Outcome ChildTask::reap() {
  int status = 0;
  pid_t reaped = 0;
  do {
    reaped = ::waitpid(process_, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  // Without a status somebody else has waited for our child: what it said must do.
  std::string how = reaped == process_ ? death(status) : std::string();
  process_ = 0;
  return {std::move(said_), std::move(how)};
}

}  // namespace tocsin::connectors
