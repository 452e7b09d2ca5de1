#include "connectors/file/line_writer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

bool is_regular(int file) {
  struct stat status{};
  return ::fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

// It is there, and no file: a pipe, a device.
bool is_special(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

Unexpected<Error> another_output(const std::string& path, std::string_view how) {
  return eventtime::world_error(fmt::format(
      "'{}' is not the output that the state goes with: {}; put it back, or run without the state",
      path, how));
}

std::string directory_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

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

Result<std::unique_ptr<LineWriter>> LineWriter::open_at(const std::string& path,
                                                        const OutputPosition& position) {
  if (path == "-" || position.bytes == 0 || is_special(path)) return open(path);
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return another_output(path, "it is missing");
  if (file < 0) return eventtime::world_error(cannot_write(path, errno));
  std::unique_ptr<LineWriter> writer(new LineWriter(file, path));
  const Result<void> there = writer->go_to(position);
  if (!there) return Unexpected<Error>{there.error()};
  return writer;
}

Result<void> LineWriter::go_to(const OutputPosition& position) {
  struct stat status{};
  if (::fstat(file_, &status) != 0) return failed(errno);
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size < position.bytes) {
    return another_output(
        path_, fmt::format("it has {} bytes where the state knows {}", size, position.bytes));
  }
  std::string tail(std::min<uint64_t>(position.bytes, ByteTrail::kKept), '\0');
  const auto end = static_cast<off_t>(position.bytes);
  for (size_t done = 0; done < tail.size();) {
    const off_t at = end - static_cast<off_t>(tail.size() - done);
    const ssize_t count = ::pread(file_, tail.data() + done, tail.size() - done, at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed(errno);
    if (count == 0) return another_output(path_, "it became shorter while it was opened");
    done += static_cast<size_t>(count);
  }
  if (hash_of_tail(tail) != position.tail_hash) {
    return another_output(path_, "the bytes before the place where the state stands differ");
  }
  if (::ftruncate(file_, end) != 0 || ::lseek(file_, end, SEEK_SET) < 0) return failed(errno);
  trail_.skip(position.bytes - tail.size());
  trail_.add(tail);
  return {};
}

LineWriter::~LineWriter() {
  if (file_ > STDERR_FILENO) ::close(file_);
}

Result<void> LineWriter::write(std::string_view line) {
  buffer_ += line;
  trail_.add(line);
  return write_lines("\n");
}

Result<void> LineWriter::write_lines(std::string_view lines) {
  TOCSIN_CHECK(file_ >= 0, "nothing is written after an error or close()");
  buffer_ += lines;
  trail_.add(lines);
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

Result<void> LineWriter::sync() {
  Result<void> flushed = flush();
  if (!flushed || file_ <= STDERR_FILENO || !is_regular(file_)) return flushed;
  if (::fdatasync(file_) != 0) return failed(errno);
  if (directory_synced_) return {};
  const int directory = ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return failed(errno);
  const bool synced = ::fsync(directory) == 0;
  const int error = errno;
  ::close(directory);
  if (!synced) return failed(error);
  directory_synced_ = true;
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
