#include "connectors/kafka/log_records.h"

#include <algorithm>
#include <cstddef>

#include "connectors/json/json_decoder.h"
#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::connectors {

using runtime::LogHeader;
using runtime::LogRecord;

namespace {

constexpr std::string_view kHeaderPrefix = "header:";
constexpr std::string_view kBlanks = " \t\r\n";

// The last of that name counts, as for those who read headers as a map.
const LogHeader* find_header(const LogRecord& record, std::string_view name) {
  const LogHeader* found = nullptr;
  for (const LogHeader& header : record.headers) {
    if (header.name == name) found = &header;
  }
  return found;
}

}  // namespace

std::optional<FieldOrigin> parse_field_origin(std::string_view text) {
  using From = FieldOrigin::From;
  constexpr std::pair<std::string_view, From> kNames[] = {{"key", From::kKey},
                                                          {"topic", From::kTopic},
                                                          {"partition", From::kPartition},
                                                          {"offset", From::kOffset},
                                                          {"timestamp", From::kTimestamp}};
  for (const auto& [name, from] : kNames) {
    if (name == text) return FieldOrigin{from, {}};
  }
  if (!text.starts_with(kHeaderPrefix) || text.size() == kHeaderPrefix.size()) return std::nullopt;
  return FieldOrigin{From::kHeader, std::string(text.substr(kHeaderPrefix.size()))};
}

LogRecords::LogRecords(runtime::LogPartition partition, const eventtime::Catalog& catalog,
                       const DecodeOptions& decoding, Fields fields, const TopicKey* key,
                       std::optional<std::string> event_header)
    : partition_(std::move(partition)),
      decoder_(std::make_unique<JsonDecoder>(catalog, decoding)),
      fields_(std::move(fields)),
      topic_key_(key),
      catalog_(catalog),
      event_header_(std::move(event_header)) {}

void LogRecords::add(const LogRecord& record) {
  offsets_.push_back(record.offset);
  key_spans_.push_back({keys_.size(), record.key ? record.key->size() : 0, !record.key});
  if (record.key) keys_ += *record.key;
  if (event_header_) {
    const LogHeader* header = find_header(record, *event_header_);
    HeaderType& named = header_types_.emplace_back();
    if (header == nullptr) {
      named.reason = "no header '" + *event_header_ + "' names the event type";
    } else {
      named.type = catalog_.find(std::string(header->value));
      if (!named.type) named.reason = unknown_type_reason(header->value);
    }
  }
  const std::string_view value = record.value.value_or(std::string_view());
  RecordSpan span;
  span.begin = static_cast<uint32_t>(raw_.size());
  if (value.size() > kMaxRecordBytes) {
    span.too_long = true;
    append(value.substr(0, kKeptRecordBytes));
  } else if (fields_.empty() || !record.value) {
    append(value);
  } else {
    add_fields(record, value);
  }
  span.size = static_cast<uint32_t>(raw_.size()) - span.begin;
  spans_.push_back(span);
  // A text that is open at the end of a value cannot go on in the next.
  raw_.push_back('\n');
}

// The fields stand in front of those of the object, which keeps its own bytes. What is no object
// stays as it is, and is refused for that.
void LogRecords::add_fields(const LogRecord& record, std::string_view value) {
  using From = FieldOrigin::From;
  const size_t open = value.find_first_not_of(kBlanks);
  if (open == std::string_view::npos || value[open] != '{') return append(value);
  added_ = "{";
  for (const auto& [name, origin] : fields_) {
    std::string text;
    bool is_number = false;
    if (origin.from == From::kKey || origin.from == From::kHeader) {
      const LogHeader* header =
          origin.from == From::kHeader ? find_header(record, origin.header) : nullptr;
      if (header != nullptr) text = header->value;
      if (origin.from == From::kKey && record.key) text = *record.key;
      if (header == nullptr && (origin.from == From::kHeader || !record.key)) continue;
    } else if (origin.from == From::kTopic) {
      text = partition_.topic;
    } else if (origin.from == From::kTimestamp) {
      text = eventtime::to_string(record.time);
    } else {
      is_number = true;
      text = std::to_string(origin.from == From::kOffset ? record.offset : partition_.number);
    }
    eventtime::append_json_string(added_, name);
    added_ += ':';
    if (is_number) {
      added_ += text;
    } else {
      eventtime::append_json_string(added_, text);
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

std::optional<std::string_view> LogRecords::key(size_t place) const {
  const Key& key = key_spans_[place];
  if (key.is_null) return std::nullopt;
  return std::string_view(keys_).substr(key.begin, key.size);
}

eventtime::Result<void> LogRecords::decode(eventtime::Batch& batch) {
  raw_.resize(raw_.size() + kPaddingBytes);
  batch.raw.swap(raw_);
  if (event_header_) {
    decode_by_header(batch);
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
  header_types_.clear();
  return done;
}

Decoder& LogRecords::decoder_of(eventtime::TypeId type) {
  std::unique_ptr<Decoder>& decoder = by_type_[type];
  if (decoder == nullptr) {
    DecodeOptions options;
    options.type = type;
    decoder = std::make_unique<JsonDecoder>(catalog_, options);
  }
  return *decoder;
}

// Neighbours of one type together.
void LogRecords::decode_by_header(eventtime::Batch& batch) {
  for (size_t begin = 0, end = 0; begin < spans_.size(); begin = end) {
    const HeaderType& named = header_types_[begin];
    end = begin + 1;
    if (!named.type) {
      const RecordSpan& span = spans_[begin];
      batch.rejects.push_back(
          {begin, named.reason, std::string(batch.raw.data() + span.begin, span.size)});
      continue;
    }
    while (end < spans_.size() && header_types_[end] == named) ++end;
    const auto first = spans_.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::vector<RecordSpan> run(first, first + static_cast<std::ptrdiff_t>(end - begin));
    Decoder& decoder = decoder_of(*named.type);
    decoder.resume(begin, runtime::LineState::kEnded);
    decoder.decode(run, batch);
  }
}

}  // namespace tocsin::connectors
