// Records of one log partition, collected and decoded into a batch of events. A record's number in
// the batch is its offset. Tested by tests/unit/connectors/log_records_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/decoder.h"
#include "connectors/kafka/kafka_spec.h"
#include "connectors/kafka/topic_key.h"
#include "eventtime/batch.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

// An event field that does not come from the record's value.
struct FieldOrigin {
  enum class From : uint8_t { kKey, kTopic, kPartition, kOffset, kTimestamp, kHeader };
  From from = From::kKey;
  std::string header;
};
// "key", "topic", "partition", "offset", "timestamp", "header:NAME"; nothing: none of these.
std::optional<FieldOrigin> parse_field_origin(std::string_view text);

class LogRecords {
 public:
  using Fields = std::vector<std::pair<std::string, FieldOrigin>>;

  // Values are objects of JSON. The catalog and the key outlive this; without a key none is
  // checked.
  LogRecords(runtime::LogPartition partition, const eventtime::Catalog& catalog,
             const DecodeOptions& decoding, Fields fields, const TopicKey* key = nullptr,
             std::optional<std::string> event_header = {});

  // Offsets grow. With `event_header` this header names the type of each record.
  void add(const runtime::LogRecord& record);
  size_t size() const { return offsets_.size(); }
  // Row::record and Reject::record are offsets. Nothing is left of the records. An error of the
  // input: the key of a record is not the one that patterns need.
  eventtime::Result<void> decode(eventtime::Batch& batch);
  const eventtime::RecordFormat& format() const { return decoder_->format(); }

 private:
  std::optional<std::string_view> key(size_t place) const;
  void decode_by_header(eventtime::Batch& batch);
  Decoder& decoder_of(eventtime::TypeId type);
  void add_fields(const runtime::LogRecord& record, std::string_view value);
  void append(std::string_view text) { raw_.insert(raw_.end(), text.begin(), text.end()); }

  runtime::LogPartition partition_;
  std::unique_ptr<Decoder> decoder_;
  Fields fields_;
  const TopicKey* topic_key_;
  const eventtime::Catalog& catalog_;
  std::optional<std::string> event_header_;
  struct HeaderType {
    std::optional<eventtime::TypeId> type;
    std::string reason;  // without a type
    friend bool operator==(const HeaderType&, const HeaderType&) = default;
  };
  std::vector<HeaderType> header_types_;  // by place, where a header names them
  std::map<eventtime::TypeId, std::unique_ptr<Decoder>> by_type_;
  std::vector<char> raw_;  // the values, each with a line end
  std::vector<RecordSpan> spans_;
  std::vector<int64_t> offsets_;  // by place
  struct Key {
    size_t begin = 0;
    size_t size = 0;
    bool is_null = true;
  };
  std::string keys_;
  std::vector<Key> key_spans_;  // by place
  std::string added_;           // reused
};

}  // namespace tocsin::connectors
