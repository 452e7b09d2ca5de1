// Reads partitions of Kafka, each from where it is told, into one queue.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "connectors/kafka/kafka_handle.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class KafkaReader : public runtime::LogReader {
 public:
  static eventtime::Result<std::unique_ptr<KafkaReader>> open(const KafkaClientOptions& options);
  ~KafkaReader() override;

  eventtime::Result<void> begin(const runtime::LogPartition& partition, int64_t offset) override;
  void end(const runtime::LogPartition& partition) override;
  std::optional<int64_t> known_end(const runtime::LogPartition& partition) const override;
  eventtime::Result<void> read(eventtime::Duration wait, size_t most, const OnRecord& on_record,
                               const OnEnd& on_end) override;

 private:
  explicit KafkaReader(bool with_headers) : with_headers_(with_headers) {}
  eventtime::Result<void> hand_over(const rd_kafka_message_t& message, const OnRecord& on_record,
                                    const OnEnd& on_end);
  rd_kafka_topic_t* topic(const std::string& name);
  // There should be more, and nothing comes.
  void wake();

  bool with_headers_;
  KafkaOpaque opaque_;
  Handle handle_;
  Owned<rd_kafka_queue_t> queue_;
  std::map<std::string, Owned<rd_kafka_topic_t>> topics_;
  // By how a message names its partition.
  struct Place {
    runtime::LogPartition partition;
    int64_t next = 0;
    bool at_end = false;
  };
  std::map<std::pair<const rd_kafka_topic_t*, int32_t>, Place> partitions_;
  std::chrono::steady_clock::time_point woken_;
  std::vector<runtime::LogHeader> headers_;  // reused
};

}  // namespace tocsin::connectors
