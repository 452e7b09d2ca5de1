#include "connectors/file/file_source.h"

#include <algorithm>
#include <cstring>

#include "connectors/csv/csv_decoder.h"
#include "connectors/json/json_decoder.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr size_t kReadBytes = size_t{512} << 10;

}  // namespace

Format format_of(std::string_view path) {
  return has_suffix(without_compression_suffix(path), ".csv") ? Format::kCsv : Format::kJson;
}

Result<std::unique_ptr<runtime::Source>> open_source(const SourceSpec& spec,
                                                     const eventtime::Catalog& catalog) {
  Result<std::unique_ptr<ByteReader>> reader = open_bytes(spec.path);
  if (!reader) return Unexpected<Error>{reader.error()};
  std::unique_ptr<Decoder> decoder;
  if (spec.format.value_or(format_of(spec.path)) == Format::kCsv) {
    decoder = std::make_unique<CsvDecoder>(catalog, spec.decoding, spec.path);
  } else {
    decoder = std::make_unique<JsonDecoder>(catalog, spec.decoding);
  }
  std::unique_ptr<runtime::Source> source =
      std::make_unique<FileSource>(spec.path, *std::move(reader), std::move(decoder));
  return source;
}

FileSource::FileSource(std::string name, std::unique_ptr<ByteReader> reader,
                       std::unique_ptr<Decoder> decoder)
    : name_(std::move(name)), reader_(std::move(reader)), decoder_(std::move(decoder)) {}

Result<bool> FileSource::read(Batch& batch, size_t max_records) {
  TOCSIN_CHECK(max_records > 0, "a batch has room for a record");
  while (true) {
    if (at_start_) drop_byte_order_mark();
    if (!at_start_ && begin_ < end_) {
      const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
      records_.clear();
      const Result<size_t> used = decoder_->cut(bytes, at_end_, max_records, records_);
      if (!used) return Unexpected<Error>{used.error()};
      if (!records_.empty()) {
        hand_over(*used, batch.raw);
        decoder_->decode(records_, batch);
        return true;
      }
      begin_ += *used;
      if (*used > 0) continue;
      TOCSIN_CHECK(!at_end_, "at the end all bytes are done with");
    }
    if (at_end_) return false;
    const Result<void> filled = fill();
    if (!filled) return Unexpected<Error>{filled.error()};
  }
}

// A buffer that is used in most part goes to the batch as it is, and the little that is left moves
// to the batch's old one. Otherwise the batch would hold much more memory than it needs.
void FileSource::hand_over(size_t used, std::vector<char>& raw) {
  const size_t left = end_ - begin_ - used;
  if (begin_ == 0 && used > buffer_.size() - buffer_.size() / 4) {
    raw.swap(buffer_);
    make_room(left);
    std::memcpy(buffer_.data(), raw.data() + used, left);
    end_ = left;
    return;
  }
  // Zeros only what is new of it.
  if (raw.capacity() < used + kPaddingBytes) std::vector<char>().swap(raw);
  raw.reserve(used + kPaddingBytes);
  raw.resize(used + kPaddingBytes);
  std::memcpy(raw.data(), buffer_.data() + begin_, used);
  begin_ += used;
}

// For another read and the padding behind the last record, after so many bytes.
void FileSource::make_room(size_t kept) {
  const size_t least = kept + kReadBytes + kPaddingBytes;
  if (buffer_.size() < least) buffer_.resize(std::max(2 * kept, least));
}

Result<void> FileSource::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  make_room(end_);
  const Result<size_t> count = reader_->read(buffer_.data() + end_, kReadBytes);
  if (!count) return Unexpected<Error>{count.error()};
  end_ += *count;
  at_end_ = *count == 0;
  return {};
}

void FileSource::drop_byte_order_mark() {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  const std::string_view bytes(buffer_.data(), end_);
  if (bytes.size() < kMark.size() && !at_end_) return;
  if (bytes.substr(0, kMark.size()) == kMark) begin_ = kMark.size();
  at_start_ = false;
}

}  // namespace tocsin::connectors
