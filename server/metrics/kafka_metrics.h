// What a run over Kafka tells of itself: numbers of its partitions, patterns and transactions. See
// run_metrics.h. Tested by tests/kafka.
#pragma once

#include "runtime/metric.h"
#include "server/kafka_run.h"

namespace tocsin::server {

runtime::Metrics kafka_metrics(const KafkaRun& run);

}  // namespace tocsin::server
