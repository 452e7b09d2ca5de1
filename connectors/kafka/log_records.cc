#include "connectors/kafka/log_records.h"

#include <algorithm>
#include <cstddef>

#include "connectors/csv/csv_decoder.h"
#include "connectors/csv/csv_record.h"
#include "connectors/json/json_decoder.h"
#include "eventtime/check.h"
#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::connectors {

using runtime::LogHeader;
using runtime::LogRecord;

namespace {

// The last of that name counts, as for those who read headers as a map.
const LogHeader* find_header(const LogRecord& record, std::string_view name) {
  const LogHeader* found = nullptr;
  for (const LogHeader& header : record.headers) {
    if (header.name == name) found = &header;
  }
  return found;
}

// All columns, in the order of the cells. As add_to_row() writes them.
eventtime::Result<CsvLayout> layout_of(const eventtime::Catalog& catalog,
                                       const DecodeOptions& decoding,
                                       const LogRecords::Fields& fields, bool has_event_header) {
  std::vector<std::string> columns;
  for (const auto& [name, origin] : fields) columns.push_back(name);
  columns.insert(columns.end(), decoding.columns.begin(), decoding.columns.end());
  std::optional<TypeRule> rule;
  if (!has_event_header) rule = type_rule(decoding, catalog);
  return lay_out(std::move(columns), catalog, rule, "the columns of the source");
}

std::string_view without_line_end(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

struct FieldText {
  std::string text;
  bool is_number = false;
};

// Nothing: the record does not have it.
std::optional<FieldText> origin_text(const FieldOrigin& origin, const LogRecord& record,
                                     const runtime::LogPartition& partition) {
  using From = FieldOrigin::From;
  const LogHeader* header = nullptr;
  switch (origin.from) {
    case From::kKey:
      if (!record.key) return std::nullopt;
      return FieldText{std::string(*record.key)};
    case From::kHeader:
      header = find_header(record, origin.header);
      if (header == nullptr) return std::nullopt;
      return FieldText{std::string(header->value)};
    case From::kTopic:
      return FieldText{partition.topic};
    case From::kTimestamp:
      return FieldText{eventtime::to_string(record.time)};
    case From::kPartition:
      return FieldText{std::to_string(partition.number), true};
    case From::kOffset:
      return FieldText{std::to_string(record.offset), true};
  }
  return std::nullopt;
}

}  // namespace

LogRecords::LogRecords(runtime::LogPartition partition, const eventtime::Catalog& catalog,
                       const DecodeOptions& decoding, Fields fields, const TopicKey* key,
                       std::optional<std::string> event_header)
    : partition_(std::move(partition)),
      fields_(std::move(fields)),
      topic_key_(key),
      catalog_(catalog),
      event_header_(std::move(event_header)) {
  if (!decoding.columns.empty()) {
    auto layout = layout_of(catalog, decoding, fields_, event_header_.has_value());
    TOCSIN_CHECK(layout, "the columns were checked before");
    csv_ = *std::move(layout);
  }
  decoder_ = make_decoder(decoding);
}

eventtime::Result<void> LogRecords::check_columns(const eventtime::Catalog& catalog,
                                                  const DecodeOptions& decoding,
                                                  const Fields& fields, bool has_event_header) {
  if (decoding.columns.empty()) return {};
  const auto layout = layout_of(catalog, decoding, fields, has_event_header);
  return layout ? eventtime::Result<void>()
                : eventtime::Unexpected<eventtime::Error>{layout.error()};
}

std::unique_ptr<Decoder> LogRecords::make_decoder(const DecodeOptions& decoding) const {
  if (csv_) return std::make_unique<CsvDecoder>(catalog_, decoding, *csv_);
  return std::make_unique<JsonDecoder>(catalog_, decoding);
}

void LogRecords::add(const LogRecord& record) {
  offsets_.push_back(record.offset);
  key_spans_.push_back({keys_.size(), record.key ? record.key->size() : 0, !record.key});
  if (record.key) keys_ += *record.key;
  if (event_header_ || csv_) kinds_.push_back(kind_of(record));
  const std::string_view value = record.value.value_or(std::string_view());
  RecordSpan span;
  span.begin = static_cast<uint32_t>(raw_.size());
  if (value.size() > kMaxRecordBytes) {
    span.too_long = true;
    append(value.substr(0, kKeptRecordBytes));
  } else if (record.value) {
    add_value(record, value);
  }
  span.size = static_cast<uint32_t>(raw_.size()) - span.begin;
  spans_.push_back(span);
  // A text that is open at the end of a value cannot go on in the next.
  raw_.push_back('\n');
}

LogRecords::Kind LogRecords::kind_of(const LogRecord& record) const {
  Kind kind;
  if (event_header_) {
    const LogHeader* header = find_header(record, *event_header_);
    if (header == nullptr) {
      kind.refusal = "no header '" + *event_header_ + "' names the event type";
    } else {
      kind.type = catalog_.find(std::string(header->value));
      if (!kind.type) kind.refusal = unknown_type_reason(header->value);
    }
  }
  if (!csv_ || !kind.refusal.empty()) return kind;
  // A row of nothing would be nulls.
  if (!record.value) {
    kind.refusal = "a record without a value";
  } else if (record.value->size() <= kMaxRecordBytes &&
             CsvEnd::find_end(without_line_end(*record.value)) != std::string_view::npos) {
    kind.refusal = "a line end outside of quotes, where a record is one row";
  }
  return kind;
}

// The fields stand in front, so that nothing in the value can make anything else of them.
void LogRecords::add_value(const LogRecord& record, std::string_view value) {
  if (csv_) return add_to_row(record, without_line_end(value));
  if (fields_.empty()) return append(value);
  add_to_object(record, value);
}

// The object keeps its own bytes. What is no object stays as it is, and is refused for that.
void LogRecords::add_to_object(const LogRecord& record, std::string_view value) {
  const size_t open = value.find_first_not_of(kBlanks);
  if (open == std::string_view::npos || value[open] != '{') return append(value);
  added_ = "{";
  for (const auto& [name, origin] : fields_) {
    const std::optional<FieldText> field = origin_text(origin, record, partition_);
    if (!field) continue;
    eventtime::append_json_string(added_, name);
    added_ += ':';
    if (field->is_number) {
      added_ += field->text;
    } else {
      eventtime::append_json_string(added_, field->text);
    }
    added_ += ',';
  }
  const std::string_view rest = value.substr(open + 1);
  const size_t first = rest.find_first_not_of(kBlanks);
  if (first != std::string_view::npos && rest[first] == '}' && added_.back() == ',') {
    added_.pop_back();
  }
  append(added_);
  append(rest);
}

// What the record does not have is an empty cell: null. An empty text has quotes.
void LogRecords::add_to_row(const LogRecord& record, std::string_view value) {
  added_.clear();
  for (const auto& [name, origin] : fields_) {
    const std::optional<FieldText> field = origin_text(origin, record, partition_);
    if (field) {
      added_ += '"';
      for (const char c : field->text) {
        added_ += c;
        if (c == '"') added_ += c;
      }
      added_ += '"';
    }
    added_ += ',';
  }
  append(added_);
  append(value);
}

std::optional<std::string_view> LogRecords::key(size_t place) const {
  const Key& key = key_spans_[place];
  if (key.is_null) return std::nullopt;
  return std::string_view(keys_).substr(key.begin, key.size);
}

eventtime::Result<void> LogRecords::decode(eventtime::Batch& batch) {
  raw_.resize(raw_.size() + kPaddingBytes);
  batch.raw.swap(raw_);
  if (!kinds_.empty()) {
    decode_by_kind(batch);
  } else {
    decoder_->resume(0, runtime::LineState::kEnded);
    decoder_->decode(spans_, batch);
  }
  eventtime::Result<void> done;
  for (eventtime::Row& row : batch.rows) {
    if (topic_key_ != nullptr && done) {
      done = topic_key_->check(batch, row, key(row.record), partition_, offsets_[row.record]);
    }
    row.record = static_cast<uint64_t>(offsets_[row.record]);
  }
  for (eventtime::Reject& reject : batch.rejects) {
    reject.record = static_cast<uint64_t>(offsets_[reject.record]);
  }
  raw_.clear();
  spans_.clear();
  offsets_.clear();
  keys_.clear();
  key_spans_.clear();
  kinds_.clear();
  return done;
}

Decoder& LogRecords::decoder_of(const Kind& kind) {
  if (!kind.type) return *decoder_;
  std::unique_ptr<Decoder>& decoder = by_type_[*kind.type];
  if (decoder == nullptr) {
    DecodeOptions decoding;
    decoding.type = kind.type;
    decoder = make_decoder(decoding);
  }
  return *decoder;
}

// Neighbours of one kind together.
void LogRecords::decode_by_kind(eventtime::Batch& batch) {
  for (size_t begin = 0, end = 0; begin < spans_.size(); begin = end) {
    const Kind& kind = kinds_[begin];
    end = begin + 1;
    if (!kind.refusal.empty()) {
      const RecordSpan& span = spans_[begin];
      batch.rejects.push_back(
          {begin, kind.refusal, std::string(batch.raw.data() + span.begin, span.size)});
      continue;
    }
    while (end < spans_.size() && kinds_[end] == kind) ++end;
    const auto first = spans_.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<RecordSpan> run(first, first + static_cast<std::ptrdiff_t>(end - begin));
    Decoder& decoder = decoder_of(kind);
    decoder.resume(begin, runtime::LineState::kEnded);
    decoder.decode(run, batch);
  }
}

}  // namespace tocsin::connectors
