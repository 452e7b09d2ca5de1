#include "connectors/file/file_source.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "connectors/csv/csv_decoder.h"
#include "connectors/file/live_reader.h"
#include "connectors/json/json_decoder.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LineState;
using runtime::SourcePosition;

namespace {

constexpr size_t kReadBytes = size_t{512} << 10;
constexpr std::string_view kMark = "\xEF\xBB\xBF";  // a byte order mark

constexpr std::string_view kShorter = "it ends before the place where the state stands";

}  // namespace

Format format_of(std::string_view path) {
  return has_suffix(without_compression_suffix(path), ".csv") ? Format::kCsv : Format::kJson;
}

Result<std::unique_ptr<FileSource>> open_source(const SourceSpec& spec,
                                                const eventtime::Catalog& catalog) {
  Result<std::unique_ptr<ByteReader>> reader =
      spec.follow ? open_live_bytes(spec.path) : open_bytes(spec.path);
  if (!reader) return Unexpected<Error>{reader.error()};
  std::unique_ptr<Decoder> decoder;
  if (spec.format.value_or(format_of(spec.path)) == Format::kCsv) {
    decoder = std::make_unique<CsvDecoder>(catalog, spec.decoding, spec.path);
  } else {
    decoder = std::make_unique<JsonDecoder>(catalog, spec.decoding);
  }
  return std::make_unique<FileSource>(spec.path, *std::move(reader), std::move(decoder));
}

FileSource::FileSource(std::string name, std::unique_ptr<ByteReader> reader,
                       std::unique_ptr<Decoder> decoder)
    : name_(std::move(name)), reader_(std::move(reader)), decoder_(std::move(decoder)) {}

Result<bool> FileSource::read(Batch& batch, size_t max_records) {
  records_.spans.clear();
  const Result<bool> more = cut(batch, max_records, records_);
  if (!records_.spans.empty()) decoder_->decode(records_.spans, batch);
  return more;
}

Result<bool> FileSource::cut(Batch& batch, size_t max_records, Records& records) {
  TOCSIN_CHECK(max_records > 0, "a batch has room for a record");
  reader_->begin_live();
  if (resumed_) {
    const Result<bool> checked = check_open_line();
    if (!checked || !*checked) return checked ? Result<bool>(true) : checked;
  }
  while (true) {
    if (at_start_) drop_byte_order_mark();
    if (!at_start_ && begin_ < end_) {
      const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
      records.first = records_read_;
      const Result<size_t> used = decoder_->cut(bytes, at_end_, max_records, records.spans);
      if (!used) return Unexpected<Error>{used.error()};
      if (!records.spans.empty()) {
        trail_.add(bytes.substr(0, *used));
        records_read_ += records.spans.size();
        hand_over(*used, batch.raw);
        return true;
      }
      take(*used);
      if (*used > 0) continue;
      TOCSIN_CHECK(!at_end_, "at the end all bytes are done with");
    }
    if (at_end_) return false;
    const Result<bool> filled = fill();
    if (!filled) return filled;
    if (!*filled) return true;
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

// Up to the next multiple of kReadBytes of the input: so batches end at the same records wherever
// reading began, and several inputs take turns as they would have. Of a pipe, what there is.
Result<bool> FileSource::fill() {
  if (fault_) return Unexpected<Error>{*fault_};
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  make_room(end_);
  const size_t before = end_;
  const size_t full = end_ + kReadBytes - (trail_.bytes() + end_) % kReadBytes;
  while (end_ < full) {
    const Result<size_t> count = reader_->read(buffer_.data() + end_, full - end_);
    if (!count && end_ == before) return Unexpected<Error>{count.error()};
    if (!count) {
      fault_ = count.error();
      return true;
    }
    end_ += *count;
    at_end_ = *count == 0 && !reader_->may_grow();
    if (*count == 0 || !reader_->bytes_total()) break;
  }
  return end_ > before || at_end_;
}

void FileSource::drop_byte_order_mark() {
  const std::string_view bytes(buffer_.data(), end_);
  if (bytes.size() < kMark.size() && !at_end_) return;
  if (bytes.substr(0, kMark.size()) == kMark) take(kMark.size());
  at_start_ = false;
}

Result<void> FileSource::fill_up(size_t size) {
  while (end_ - begin_ < size && !at_end_) {
    const Result<bool> filled = fill();
    if (!filled) return Unexpected<Error>{filled.error()};
    if (!*filled) break;
  }
  return {};
}

void FileSource::take(size_t used) {
  trail_.add({buffer_.data() + begin_, used});
  begin_ += used;
}

SourcePosition FileSource::position() const {
  return {records_read_, trail_.bytes(), trail_.head_hash(), trail_.tail_hash(), decoder_->line()};
}

Result<void> FileSource::resume(const SourcePosition& position) {
  TOCSIN_CHECK(trail_.bytes() == 0 && records_read_ == 0, "a source goes on before its first read");
  if (position.bytes == 0) return {};
  // The head first: what is wrong with the header of another input does not matter.
  const size_t head = std::min<uint64_t>(position.bytes, ByteTrail::kKept);
  const Result<void> filled = fill_up(head);
  if (!filled) return filled;
  if (end_ < head) return another_input(kShorter);
  if (hash_of_tail({buffer_.data(), head}) != position.head_hash) {
    return another_input("its first bytes differ");
  }
  Result<void> done = take_header(position.bytes);
  if (done) done = go_to(position.bytes);
  if (!done) return done;
  if (trail_.tail_hash() != position.tail_hash)
    return another_input("the bytes before the place where the state stands differ");
  decoder_->resume(position.records, position.line);
  records_read_ = position.records;
  resumed_ = true;
  return {};
}

// As read() does, but nothing of what stands behind `position` is looked at.
Result<void> FileSource::take_header(uint64_t position) {
  if (position >= kMark.size()) drop_byte_order_mark();
  at_start_ = false;
  while (decoder_->needs_header() && trail_.bytes() < position) {
    const uint64_t left = position - trail_.bytes();
    const size_t size = std::min<uint64_t>(left, end_ - begin_);
    std::vector<RecordSpan> none;
    const Result<size_t> used =
        decoder_->cut({buffer_.data() + begin_, size}, size == left, 1, none);
    if (!used) return Unexpected<Error>{used.error()};
    take(*used);
    if (*used > 0) continue;
    if (at_end_) return another_input(kShorter);
    const Result<bool> filled = fill();
    if (!filled) return Unexpected<Error>{filled.error()};
  }
  return {};
}

Result<void> FileSource::go_to(uint64_t position) {
  const uint64_t tail_begin = position - std::min<uint64_t>(position, ByteTrail::kKept);
  if (trail_.bytes() < tail_begin) {
    // The trail wants the whole head, which is buffered.
    const uint64_t head = ByteTrail::kKept - std::min<uint64_t>(trail_.bytes(), ByteTrail::kKept);
    take(std::min(tail_begin - trail_.bytes(), head));
    const uint64_t ahead = tail_begin - trail_.bytes();
    const uint64_t buffered = std::min<uint64_t>(ahead, end_ - begin_);
    begin_ += buffered;
    const Result<bool> there = reader_->skip(ahead - buffered);
    if (!there) return Unexpected<Error>{there.error()};
    if (!*there) return another_input(kShorter);
    trail_.skip(ahead);
  }
  const size_t tail = position - trail_.bytes();
  const Result<void> filled = fill_up(tail);
  if (!filled) return filled;
  if (end_ - begin_ < tail) return another_input(kShorter);
  take(tail);
  return {};
}

Result<bool> FileSource::check_open_line() {
  const LineState line = decoder_->line();
  if (line == LineState::kOpen || line == LineState::kQuoted) {
    const Result<void> filled = fill_up(2);
    if (!filled) return Unexpected<Error>{filled.error()};
    const std::string_view next(buffer_.data() + begin_, std::min<size_t>(end_ - begin_, 2));
    if (!at_end_ && (next.empty() || next == "\r")) return false;
    const bool ends = next.empty() || next.front() == '\n' || next == "\r" || next == "\r\n";
    if (!ends || (line == LineState::kQuoted && !next.empty())) {
      return another_input("its last line had no line end and has gone on since");
    }
  }
  resumed_ = false;
  return true;
}

Unexpected<Error> FileSource::another_input(std::string_view how) const {
  return eventtime::input_error(fmt::format(
      "{} is not the input that the state was made from: {}; run with that input, or without the "
      "state",
      shown_input(name_), how));
}

}  // namespace tocsin::connectors
