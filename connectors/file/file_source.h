// A file, or standard input, as a source of events: bytes, cut into records, decoded.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/decoder.h"
#include "connectors/file/byte_reader.h"
#include "connectors/file/byte_trail.h"
#include "runtime/source.h"

namespace tocsin::connectors {

enum class Format : uint8_t { kJson, kCsv };

// By the name, without ".gz" or ".zst": ".csv" is CSV, everything else JSON lines.
Format format_of(std::string_view path);

struct SourceSpec {
  std::string path;              // "-" is standard input
  std::optional<Format> format;  // by the name unless given
  DecodeOptions decoding;
  bool follow = false;  // the input may grow: see Source::read() of live ones
};

// Opens the input; errors are the world's. The catalog must outlive the source.
class FileSource;
eventtime::Result<std::unique_ptr<FileSource>> open_source(const SourceSpec& spec,
                                                           const eventtime::Catalog& catalog);

// A read returns as soon as there are records, so that alerts over a pipe do not wait for a batch
// to fill. Errors of read() besides the world's: a CSV header that does not fit the declarations.
class FileSource : public runtime::Source {
 public:
  FileSource(std::string name, std::unique_ptr<ByteReader> reader,
             std::unique_ptr<Decoder> decoder);

  const std::string& name() const override { return name_; }
  const eventtime::RecordFormat& format() const override { return decoder_->format(); }
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override;

  // The two halves of read(). The first leaves records in the batch's bytes, none where nothing
  // would have been appended; the second, of different batches, can be done by several threads at
  // the same time, each with a decoder of its own that is told the number of the first.
  struct Records {
    std::vector<RecordSpan> spans;
    uint64_t first = 0;  // its number
  };
  eventtime::Result<bool> cut(eventtime::Batch& batch, size_t max_records, Records& records);
  std::unique_ptr<Decoder> new_decoder() const { return decoder_->another(); }

  runtime::SourcePosition position() const override;
  // Plain files are not read up to there, but for header, head and tail; all else is.
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override;
  uint64_t bytes_read() const override { return reader_->bytes_read(); }
  std::optional<uint64_t> bytes_total() const override { return reader_->bytes_total(); }

 private:
  // False if nothing came, and something may come yet.
  eventtime::Result<bool> fill();
  // Until so many bytes are buffered, the input has ended or has nothing more now.
  eventtime::Result<void> fill_up(size_t size);
  // The next `used` bytes are done with.
  void take(size_t used);
  eventtime::Result<void> take_header(uint64_t position);
  eventtime::Result<void> go_to(uint64_t position);
  // Behind a line that was cut off stands a line end, or nothing. False if that is not known yet.
  eventtime::Result<bool> check_open_line();
  eventtime::Unexpected<eventtime::Error> another_input(std::string_view how) const;
  // The next `used` bytes become a batch's, with padding behind them.
  void hand_over(size_t used, std::vector<char>& raw);
  void make_room(size_t kept);
  void drop_byte_order_mark();

  std::string name_;
  std::unique_ptr<ByteReader> reader_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<char> buffer_;  // bytes from begin_ to end_ are not decoded yet
  size_t begin_ = 0;
  size_t end_ = 0;
  bool at_end_ = false;   // nothing follows what is buffered
  bool at_start_ = true;  // a byte order mark may stand at begin_
  bool resumed_ = false;  // and it is not known yet whether the line before goes on
  std::optional<eventtime::Error> fault_;  // of the reader, behind what is buffered
  ByteTrail trail_;                        // of what is done with
  uint64_t records_read_ = 0;
  Records records_;  // reused
};

}  // namespace tocsin::connectors
