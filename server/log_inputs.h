// The partitions of a Kafka source as inputs of an ordinary run (run_loop.h): one process reads all
// of them, and its checkpoints say how far. Tested by tests/kafka/kafka_mixed_test.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/kafka/kafka_spec.h"
#include "connectors/kafka/log_probe.h"
#include "connectors/kafka/log_source.h"
#include "connectors/kafka/shared_log_reader.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "runtime/log_client.h"
#include "server/run_command.h"

namespace tocsin::server {

// What the inputs of one source share.
struct LogInputs {
  connectors::KafkaSourceSpec spec;
  std::unique_ptr<runtime::LogClient> client;
  std::unique_ptr<connectors::SharedLogReader> reader;
  std::unique_ptr<connectors::LogProbe> probe;
};

struct LogInput {
  std::shared_ptr<LogInputs> all;
  runtime::LogPartition partition;
};

// Asks the brokers which partitions there are. `group` is how they know the run. `is_watched`: its
// clients tell kafka_statistics() how they are.
eventtime::Result<std::vector<RunInput>> find_log_inputs(const connectors::KafkaSourceSpec& spec,
                                                         const std::string& group, bool is_watched);

// The catalog and the input outlive the source.
eventtime::Result<std::unique_ptr<connectors::LogSource>> open_log(
    const LogInput& input, const eventtime::Catalog& catalog);

}  // namespace tocsin::server
