#include "connectors/file/line_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;

namespace {

std::string cannot_write(const std::string& path, int error) {
  const std::string shown = path == "-" ? "standard output" : fmt::format("'{}'", path);
  return fmt::format("cannot write {}: {}", shown, std::strerror(error));
}

}  // namespace

Result<std::unique_ptr<LineWriter>> LineWriter::open(const std::string& path) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
  constexpr mode_t kMode = 0666;
  const int file = path == "-" ? STDOUT_FILENO : ::open(path.c_str(), kFlags, kMode);
  if (file < 0) return eventtime::world_error(cannot_write(path, errno));
  return std::unique_ptr<LineWriter>(new LineWriter(file, path));
}

LineWriter::~LineWriter() {
  if (file_ > STDERR_FILENO) ::close(file_);
}

Result<void> LineWriter::write(std::string_view line) {
  buffer_ += line;
  return write_lines("\n");
}

Result<void> LineWriter::write_lines(std::string_view lines) {
  TOCSIN_CHECK(file_ >= 0, "nothing is written after an error or close()");
  buffer_ += lines;
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> LineWriter::flush() {
  size_t done = 0;
  while (done < buffer_.size()) {
    const ssize_t count = ::write(file_, buffer_.data() + done, buffer_.size() - done);
    if (count >= 0) {
      done += static_cast<size_t>(count);
    } else if (errno != EINTR) {
      return failed(errno);
    }
  }
  buffer_.clear();
  return {};
}

Result<void> LineWriter::close() {
  Result<void> flushed = flush();
  if (!flushed || file_ <= STDERR_FILENO) return flushed;
  const int file = file_;
  file_ = -1;
  return ::close(file) == 0 ? Result<void>() : failed(errno);
}

eventtime::Unexpected<eventtime::Error> LineWriter::failed(int error) {
  buffer_.clear();
  pipe_closed_ = error == EPIPE;
  return eventtime::world_error(cannot_write(path_, error));
}

}  // namespace tocsin::connectors
