// What a run over Kafka tells of itself: numbers of its partitions, patterns and transactions. See
// run_metrics.h. Tested by tests/kafka.
#pragma once

#include <string>

#include "runtime/clock.h"
#include "runtime/metric.h"
#include "server/kafka_run.h"

namespace tocsin::server {

// `source` and `sink`: as the pipeline calls them.
runtime::Metrics kafka_metrics(const KafkaRun& run, const std::string& source,
                               const std::string& sink, runtime::Clock& clock);

}  // namespace tocsin::server
