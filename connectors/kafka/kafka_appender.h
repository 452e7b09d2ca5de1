// An idempotent producer without transactions: librdkafka repeats what gets no answer, for as long
// as `message.timeout.ms` says, and the brokers know what they have already. Private to this
// folder.
#pragma once

#include <memory>

#include "connectors/kafka/kafka_handle.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class KafkaAppender : public runtime::LogAppender {
 public:
  static eventtime::Result<std::unique_ptr<KafkaAppender>> open(const KafkaClientOptions& options);

  eventtime::Result<void> append(const runtime::LogPartition& to,
                                 const runtime::LogRecord& record) override;
  eventtime::Result<void> poll() override;
  eventtime::Result<void> sync() override;

 private:
  KafkaAppender() = default;

  KafkaOpaque opaque_;
  Handle handle_;
  Owned<rd_kafka_queue_t> events_;
};

}  // namespace tocsin::connectors
