#include "connectors/kafka/kafka_appender.h"

#include "connectors/kafka/kafka_produce.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

Result<std::unique_ptr<KafkaAppender>> KafkaAppender::open(const KafkaClientOptions& options) {
  std::unique_ptr<KafkaAppender> appender(new KafkaAppender());
  appender->opaque_.log = options.log;
  appender->opaque_.take_statistics(options.statistics, "appender", options.group);
  Result<KafkaConfig> config = KafkaConfig::create(options.writing);
  if (!config) return Unexpected<Error>{config.error()};
  config->set("enable.idempotence", "true");
  rd_kafka_conf_set_events(config->get(), RD_KAFKA_EVENT_DR);
  Result<Handle> handle = config->open(RD_KAFKA_PRODUCER, appender->opaque_);
  if (!handle) return Unexpected<Error>{handle.error()};
  appender->handle_ = *std::move(handle);
  appender->events_.reset(rd_kafka_queue_get_main(appender->handle_.get()));
  return appender;
}

Result<void> KafkaAppender::append(const runtime::LogPartition& to,
                                   const runtime::LogRecord& record) {
  const auto wait = [this]() -> Result<void> {
    const Result<bool> taken = take_event(events_.get(), kPollMs, opaque_);
    return taken ? Result<void>() : Unexpected<Error>{taken.error()};
  };
  return produce(handle_.get(), to, record, wait);
}

Result<void> KafkaAppender::poll() {
  while (true) {
    const Result<bool> taken = take_event(events_.get(), 0, opaque_);
    if (!taken) return Unexpected<Error>{taken.error()};
    if (!*taken) return {};
  }
}

Result<void> KafkaAppender::sync() {
  while (rd_kafka_outq_len(handle_.get()) > 0) {
    const Result<bool> taken = take_event(events_.get(), kPollMs, opaque_);
    if (!taken) return Unexpected<Error>{taken.error()};
  }
  return {};
}

}  // namespace tocsin::connectors
