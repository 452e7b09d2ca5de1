// Apache Kafka behind the door of logs, by librdkafka (2.0.2 and later).
//
// Membership, reading and writing are clients of their own, on purpose. The member of the group
// reads nothing: its assignment only says which partitions are this process's. They are read by
// start and stop of single partitions, which leaves no record of an old assignment in the queue.
// And what fences a former owner is the epoch of its transactional id, not the group's generation.
//
// A transaction costs 1 ms instead of 11 with delivery reports as events: librdkafka's flush
// otherwise looks every 10 ms (measured with 2.0.2). Threads: one handle has one for each broker
// and two more.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/kafka_spec.h"
#include "connectors/kafka/kafka_statistics.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

// By the levels of syslog: 3 is an error, 7 debugging. Called from threads of librdkafka.
using KafkaLog = std::function<void(int level, std::string_view text)>;

struct KafkaClientOptions {
  std::string group;
  std::string instance;  // the static id of the member; empty: it has none
  KafkaSettings reading;
  KafkaSettings writing;
  std::vector<std::string> written_topics;  // producers learn of these when they are opened
  bool with_headers = false;                // of records that are read
  KafkaLog log;
  // What readers, members and producers tell of themselves; outlives them. Null: nothing.
  KafkaStatistics* statistics = nullptr;
};

// Whether librdkafka knows them and they are the user's to set. Without a network.
eventtime::Result<void> check_kafka_settings(const KafkaSettings& settings);

// Asks the brokers for their list, and waits for it up to ten seconds.
eventtime::Result<std::unique_ptr<runtime::LogClient>> open_kafka(KafkaClientOptions options);

}  // namespace tocsin::connectors
