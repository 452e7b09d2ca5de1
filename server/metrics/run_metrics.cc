#include "server/metrics/run_metrics.h"

#include <string>
#include <utility>

namespace tocsin::server {
namespace {

using runtime::Metric;
using runtime::Metrics;
using Labels = std::vector<std::pair<std::string, std::string>>;

class Collector {
 public:
  explicit Collector(const RunParts& parts)
      : parts_(parts), now_(parts.clock.date()), stats_(parts.engine.stats()) {}

  Metrics collect() {
    for (uint32_t input = 0; input < parts_.sources.size(); ++input) add_source(input);
    for (const runtime::PatternStats& pattern : stats_.patterns) add_pattern(pattern);
    Metrics sinks = parts_.outputs.metrics();
    for (Metric& metric : sinks) metrics_.push_back(std::move(metric));
    add_engine();
    if (parts_.state != nullptr) add_checkpoints(parts_.state->checkpoints());
    return std::move(metrics_);
  }

 private:
  template <class Number>
  void add(Metric::Kind kind, std::string name, std::string help, Number value,
           const Labels& labels = {}) {
    metrics_.push_back(
        {std::move(name), std::move(help), kind, labels, static_cast<double>(value)});
  }
  template <class Number>
  void count(std::string name, std::string help, Number value, const Labels& labels = {}) {
    add(Metric::Kind::kCounter, std::move(name), std::move(help), value, labels);
  }
  template <class Number>
  void gauge(std::string name, std::string help, Number value, const Labels& labels = {}) {
    add(Metric::Kind::kGauge, std::move(name), std::move(help), value, labels);
  }

  static double seconds(eventtime::Duration span) { return static_cast<double>(span.micros) / 1e6; }

  void add_source(uint32_t input) {
    const runtime::Source& source = *parts_.sources[input];
    Labels labels;
    if (const std::string& name = parts_.options.inputs[input].source; !name.empty()) {
      labels.emplace_back("source", name);
    }
    labels.emplace_back("input", source.name());
    const InputCounters& counters = parts_.inputs[input];
    count("source_records_total", "Records read, refused ones included.", parts_.records[input],
          labels);
    count("source_bytes_total", "Bytes read by this process, packed as they are.",
          source.bytes_read(), labels);
    count("source_malformed_total", "Records that are no events.", counters.malformed, labels);
    count("source_late_total", "Events that came too late to be matched.", counters.late, labels);
    gauge("source_waiting_events", "Events that wait for their time to be settled.",
          parts_.engine.pending(input), labels);
    const eventtime::Timestamp watermark = parts_.engine.watermark(input);
    gauge("source_ended", "Whether the input has ended.",
          watermark == eventtime::kMaxTimestamp ? 1 : 0, labels);
    for (Metric& metric : source.metrics()) {
      metric.labels = labels;
      metrics_.push_back(std::move(metric));
    }
    if (watermark == eventtime::kMinTimestamp || watermark == eventtime::kMaxTimestamp) return;
    gauge("source_watermark_seconds", "Event time up to which the input is settled, since 1970.",
          static_cast<double>(watermark.micros) / 1e6, labels);
    gauge("source_lag_seconds", "How far the watermark is behind the time of the day.",
          seconds(now_ - watermark), labels);
  }

  void add_pattern(const runtime::PatternStats& pattern) {
    const Labels labels = {{"pattern", pattern.name}};
    count("pattern_events_considered_total", "Events that met the state of a key.",
          pattern.events_considered, labels);
    count("pattern_alerts_total", "Matches that were reported.", pattern.alerts, labels);
    count("pattern_dropped_starts_total", "Partial matches dropped, as too many began for a key.",
          pattern.dropped_starts, labels);
    gauge("pattern_pending_keys", "Keys with partial matches.", pattern.live_keys, labels);
  }

  void add_engine() {
    count("events_total", "Events taken, late ones included.", stats_.events);
    count("late_events_total", "Events that came too late.", stats_.late);
    count("null_key_events_total", "Events that belong to no key of some pattern.",
          stats_.null_keys);
    count("suppressed_alerts_total", "Alerts that were suppressed.", stats_.suppressed);
    count("arithmetic_errors_total", "Overflows and divisions by zero.", stats_.arithmetic_errors);
    gauge("pending_keys", "Keys of all patterns with partial matches.", stats_.live_keys);
    gauge("pending_events", "Events held by partial matches.", stats_.live_events);
    gauge("pending_bytes", "Memory that what is pending takes, about.", stats_.memory);
    gauge("spilled_keys", "Of the pending keys, those on disk.", stats_.spilled_keys);
    gauge("spilled_bytes", "Of the files that they are in.", stats_.spilled_bytes);
    gauge("reordering_events", "Events that wait for their time to be settled.", stats_.reordering);
  }

  void add_checkpoints(const RunState::Checkpoints& checkpoints) {
    count("checkpoints_total", "Checkpoints written by this process.", checkpoints.written);
    count("checkpoint_failures_total", "Checkpoints that could not be written.",
          checkpoints.failed);
    if (checkpoints.written == 0) return;
    gauge("checkpoint_duration_seconds", "How long the last one took.",
          seconds(checkpoints.duration));
    gauge("checkpoint_bytes", "Of the files of the last one, which it may share.",
          checkpoints.bytes);
    gauge("checkpoint_age_seconds", "Since the last one was there.",
          seconds({parts_.clock.now().micros - checkpoints.done.micros}));
  }

  const RunParts& parts_;
  eventtime::Timestamp now_;
  runtime::EngineStats stats_;
  Metrics metrics_;
};

}  // namespace

Metrics run_metrics(const RunParts& parts) {
  return Collector(parts).collect();
}

}  // namespace tocsin::server
