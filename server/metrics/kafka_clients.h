// What the clients of Kafka in this process tell of themselves, where somebody is to watch. Tested
// by tests/kafka.
#pragma once

#include <cstdint>
#include <string>

#include "connectors/kafka/kafka_statistics.h"

namespace tocsin::server {

connectors::KafkaStatistics& kafka_statistics();

// The same in the text format of Prometheus. It is long and comes seldom, so it is made anew only
// when it would be another. For one thread.
class KafkaStatisticsText {
 public:
  const std::string& text();

 private:
  uint64_t version_ = 0;
  std::string text_;
};

}  // namespace tocsin::server
