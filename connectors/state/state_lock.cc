#include "connectors/state/state_lock.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>

namespace tocsin::connectors {

namespace fs = std::filesystem;
using eventtime::Result;

namespace {

constexpr std::string_view kWords = "tocsin state, process ";

// The name of a file that shows that the directory is somebody else's; "" if it may be ours.
Result<std::string> foreign_file(const std::string& directory) {
  std::error_code error;
  std::string foreign;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name == "lock" || name.starts_with("checkpoint-") || name.starts_with("savepoint-")) {
      return std::string();
    }
    if (foreign.empty() || name < foreign) foreign = name;
  }
  if (!error) return foreign;
  return eventtime::world_error(
      fmt::format("cannot read the directory '{}': {}", directory, error.message()));
}

// Of the file's text; 0 if it says none.
pid_t holder(int file) {
  std::array<char, 64> text{};
  const ssize_t count = ::pread(file, text.data(), text.size(), 0);
  if (count < static_cast<ssize_t>(kWords.size())) return 0;
  std::string_view rest(text.data(), static_cast<size_t>(count));
  if (!rest.starts_with(kWords)) return 0;
  rest.remove_prefix(kWords.size());
  pid_t process = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), process);
  return process;
}

bool is_alive(pid_t process) {
  return process > 0 && (::kill(process, 0) == 0 || errno != ESRCH);
}

// False if another process holds it.
Result<bool> try_lock(int file, const std::string& path) {
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return true;
  if (errno == EWOULDBLOCK || errno == EINTR) return false;
  return eventtime::world_error(fmt::format("cannot lock '{}': {}", path, std::strerror(errno)));
}

Result<bool> lock(int file, const std::string& path) {
  constexpr int kAttempts = 200;
  constexpr std::chrono::milliseconds kPause(10);
  for (int i = 0; i < kAttempts; ++i) {
    const Result<bool> locked = try_lock(file, path);
    if (!locked || *locked || is_alive(holder(file))) return locked;
    std::this_thread::sleep_for(kPause);
  }
  return try_lock(file, path);
}

}  // namespace

Result<std::unique_ptr<StateLock>> StateLock::take(const std::string& directory) {
  const std::string path = directory + "/lock";
  const Result<std::string> foreign = foreign_file(directory);
  if (!foreign) return eventtime::Unexpected<eventtime::Error>{foreign.error()};
  if (!foreign->empty()) {
    return eventtime::world_error(
        fmt::format("'{}' holds files that are no state, such as '{}'; name an empty or a new "
                    "directory",
                    directory, *foreign));
  }
  constexpr mode_t kMode = 0666;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (file < 0) {
    return eventtime::world_error(fmt::format("cannot lock '{}': {}", path, std::strerror(errno)));
  }
  std::unique_ptr<StateLock> held(new StateLock(file));
  const Result<bool> locked = lock(file, path);
  if (!locked) return eventtime::Unexpected<eventtime::Error>{locked.error()};
  if (!*locked) {
    const pid_t process = holder(file);
    return eventtime::world_error(fmt::format(
        "the state directory '{}' is in use by {}", directory,
        process > 0 ? fmt::format("process {}", process) : std::string("another process")));
  }
  // For messages alone: a full disk is met, and told, where it matters.
  const std::string text = fmt::format("{}{}\n", kWords, ::getpid());
  const ssize_t written = ::pwrite(file, text.data(), text.size(), 0);
  if (::ftruncate(file, std::max<ssize_t>(written, 0)) != 0) return held;
  return held;
}

StateLock::~StateLock() {
  ::close(file_);
}

}  // namespace tocsin::connectors
