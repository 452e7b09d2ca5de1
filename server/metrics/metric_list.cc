#include "server/metrics/metric_list.h"

namespace tocsin::server {

using eventtime::Duration;
using eventtime::Timestamp;
using runtime::Metric;
using runtime::Metrics;

namespace {

double seconds(Duration span) {
  return static_cast<double>(span.micros) / 1e6;
}

}  // namespace

void MetricList::add(Metric::Kind kind, std::string name, std::string help, double value,
                     const Labels& labels) {
  metrics_.push_back({std::move(name), std::move(help), kind, labels, value});
}

void MetricList::add_all(Metrics metrics, const Labels& labels) {
  for (Metric& metric : metrics) {
    metric.labels.insert(metric.labels.begin(), labels.begin(), labels.end());
    metrics_.push_back(std::move(metric));
  }
}

MetricList::Labels MetricList::labels_of_input(const std::string& source,
                                               const std::string& input) {
  Labels labels;
  if (!source.empty()) labels.emplace_back("source", source);
  labels.emplace_back("input", input);
  return labels;
}

void MetricList::add_time(size_t waiting, Timestamp watermark, Timestamp date,
                          const Labels& labels) {
  gauge("source_waiting_events", "Events that wait for their time to be settled.", waiting, labels);
  if (watermark == eventtime::kMinTimestamp || watermark == eventtime::kMaxTimestamp) return;
  gauge("source_watermark_seconds", "Event time up to which the input is settled, since 1970.",
        seconds({watermark.micros}), labels);
  gauge("source_lag_seconds", "How far the watermark is behind the time of the day.",
        seconds(date - watermark), labels);
}

void MetricList::add_checkpoints(uint64_t written, uint64_t failed) {
  count("checkpoints_total", "Checkpoints written by this process.", written);
  count("checkpoint_failures_total", "Checkpoints that could not be written.", failed);
}

void MetricList::add_last_checkpoint(const RunState::Checkpoints& last, Duration now,
                                     const Labels& labels) {
  if (last.written == 0) return;
  gauge("checkpoint_duration_seconds", "How long the last one took.", seconds(last.duration),
        labels);
  gauge("checkpoint_bytes", "Of the files of the last one, which it may share.", last.bytes,
        labels);
  gauge("checkpoint_age_seconds", "Since the last one was there.",
        seconds({now.micros - last.done.micros}), labels);
}

}  // namespace tocsin::server
