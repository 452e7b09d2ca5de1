// What a pipeline says of Kafka: plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

// Settings of librdkafka, passed through as they are: "bootstrap.servers" and the like.
using KafkaSettings = std::map<std::string, std::string>;

// Where reading begins when no position was committed.
struct KafkaStart {
  enum class At : uint8_t { kEarliest, kLatest, kTime };
  At at = At::kEarliest;
  eventtime::Timestamp time;  // with kTime: the first record of this time or later
};

// An event field that does not come from the record's value.
struct FieldOrigin {
  enum class From : uint8_t { kKey, kTopic, kPartition, kOffset, kTimestamp, kHeader };
  From from = From::kKey;
  std::string header;
  friend bool operator==(const FieldOrigin&, const FieldOrigin&) = default;
};
// "key", "topic", "partition", "offset", "timestamp", "header:NAME"; nothing: none of these.
std::optional<FieldOrigin> parse_field_origin(std::string_view text);

struct KafkaSourceSpec {
  std::string name;
  std::vector<std::string> topics;           // or
  std::optional<std::string> topic_pattern;  // a regular expression that a whole name must fit
  std::vector<std::string> columns;          // of CSV: what the cells of a value are, in order
  // How the event type of a record is told; at most one of these.
  std::optional<std::string> event;
  std::optional<std::string> event_field;
  std::optional<std::string> event_header;
  std::map<std::string, std::string> event_by_topic;

  // The event fields by which the topics are partitioned; empty: each record's key is checked.
  std::vector<std::string> key;
  // Event fields that come from elsewhere in the record.
  std::vector<std::pair<std::string, FieldOrigin>> fields;

  KafkaStart start;
  eventtime::Duration out_of_order;
  std::optional<eventtime::Duration> idle_after = eventtime::Duration{30'000'000};
  KafkaSettings librdkafka;
};

struct KafkaSinkSpec {
  std::string name;
  std::string topic;
  bool exactly_once = true;  // at least once otherwise
  eventtime::Duration commit_every{100'000};
  KafkaSettings librdkafka;
};

}  // namespace tocsin::connectors
