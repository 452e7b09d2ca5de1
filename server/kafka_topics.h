// What a pipeline says of a Kafka source, held against the topics that there are.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/decoder.h"
#include "connectors/kafka/kafka_spec.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "runtime/log_client.h"

namespace tocsin::server {

// What librdkafka has to say, by the levels of syslog, to the log of the program.
void log_kafka(int level, std::string_view text);

// The topics that the source reads, with their numbers of partitions. An error: there is none, or
// one is not there.
eventtime::Result<std::vector<std::pair<std::string, int32_t>>> find_topics(
    runtime::LogClient& client, const connectors::KafkaSourceSpec& source);

// How records of the topic are decoded.
eventtime::Result<connectors::DecodeOptions> topic_decoding(
    const connectors::KafkaSourceSpec& source, const eventtime::Catalog& catalog,
    const std::string& topic);

// Whether headers of its records must be read.
bool needs_headers(const connectors::KafkaSourceSpec& source);

// An error: there is no such topic.
eventtime::Result<int32_t> alert_partitions(runtime::LogClient& client,
                                            const connectors::KafkaSinkSpec& sink);

}  // namespace tocsin::server
