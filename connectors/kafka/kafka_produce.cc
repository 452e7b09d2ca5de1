#include "connectors/kafka/kafka_produce.h"

#include <fmt/format.h>

#include <string_view>

namespace tocsin::connectors {

using eventtime::Result;

Result<void> produce(rd_kafka_t* handle, const runtime::LogPartition& to,
                     const runtime::LogRecord& record, const std::function<Result<void>()>& wait) {
  Owned<rd_kafka_headers_t> headers(rd_kafka_headers_new(record.headers.size()));
  for (const runtime::LogHeader& header : record.headers) {
    rd_kafka_header_add(headers.get(), header.name.data(), static_cast<ssize_t>(header.name.size()),
                        header.value.data(), static_cast<ssize_t>(header.value.size()));
  }
  const std::string_view key = record.key.value_or(std::string_view());
  const std::string_view value = record.value.value_or(std::string_view());
  while (true) {
    // librdkafka does not change what it copies.
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        handle, RD_KAFKA_V_TOPIC(to.topic.c_str()), RD_KAFKA_V_PARTITION(to.number),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY((record.key ? key.data() : nullptr), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),  // NOLINT
        RD_KAFKA_V_HEADERS(headers.get()), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      [[maybe_unused]] const rd_kafka_headers_t* taken = headers.release();
      return {};
    }
    if (error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
      return eventtime::input_error(fmt::format(
          "kafka: writing to '{}': a record of {} bytes is larger than message.max.bytes allows; "
          "raise it in 'librdkafka' and max.message.bytes of the topic, or let alerts hold less",
          to.text(), key.size() + value.size()));
    }
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      return kafka_error(fmt::format("writing to '{}'", to.text()), error);
    }
    const Result<void> waited = wait();
    if (!waited) return waited;
  }
}

Result<bool> take_event(rd_kafka_queue_t* events, int wait_ms, const KafkaOpaque& opaque) {
  const Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(events, wait_ms));
  if (event == nullptr) return false;
  const rd_kafka_event_type_t type = rd_kafka_event_type(event.get());
  if (type == RD_KAFKA_EVENT_STATS && opaque.statistics != nullptr) {
    opaque.statistics->take(rd_kafka_event_stats(event.get()));
  }
  if (type != RD_KAFKA_EVENT_DR) return true;
  while (const rd_kafka_message_t* message = rd_kafka_event_message_next(event.get())) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    return kafka_error(fmt::format("writing to '{}'", rd_kafka_topic_name(message->rkt)),
                       message->err);
  }
  return true;
}

}  // namespace tocsin::connectors
