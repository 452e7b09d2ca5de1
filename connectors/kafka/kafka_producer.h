// A transactional producer of librdkafka.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "connectors/kafka/kafka_handle.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class KafkaProducer : public runtime::LogProducer {
 public:
  // Fences the former one. The options outlive the producer.
  static eventtime::Result<std::unique_ptr<KafkaProducer>> open(const KafkaClientOptions& options,
                                                                const std::string& id);

  eventtime::Result<void> send(const runtime::LogPartition& to,
                               const runtime::LogRecord& record) override;
  eventtime::Result<void> commit(const runtime::LogPartition& from,
                                 const runtime::LogPosition& position) override;
  bool is_in_doubt() const override { return watch_.doubt; }
  void poll() override;

 private:
  // What interceptors see, on threads of librdkafka.
  struct Watch {
    std::atomic<bool> is_open = false;  // a transaction is
    std::atomic<int> ends = 0;          // requests to end it
    std::atomic<int> positions = 0;     // to commit its position
    std::atomic<bool> doubt = false;
  };

  explicit KafkaProducer(const KafkaClientOptions& options) : options_(options) {}
  eventtime::Result<void> begin();
  eventtime::Result<void> wait_for_delivery();
  bool take_event(int wait_ms);
  eventtime::Result<void> commit_position(const runtime::LogPartition& from,
                                          const runtime::LogPosition& position);
  void learn_topics() const;
  static rd_kafka_resp_err_t add_interceptors(rd_kafka_t* handle, const rd_kafka_conf_t* conf,
                                              void* watch, char* reason, size_t size);

  const KafkaClientOptions& options_;
  KafkaOpaque opaque_;
  Watch watch_;  // before the handle, which tells it until its end
  Handle handle_;
  Owned<rd_kafka_queue_t> events_;
  eventtime::Result<void> delivered_;  // the first record that was not
};

}  // namespace tocsin::connectors
