// What sources and sinks of the same connector share in a pipeline file.
#pragma once

#include "connectors/kafka/kafka_spec.h"
#include "connectors/zeromq/zeromq_spec.h"
#include "server/pipeline/config_section.h"

namespace tocsin::server {

// connect, bind, curve, high_water_mark.
void read_endpoints(ConfigSection& section, connectors::ZeroMqEndpoints& endpoints,
                    ConfigContext context);
// librdkafka.
void read_settings(ConfigSection& section, connectors::KafkaSettings& settings);

}  // namespace tocsin::server
