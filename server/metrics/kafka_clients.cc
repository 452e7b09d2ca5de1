#include "server/metrics/kafka_clients.h"

#include "server/metrics/prometheus.h"

namespace tocsin::server {

connectors::KafkaStatistics& kafka_statistics() {
  static connectors::KafkaStatistics statistics;
  return statistics;
}

const std::string& KafkaStatisticsText::text() {
  if (const uint64_t newest = kafka_statistics().version(); newest != version_) {
    version_ = newest;
    text_ = prometheus_text(kafka_statistics().metrics());
  }
  return text_;
}

}  // namespace tocsin::server
