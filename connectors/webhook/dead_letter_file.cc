#include "connectors/webhook/dead_letter_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "eventtime/value.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

DeadLetterFile::DeadLetterFile(std::string sink, std::string path)
    : sink_(std::move(sink)), path_(std::move(path)) {}

DeadLetterFile::~DeadLetterFile() {
  if (file_ >= 0) ::close(file_);
}

void DeadLetterFile::add(const DeadAlert& dead) {
  buffer_ += "{\"sink\":";
  eventtime::append_json_string(buffer_, sink_);
  buffer_ += ",\"reason\":";
  eventtime::append_json_string(buffer_, dead.reason);
  if (dead.status != 0) buffer_ += fmt::format(",\"status\":{}", dead.status);
  if (dead.attempts != 0) buffer_ += fmt::format(",\"attempts\":{}", dead.attempts);
  if (!dead.alert.empty()) buffer_ += fmt::format(",\"alert\":{}", dead.alert);
  buffer_ += "}\n";
}

Unexpected<Error> DeadLetterFile::failed(int error) const {
  return eventtime::world_error(
      fmt::format("cannot write dead letters to '{}': {}", path_, std::strerror(error)));
}

Result<void> DeadLetterFile::open() {
  if (file_ >= 0) return {};
  constexpr mode_t kMode = 0666;
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
  if (file_ < 0) return failed(errno);
  // A line that a crash has torn must not swallow the next one.
  const off_t size = ::lseek(file_, 0, SEEK_END);
  char last = '\n';
  if (size > 0 && ::pread(file_, &last, 1, size - 1) == 1 && last != '\n') {
    buffer_.insert(buffer_.begin(), '\n');
  }
  return {};
}

Result<void> DeadLetterFile::sync() {
  if (buffer_.empty()) return {};
  Result<void> opened = open();
  if (!opened) return opened;
  while (!buffer_.empty()) {
    const ssize_t count = ::write(file_, buffer_.data(), buffer_.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    buffer_.erase(0, static_cast<size_t>(count));
  }
  return ::fdatasync(file_) == 0 ? opened : failed(errno);
}

}  // namespace tocsin::connectors
