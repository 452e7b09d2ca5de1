// Metrics while they are gathered, and those that runs of both kinds have: over inputs
// (run_metrics.h) and from Kafka to Kafka (kafka_metrics.h). Tested by
// tests/unit/server/metrics_test.cc and tests/kafka.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/timestamp.h"
#include "runtime/metric.h"
#include "server/run_state.h"

namespace tocsin::server {

class MetricList {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  template <class Number>
  void count(std::string name, std::string help, Number value, const Labels& labels = {}) {
    add(runtime::Metric::Kind::kCounter, std::move(name), std::move(help),
        static_cast<double>(value), labels);
  }
  template <class Number>
  void gauge(std::string name, std::string help, Number value, const Labels& labels = {}) {
    add(runtime::Metric::Kind::kGauge, std::move(name), std::move(help), static_cast<double>(value),
        labels);
  }
  // What a part tells of itself, with these labels before its own.
  void add_all(runtime::Metrics metrics, const Labels& labels = {});

  // The name of the source may be empty.
  static Labels labels_of_input(const std::string& source, const std::string& input);
  // Events that wait, and where the time of the input stands at this time of the day.
  void add_time(size_t waiting, eventtime::Timestamp watermark, eventtime::Timestamp date,
                const Labels& labels);
  void add_checkpoints(uint64_t written, uint64_t failed);
  // `now` by the clock of the run.
  void add_last_checkpoint(const RunState::Checkpoints& last, eventtime::Duration now,
                           const Labels& labels = {});

  runtime::Metrics take() { return std::move(metrics_); }

 private:
  void add(runtime::Metric::Kind kind, std::string name, std::string help, double value,
           const Labels& labels);

  runtime::Metrics metrics_;
};

}  // namespace tocsin::server
