// Records of one log partition, collected and decoded into a batch of events. A record's number in
// the batch is its offset. A value is an object of JSON, or one row of CSV without a header. Tested
// by tests/unit/connectors/log_records_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/csv/csv_layout.h"
#include "connectors/decoder.h"
#include "connectors/kafka/kafka_spec.h"
#include "connectors/kafka/topic_key.h"
#include "eventtime/batch.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class LogRecords {
 public:
  using Fields = decltype(KafkaSourceSpec::fields);

  // What was told by check_columns() must be right. The catalog and the key outlive this; without
  // a key none is checked.
  LogRecords(runtime::LogPartition partition, const eventtime::Catalog& catalog,
             const DecodeOptions& decoding, Fields fields, const TopicKey* key = nullptr,
             std::optional<std::string> event_header = {});

  // Whether columns of CSV, if there are any, and `fields` together hold what the events need.
  static eventtime::Result<void> check_columns(const eventtime::Catalog& catalog,
                                               const DecodeOptions& decoding, const Fields& fields,
                                               bool has_event_header);

  // Offsets grow. With `event_header` this header names the type of each record.
  void add(const runtime::LogRecord& record);
  size_t size() const { return offsets_.size(); }
  int64_t last_offset() const { return offsets_.back(); }
  // Of the values, about.
  size_t bytes() const { return raw_.size(); }
  // Row::record and Reject::record are offsets. Nothing is left of the records. An error of the
  // input: the key of a record is not the one that patterns need.
  eventtime::Result<void> decode(eventtime::Batch& batch);
  const eventtime::RecordFormat& format() const { return decoder_->format(); }

 private:
  // What is known of a record without its value.
  struct Kind {
    std::optional<eventtime::TypeId> type;  // nothing: the value tells it
    std::string refusal;                    // why it is not even decoded
    friend bool operator==(const Kind&, const Kind&) = default;
  };

  std::optional<std::string_view> key(size_t place) const;
  Kind kind_of(const runtime::LogRecord& record) const;
  void decode_by_kind(eventtime::Batch& batch);
  Decoder& decoder_of(const Kind& kind);
  std::unique_ptr<Decoder> make_decoder(const DecodeOptions& decoding) const;
  void add_value(const runtime::LogRecord& record, std::string_view value);
  void add_to_object(const runtime::LogRecord& record, std::string_view value);
  void add_to_row(const runtime::LogRecord& record, std::string_view value);
  void append(std::string_view text) { raw_.insert(raw_.end(), text.begin(), text.end()); }

  runtime::LogPartition partition_;
  Fields fields_;
  const TopicKey* topic_key_;
  const eventtime::Catalog& catalog_;
  std::optional<std::string> event_header_;
  std::optional<CsvLayout> csv_;  // values are rows of it
  std::unique_ptr<Decoder> decoder_;
  std::vector<Kind> kinds_;  // by place; empty where the values tell all
  std::map<eventtime::TypeId, std::unique_ptr<Decoder>> by_type_;
  std::vector<char> raw_;  // the values with their fields, each with a line end
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
