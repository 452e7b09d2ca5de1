#include "connectors/file/live_reader.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using eventtime::world_error;

namespace {

std::string cannot_follow(const std::string& path) {
  return fmt::format("{} is compressed and cannot be followed; unpack it, or run without --follow",
                     shown_input(path));
}

class LiveReader : public ByteReader {
 public:
  LiveReader(int file, std::string path) : file_(file), path_(std::move(path)) {
    struct stat opened{};
    is_file_ = path_ != "-" && ::fstat(file_, &opened) == 0 && S_ISREG(opened.st_mode);
  }
  ~LiveReader() override {
    if (path_ != "-") ::close(file_);
  }

  Result<size_t> read(char* out, size_t size) override {
    if (ended_ || (live_ && !is_file_ && !has_bytes())) return size_t{0};
    ssize_t count = ::read(file_, out, size);
    while (count < 0 && errno == EINTR && !live_) count = ::read(file_, out, size);
    if (count < 0 && live_ && (errno == EINTR || errno == EAGAIN)) return size_t{0};
    if (count < 0) return failed(std::strerror(errno));
    bytes_read_ += static_cast<uint64_t>(count);
    if (count == 0) return live_ && is_file_ ? still_there() : at_end();
    const size_t wanted = kMagicBytes - std::min(kMagicBytes, first_.size());
    first_.append(out, std::min(wanted, static_cast<size_t>(count)));
    if (is_compressed(first_)) return eventtime::input_error(cannot_follow(path_));
    return static_cast<size_t>(count);
  }

  Result<bool> skip(uint64_t count) override {
    if (!is_file_) return ByteReader::skip(count);
    struct stat now{};
    if (::fstat(file_, &now) != 0) return failed(std::strerror(errno));
    const auto size = static_cast<uint64_t>(now.st_size);
    if (size < bytes_read_ || size - bytes_read_ < count) return false;
    if (::lseek(file_, static_cast<off_t>(count), SEEK_CUR) < 0) {
      return failed(std::strerror(errno));
    }
    bytes_read_ += count;
    return true;
  }

  void begin_live() override { live_ = true; }
  bool may_grow() const override { return live_ && !ended_; }
  uint64_t bytes_read() const override { return bytes_read_; }
  std::optional<uint64_t> bytes_total() const override { return std::nullopt; }

 private:
  static constexpr size_t kMagicBytes = 4;

  bool has_bytes() const {
    pollfd waiting{file_, POLLIN, 0};
    return ::poll(&waiting, 1, 0) > 0;
  }

  Result<size_t> at_end() {
    ended_ = live_;
    return size_t{0};
  }

  Result<size_t> still_there() const {
    struct stat here{};
    struct stat named{};
    if (::fstat(file_, &here) != 0) return failed(std::strerror(errno));
    if (static_cast<uint64_t>(here.st_size) < bytes_read_) {
      return failed("it became shorter than what was read of it");
    }
    if (::stat(path_.c_str(), &named) != 0) {
      return failed(errno == ENOENT ? "it is gone" : std::strerror(errno));
    }
    if (named.st_dev != here.st_dev || named.st_ino != here.st_ino) {
      return failed("another file has taken its place");
    }
    return size_t{0};
  }

  Unexpected<Error> failed(std::string_view why) const {
    return world_error(fmt::format("cannot follow {}: {}", shown_input(path_), why));
  }

  int file_;
  std::string path_;
  bool is_file_ = false;
  bool live_ = false;
  bool ended_ = false;
  uint64_t bytes_read_ = 0;
  std::string first_;
};

}  // namespace

Result<std::unique_ptr<ByteReader>> open_live_bytes(const std::string& path) {
  if (has_suffix(path, ".gz") || has_suffix(path, ".zst")) {
    return eventtime::usage_error(cannot_follow(path));
  }
  const int file = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return world_error(fmt::format("cannot read {}: {}", shown_input(path), std::strerror(errno)));
  }
  std::unique_ptr<ByteReader> reader = std::make_unique<LiveReader>(file, path);
  return reader;
}

}  // namespace tocsin::connectors
