// What a FileSource needs of a format: where records end, and what they hold.
//
// Both halves work on many records at a time, so that the virtual calls cost nothing per record.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "runtime/source.h"

namespace tocsin::connectors {

// How the event type of a record is told. Without either: the only event that is declared, or else
// the field "type".
struct DecodeOptions {
  std::optional<eventtime::TypeId> type;  // all records are of this type
  std::optional<std::string> type_field;  // the field or column whose text names the type
  // JSON alone: each record is a CloudEvent (1.0, structured mode), its `data` the event. The field
  // that names the type is one of the CloudEvent itself.
  bool cloud_events = false;
  // Of logs alone (LogRecords): each value is a row of CSV with these columns. Without: JSON.
  std::vector<std::string> columns = {};
};

// The same with the defaults filled in.
struct TypeRule {
  std::optional<eventtime::TypeId> fixed;
  std::string field;  // where not fixed
};
TypeRule type_rule(const DecodeOptions& options, const eventtime::Catalog& catalog);
// The options that say so.
DecodeOptions options_of(const TypeRule& rule);

// Reasons that all formats share.
std::string unknown_type_reason(std::string_view type);
std::string no_type_reason(std::string_view field);

inline constexpr std::string_view kBlanks = " \t\r\n";  // of JSON

inline constexpr size_t kMaxRecordBytes = size_t{16} << 20;
// Of a record that is longer, so much is kept for the dead letter.
inline constexpr size_t kKeptRecordBytes = size_t{64} << 10;
std::string too_long_reason(size_t limit);

// Decoders may read so many bytes behind the last record.
inline constexpr size_t kPaddingBytes = 64;

// Where a record stands, without its line end.
struct RecordSpan {
  uint32_t begin = 0;
  uint32_t size = 0;
  bool too_long = false;  // then `size` is what is kept of it
};

class Decoder {
 public:
  Decoder() = default;
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  virtual ~Decoder() = default;

  // Finds complete records at the beginning of `bytes`, at most `max_records`, and appends them to
  // `records` (empty before). Returns how many bytes are done with; what is left begins the next
  // call's `bytes`. Nothing done with: there must be more bytes first (never if `at_end`: then the
  // input ends with `bytes`). Errors are those of a header.
  virtual eventtime::Result<size_t> cut(std::string_view bytes, bool at_end, size_t max_records,
                                        std::vector<RecordSpan>& records) = 0;

  // Decodes records, as cut, that stand in batch.raw, followed by kPaddingBytes bytes. What stands
  // before the first of them is not looked at: several decoders can take turns over one batch.
  virtual void decode(const std::vector<RecordSpan>& records, eventtime::Batch& batch) = 0;

  // The next bytes to cut are those of a header, not of a record.
  virtual bool needs_header() const { return false; }
  // What the last bytes are that cut() was done with.
  virtual runtime::LineState line() const = 0;
  // Behind the header, if there is one: the next record has this number, and the line before it is
  // as told.
  virtual void resume(uint64_t next_record, runtime::LineState line) = 0;

  // Another one to decode what this one cuts, behind the header. Knows nothing of numbers.
  virtual std::unique_ptr<Decoder> another() const = 0;

  virtual const eventtime::RecordFormat& format() const = 0;
};

}  // namespace tocsin::connectors
