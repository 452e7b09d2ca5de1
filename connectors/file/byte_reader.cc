#include "connectors/file/byte_reader.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using eventtime::world_error;

namespace {

constexpr size_t kChunkBytes = size_t{256} << 10;

constexpr std::string_view kGzipMagic = "\x1F\x8B";
constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";

class PlainReader : public ByteReader {
 public:
  PlainReader(int file, bool owned, std::string path)
      : file_(file), owned_(owned), path_(std::move(path)) {
    struct stat status{};
    if (::fstat(file_, &status) == 0 && S_ISREG(status.st_mode)) {
      total_ = static_cast<uint64_t>(status.st_size);
    }
  }
  ~PlainReader() override {
    if (owned_) ::close(file_);
  }

  Result<size_t> read(char* out, size_t size) override {
    while (true) {
      const ssize_t count = ::read(file_, out, size);
      if (count >= 0) {
        bytes_read_ += static_cast<uint64_t>(count);
        return static_cast<size_t>(count);
      }
      if (errno != EINTR) return cannot_read();
    }
  }

  // Of what is no regular file all bytes are read.
  Result<bool> skip(uint64_t count) override {
    struct stat status{};
    if (::fstat(file_, &status) != 0 || !S_ISREG(status.st_mode)) return ByteReader::skip(count);
    const off_t here = ::lseek(file_, 0, SEEK_CUR);
    if (here < 0) return cannot_read();
    if (static_cast<uint64_t>(status.st_size) < static_cast<uint64_t>(here) + count) return false;
    if (::lseek(file_, static_cast<off_t>(count), SEEK_CUR) < 0) return cannot_read();
    bytes_read_ += count;
    return true;
  }

  uint64_t bytes_read() const override { return bytes_read_; }
  std::optional<uint64_t> bytes_total() const override { return total_; }
  const std::string& path() const { return path_; }

 private:
  Unexpected<Error> cannot_read() const {
    return world_error(fmt::format("cannot read {}: {}", shown_input(path_), std::strerror(errno)));
  }

  int file_;
  bool owned_;
  std::string path_;
  uint64_t bytes_read_ = 0;
  std::optional<uint64_t> total_;
};

// What was read of a file and is not used yet; knows the first bytes before anybody takes them.
class InputBuffer {
 public:
  explicit InputBuffer(std::unique_ptr<PlainReader> reader)
      : reader_(std::move(reader)), bytes_(kChunkBytes) {}

  const char* data() const { return bytes_.data() + begin_; }
  size_t size() const { return end_ - begin_; }
  void consume(size_t count) { begin_ += count; }
  const PlainReader& reader() const { return *reader_; }

  // Reads once more; false at the end of the file.
  Result<bool> fill() {
    std::memmove(bytes_.data(), data(), size());
    end_ = size();
    begin_ = 0;
    const Result<size_t> count = reader_->read(bytes_.data() + end_, bytes_.size() - end_);
    if (!count) return Unexpected<Error>{count.error()};
    end_ += *count;
    return *count > 0;
  }

  Result<size_t> pass(char* out, size_t size) {
    if (this->size() == 0) return reader_->read(out, size);
    const size_t count = std::min(size, this->size());
    std::memcpy(out, data(), count);
    consume(count);
    return count;
  }

  Result<bool> skip(uint64_t count) {
    const uint64_t buffered = std::min<uint64_t>(count, size());
    consume(buffered);
    return reader_->skip(count - buffered);
  }

 private:
  std::unique_ptr<PlainReader> reader_;
  std::vector<char> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

// Common to all readers: they own the input and tell how far it has been read.
class BufferedReader : public ByteReader {
 public:
  explicit BufferedReader(InputBuffer input) : input_(std::move(input)) {}
  uint64_t bytes_read() const override { return input_.reader().bytes_read(); }
  std::optional<uint64_t> bytes_total() const override { return input_.reader().bytes_total(); }

 protected:
  InputBuffer input_;
};

class UncompressedReader : public BufferedReader {
 public:
  using BufferedReader::BufferedReader;
  Result<size_t> read(char* out, size_t size) override { return input_.pass(out, size); }
  Result<bool> skip(uint64_t count) override { return input_.skip(count); }
};

// Drives a decompressor: one member or frame after the other, until the file ends between two.
class DecompressingReader : public BufferedReader {
 public:
  using BufferedReader::BufferedReader;

  Result<size_t> read(char* out, size_t size) override {
    while (true) {
      const std::optional<size_t> produced = inflate(out, size);
      if (!produced) return damaged();
      if (*produced > 0) return *produced;
      if (input_.size() > 0 && !starved_) continue;
      const Result<bool> more = input_.fill();
      if (!more) return Unexpected<Error>{more.error()};
      if (*more) continue;
      if (between_) return size_t{0};
      fault_ = "it ends too early";
      return damaged();
    }
  }

 protected:
  // Takes from input_, writes to `out`; how many bytes it wrote, nothing if the data are damaged
  // (fault_ says how) and everything before the damage has been written. Sets between_ when it
  // stands between two members, starved_ when it needs more input than there is.
  virtual std::optional<size_t> inflate(char* out, size_t size) = 0;

  bool between_ = false;
  bool starved_ = false;
  std::string fault_;

 private:
  Unexpected<Error> damaged() const {
    return world_error(
        fmt::format("{} is damaged: {}", shown_input(input_.reader().path()), fault_));
  }
};

class GzipReader : public DecompressingReader {
 public:
  explicit GzipReader(InputBuffer input) : DecompressingReader(std::move(input)) {
    constexpr int kGzipOnly = 16;
    TOCSIN_CHECK(inflateInit2(&stream_, MAX_WBITS + kGzipOnly) == Z_OK, "memory for zlib");
  }
  ~GzipReader() override { inflateEnd(&stream_); }

 protected:
  std::optional<size_t> inflate(char* out, size_t size) override {
    if (between_) {
      if (input_.size() == 0) return 0;
      inflateReset(&stream_);
      between_ = false;
    }
    const size_t room = std::min<size_t>(size, std::numeric_limits<uInt>::max());
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int status = ::inflate(&stream_, Z_NO_FLUSH);
    const size_t produced = room - stream_.avail_out;
    input_.consume(input_.size() - stream_.avail_in);
    between_ = status == Z_STREAM_END;
    starved_ = produced == 0 && input_.size() == 0;
    if (status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR) return produced;
    if (produced > 0) return produced;  // the error comes again with the next call
    fault_ = stream_.msg != nullptr ? stream_.msg : "no gzip data";
    return std::nullopt;
  }

 private:
  z_stream stream_{};
};

class ZstdReader : public DecompressingReader {
 public:
  explicit ZstdReader(InputBuffer input)
      : DecompressingReader(std::move(input)), stream_(ZSTD_createDStream()) {
    TOCSIN_CHECK(stream_ != nullptr, "memory for zstd");
  }
  ~ZstdReader() override { ZSTD_freeDStream(stream_); }

 protected:
  std::optional<size_t> inflate(char* out, size_t size) override {
    ZSTD_inBuffer source{input_.data(), input_.size(), 0};
    ZSTD_outBuffer target{out, size, 0};
    if (source.size == 0 && between_) return 0;
    const size_t status = ZSTD_decompressStream(stream_, &target, &source);
    input_.consume(source.pos);
    if (ZSTD_isError(status) != 0) {
      if (target.pos > 0) return target.pos;
      fault_ = ZSTD_getErrorName(status);
      return std::nullopt;
    }
    between_ = status == 0;
    starved_ = target.pos == 0 && input_.size() == 0;
    return target.pos;
  }

 private:
  ZSTD_DStream* stream_;
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string shown_input(const std::string& path) {
  return path == "-" ? "standard input" : fmt::format("'{}'", path);
}

bool is_compressed(std::string_view bytes) {
  return bytes.starts_with(kGzipMagic) || bytes.starts_with(kZstdMagic);
}

Result<bool> ByteReader::skip(uint64_t count) {
  std::vector<char> thrown_away(std::min<uint64_t>(count, kChunkBytes));
  while (count > 0) {
    const size_t wanted = std::min<uint64_t>(count, thrown_away.size());
    const Result<size_t> got = read(thrown_away.data(), wanted);
    if (!got) return Unexpected<Error>{got.error()};
    if (*got == 0) return false;
    count -= *got;
  }
  return true;
}

bool has_suffix(std::string_view path, std::string_view suffix) {
  if (path.size() < suffix.size()) return false;
  path.remove_prefix(path.size() - suffix.size());
  return std::equal(path.begin(), path.end(), suffix.begin(),
                    [](char left, char right) { return lower(left) == lower(right); });
}

std::string_view without_compression_suffix(std::string_view path) {
  for (const std::string_view suffix : {".gz", ".zst"}) {
    if (has_suffix(path, suffix)) return path.substr(0, path.size() - suffix.size());
  }
  return path;
}

Result<std::unique_ptr<ByteReader>> open_bytes(const std::string& path) {
  const bool is_standard_input = path == "-";
  const int file = is_standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return world_error(fmt::format("cannot read {}: {}", shown_input(path), std::strerror(errno)));
  InputBuffer input(std::make_unique<PlainReader>(file, !is_standard_input, path));
  // A pipe may deliver the first bytes one by one.
  while (input.size() < kZstdMagic.size()) {
    const Result<bool> more = input.fill();
    if (!more) return Unexpected<Error>{more.error()};
    if (!*more) break;
  }
  const std::string_view first(input.data(), input.size());
  const bool is_gzip = first.starts_with(kGzipMagic);
  const bool is_zstd = first.starts_with(kZstdMagic);
  if (has_suffix(path, ".gz") && !is_gzip) {
    return world_error(fmt::format("{} is damaged: it is no gzip file", shown_input(path)));
  }
  if (has_suffix(path, ".zst") && !is_zstd) {
    return world_error(fmt::format("{} is damaged: it is no zstd file", shown_input(path)));
  }
  std::unique_ptr<ByteReader> reader;
  if (is_gzip) {
    reader = std::make_unique<GzipReader>(std::move(input));
  } else if (is_zstd) {
    reader = std::make_unique<ZstdReader>(std::move(input));
  } else {
    reader = std::make_unique<UncompressedReader>(std::move(input));
  }
  return reader;
}

}  // namespace tocsin::connectors
