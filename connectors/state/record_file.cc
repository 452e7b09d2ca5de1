#include "connectors/state/record_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "connectors/file_numbers.h"
#include "connectors/state/digest.h"

namespace tocsin::connectors {

using eventtime::Result;
using eventtime::world_error;

namespace {

constexpr std::string_view kRecordFileMagic = "TOCSINRF";
constexpr uint32_t kRecordFileVersion = 1;
constexpr int kZstdLevel = 1;
constexpr size_t kRawBlockBytes = size_t{256} << 10;  // a block ends with the entry that fills it
constexpr size_t kMaxRawBytes = kRawBlockBytes + kMaxStateRecordBytes + 32;
constexpr size_t kPieceBytes = size_t{1} << 20;

void append_varint(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

// The entries of a block. Every step says whether the bytes allow it.
class EntryReader {
 public:
  explicit EntryReader(std::string_view bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }

  bool read(const RecordVisitor& visitor) {
    uint64_t head = 0;
    if (!varint(head)) return false;
    if ((head & 1) != 0) return head == 1 && read_deletion(visitor);
    uint64_t value_bytes = 0;
    std::string_view key;
    std::string_view value;
    if (!varint(value_bytes) || !take(head / 2, key) || !take(value_bytes, value)) return false;
    visitor.put(key, value);
    return true;
  }

 private:
  bool read_deletion(const RecordVisitor& visitor) {
    std::string_view hash;
    if (!take(2 * sizeof(uint64_t), hash)) return false;
    visitor.erase({number_at<uint64_t>(hash, 0), number_at<uint64_t>(hash, sizeof(uint64_t))});
    return true;
  }

  bool varint(uint64_t& number) {
    number = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      number |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool take(uint64_t size, std::string_view& out) {
    if (size > bytes_.size()) return false;
    out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }

  std::string_view bytes_;
};

class RecordFileReader {
 public:
  RecordFileReader(runtime::ReadableFile& file, const RecordVisitor& visitor)
      : file_(file), visitor_(visitor), zstd_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    TOCSIN_CHECK(zstd_ != nullptr, "memory for zstd");
  }

  Result<void> read() {
    if (Result<void> begun = read_beginning(); !begun) return begun;
    while (true) {
      constexpr size_t kHeadBytes = 16;
      if (Result<void> read = take(kHeadBytes); !read) return read;
      const auto raw_bytes = number_at<uint32_t>(bytes_, 0);
      const auto compressed_bytes = number_at<uint32_t>(bytes_, sizeof(uint32_t));
      const auto number = number_at<uint64_t>(bytes_, 2 * sizeof(uint32_t));
      if (raw_bytes == 0) return read_end(compressed_bytes, number);
      if (raw_bytes > kMaxRawBytes) return world_error("the size of a block is wrong");
      if (Result<void> read = take(compressed_bytes); !read) return read;
      if (hash_value(bytes_) != number) return world_error("the hash of a block is wrong");
      if (Result<void> read = read_block(raw_bytes); !read) return read;
    }
  }

 private:
  Result<void> read_beginning() {
    if (Result<void> read = take(kRecordFileMagic.size() + sizeof(kRecordFileVersion)); !read)
      return read;
    if (!std::string_view(bytes_).starts_with(kRecordFileMagic)) {
      return world_error("it is no file of records");
    }
    const auto version = number_at<uint32_t>(bytes_, kRecordFileMagic.size());
    if (version == kRecordFileVersion) return {};
    return world_error(
        fmt::format("its format has version {}, known is {}", version, kRecordFileVersion));
  }

  Result<void> read_end(uint32_t zero, uint64_t entries) {
    char more = 0;
    if (zero != 0) return world_error("the end mark is wrong");
    if (entries != entries_) {
      return world_error(fmt::format("it has {} entries of {}", entries_, entries));
    }
    const Result<size_t> count = file_.read(&more, 1);
    if (!count) return eventtime::Unexpected<eventtime::Error>{count.error()};
    return *count == 0 ? Result<void>() : world_error("it goes on behind its end");
  }

  Result<void> read_block(size_t raw_bytes) {
    // Of a damaged size no memory is asked.
    if (ZSTD_getFrameContentSize(bytes_.data(), bytes_.size()) != raw_bytes) {
      return world_error("the size of a block is wrong");
    }
    raw_.resize(raw_bytes);
    const size_t made =
        ZSTD_decompressDCtx(zstd_.get(), raw_.data(), raw_.size(), bytes_.data(), bytes_.size());
    if (made != raw_bytes) return world_error("a block cannot be decompressed");
    EntryReader entries(raw_);
    for (; !entries.done(); ++entries_) {
      if (!entries.read(visitor_)) return world_error("an entry is wrong");
    }
    return {};
  }

  // The next `size` bytes into bytes_, which grows as far as the file really goes.
  Result<void> take(size_t size) {
    bytes_.clear();
    while (bytes_.size() < size) {
      const size_t used = bytes_.size();
      const size_t piece = std::min(kPieceBytes, size - used);
      bytes_.resize(used + piece);
      const Result<size_t> count = file_.read(bytes_.data() + used, piece);
      if (!count) return eventtime::Unexpected<eventtime::Error>{count.error()};
      if (*count == 0) return world_error("it ends too early");
      bytes_.resize(used + *count);
    }
    return {};
  }

  runtime::ReadableFile& file_;
  const RecordVisitor& visitor_;
  std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> zstd_;
  std::string bytes_;
  std::string raw_;
  uint64_t entries_ = 0;
};

}  // namespace

RecordFileWriter::RecordFileWriter(std::unique_ptr<runtime::WritableFile> file)
    : file_(std::move(file)),
      zstd_(ZSTD_createCCtx(), &ZSTD_freeCCtx),
      hash_(XXH3_createState(), &XXH3_freeState) {
  TOCSIN_CHECK(zstd_ != nullptr && hash_ != nullptr, "memory for zstd and xxHash");
  ZSTD_CCtx_setParameter(zstd_.get(), ZSTD_c_compressionLevel, kZstdLevel);
  XXH3_128bits_reset(hash_.get());
  std::string beginning(kRecordFileMagic);
  append_number(beginning, kRecordFileVersion);
  write(beginning);
}

RecordFileWriter::~RecordFileWriter() = default;

void RecordFileWriter::put(std::string_view key, std::string_view value) {
  if (failed()) return;
  if (key.size() > kMaxStateRecordBytes || value.size() > kMaxStateRecordBytes - key.size()) {
    status_ = world_error(fmt::format("a record has {} bytes, allowed are {}",
                                      key.size() + value.size(), kMaxStateRecordBytes));
    return;
  }
  append_varint(raw_, 2 * key.size());
  append_varint(raw_, value.size());
  raw_ += key;
  raw_ += value;
  ++records_;
  end_entry();
}

void RecordFileWriter::erase(const KeyHash& key) {
  if (failed()) return;
  append_varint(raw_, 1);
  append_number(raw_, key.low);
  append_number(raw_, key.high);
  ++deletions_;
  end_entry();
}

Result<void> RecordFileWriter::finish() {
  if (!raw_.empty()) write_block();
  std::string end;
  append_number(end, uint64_t{0});
  append_number(end, records_ + deletions_);
  write(end);
  if (status_) status_ = file_->sync();
  file_->forget_cached();
  if (status_) status_ = file_->close();
  return status_;
}

std::string RecordFileWriter::digest() const {
  return to_hex(XXH3_128bits_digest(hash_.get()));
}

void RecordFileWriter::end_entry() {
  if (raw_.size() >= kRawBlockBytes) write_block();
}

void RecordFileWriter::write_block() {
  block_.resize(ZSTD_compressBound(raw_.size()));
  const size_t size =
      ZSTD_compress2(zstd_.get(), block_.data(), block_.size(), raw_.data(), raw_.size());
  TOCSIN_CHECK(ZSTD_isError(size) == 0, "zstd compresses what fits its bound");
  block_.resize(size);
  std::string head;
  append_number(head, static_cast<uint32_t>(raw_.size()));
  append_number(head, static_cast<uint32_t>(size));
  append_number(head, hash_value(block_));
  write(head);
  write(block_);
  raw_.clear();
}

void RecordFileWriter::write(std::string_view bytes) {
  if (failed()) return;
  XXH3_128bits_update(hash_.get(), bytes.data(), bytes.size());
  bytes_ += bytes.size();
  status_ = file_->write(bytes);
}

Result<void> read_records(runtime::ReadableFile& file, const RecordVisitor& visitor) {
  return RecordFileReader(file, visitor).read();
}

}  // namespace tocsin::connectors
