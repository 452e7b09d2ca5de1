// A member of a consumer group that reads nothing: the group says which partitions are its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_handle.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class KafkaMembership : public runtime::LogMembership {
 public:
  static eventtime::Result<std::unique_ptr<KafkaMembership>> join(
      const KafkaClientOptions& options, const std::vector<std::string>& topics, Changes changes);
  ~KafkaMembership() override;

  eventtime::Result<void> poll() override;

 private:
  explicit KafkaMembership(Changes changes) : changes_(std::move(changes)) {}
  static void rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* partitions, void* opaque);

  void tell(const rd_kafka_message_t& message);

  Changes changes_;
  std::string told_;  // the last of what passes
  KafkaOpaque opaque_;
  Handle handle_;
};

}  // namespace tocsin::connectors
