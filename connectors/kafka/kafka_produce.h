// What all who write to Kafka do. Private to this folder.
#pragma once

#include <functional>

#include "connectors/kafka/kafka_handle.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

// Hands a record to librdkafka; while its queue is full `wait` is called, which ends that with an
// error. One of the input: the record is too large.
eventtime::Result<void> produce(rd_kafka_t* handle, const runtime::LogPartition& to,
                                const runtime::LogRecord& record,
                                const std::function<eventtime::Result<void>()>& wait);

// Waits for reports of deliveries and for statistics, at most so long: whether there were any. An
// error: a record was not delivered.
eventtime::Result<bool> take_event(rd_kafka_queue_t* events, int wait_ms,
                                   const KafkaOpaque& opaque);

}  // namespace tocsin::connectors
