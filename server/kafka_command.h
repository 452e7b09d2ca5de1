// `tocsin run --config` of a pipeline that reads Kafka: from plain data to a run (docs/kafka.md).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_spec.h"
#include "eventtime/timestamp.h"
#include "runtime/engine_options.h"
#include "server/metrics/metrics_listen.h"
#include "server/run_command.h"

namespace tocsin::server {

struct KafkaPipeline {
  std::string name;                   // the group, and the beginning of all ids
  std::vector<std::string> patterns;  // files
  connectors::KafkaSourceSpec source;
  connectors::KafkaSinkSpec sink;
  std::function<bool(const std::string& pattern)> goes_out;  // to the sink
  std::optional<std::string> late;                           // files
  std::optional<std::string> dead_letter;
  std::string state;
  eventtime::Duration checkpoint_every{10'000'000};
  size_t keep = 3;  // checkpoints of each partition
  OnChange on_change = OnChange::kDrain;
  std::optional<MetricsListen> metrics;
  runtime::EngineOptions engine;  // `threads` are those of the run, `memory` of all partitions
};

// Until SIGTERM or SIGINT. Returns the exit status.
int run_kafka(const KafkaPipeline& pipeline, const CheckPatterns& check = {});

}  // namespace tocsin::server
