// Alerts as records of a topic: what the sinks at least once (appending_log_sink.h) and exactly
// once (transactional_log_sink.h) share.
//
// Key, headers and value are those of docs/kafka.md. Alerts of one key go to one partition: the one
// that the Java client chooses for it (murmur2). Records that are no alerts (late events, dead
// letters) have the header `tocsin-kind` instead of a sequence number, and may come twice after a
// kill either way.
//
// Tested by tests/unit/connectors/log_sink_test.cc, with real brokers by
// tests/kafka/kafka_mixed_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors {

struct LogSinkOptions {
  std::string name;
  std::string source;  // who sends: the pipeline; of the header `tocsin-source`
  std::string topic;
  int32_t partitions = 1;
  eventtime::Duration commit_every{100'000};
};

// Names of headers.
inline constexpr std::string_view kSourceHeader = "tocsin-source";
inline constexpr std::string_view kSequenceHeader = "tocsin-sequence";
inline constexpr std::string_view kKindHeader = "tocsin-kind";

// Where records of a key go; without one, to partition 0.
int32_t log_partition(std::optional<std::string_view> key, int32_t partitions);

// The position of a checkpoint is none of this sink.
eventtime::Unexpected<eventtime::Error> other_kind_of_sink(std::string_view name);

}  // namespace tocsin::connectors
