#include "server/metrics/run_metrics.h"

#include "server/metrics/metric_list.h"

namespace tocsin::server {
namespace {

using Labels = MetricList::Labels;

class RunCollector {
 public:
  explicit RunCollector(const RunParts& parts)
      : parts_(parts), date_(parts.clock.date()), stats_(parts.engine.stats()) {}

  runtime::Metrics collect() {
    for (uint32_t input = 0; input < parts_.sources.size(); ++input) add_source(input);
    for (const runtime::PatternStats& pattern : stats_.patterns) add_pattern(pattern);
    list_.add_all(parts_.outputs.metrics());
    add_engine();
    if (parts_.state != nullptr) {
      const RunState::Checkpoints& last = parts_.state->checkpoints();
      list_.add_checkpoints(last.written, last.failed);
      list_.add_last_checkpoint(last, parts_.clock.now());
    }
    return list_.take();
  }

 private:
  void add_source(uint32_t input) {
    const runtime::Source& source = *parts_.sources[input];
    const Labels labels =
        MetricList::labels_of_input(parts_.options.inputs[input].source, source.name());
    const InputCounters& counters = parts_.inputs[input];
    list_.count("source_records_total", "Records read, refused ones included.",
                parts_.records[input], labels);
    list_.count("source_bytes_total", "Bytes read by this process, packed as they are.",
                source.bytes_read(), labels);
    list_.count("source_malformed_total", "Records that are no events.", counters.malformed,
                labels);
    list_.count("source_late_total", "Events that came too late to be matched.", counters.late,
                labels);
    const eventtime::Timestamp watermark = parts_.engine.watermark(input);
    list_.gauge("source_ended", "Whether the input has ended.",
                watermark == eventtime::kMaxTimestamp ? 1 : 0, labels);
    list_.add_all(source.metrics(), labels);
    list_.add_time(parts_.engine.pending(input), watermark, date_, labels);
  }

  void add_pattern(const runtime::PatternStats& pattern) {
    const Labels labels = {{"pattern", pattern.name}};
    list_.count("pattern_events_considered_total", "Events that met the state of a key.",
                pattern.events_considered, labels);
    list_.count("pattern_alerts_total", "Matches that were reported.", pattern.alerts, labels);
    list_.count("pattern_dropped_starts_total",
                "Partial matches dropped, as too many began for a key.", pattern.dropped_starts,
                labels);
    list_.gauge("pattern_pending_keys", "Keys with partial matches.", pattern.live_keys, labels);
  }

  void add_engine() {
    list_.count("events_total", "Events taken, late ones included.", stats_.events);
    list_.count("late_events_total", "Events that came too late.", stats_.late);
    list_.count("null_key_events_total", "Events that belong to no key of some pattern.",
                stats_.null_keys);
    list_.count("suppressed_alerts_total", "Alerts that were suppressed.", stats_.suppressed);
    list_.count("arithmetic_errors_total", "Overflows and divisions by zero.",
                stats_.arithmetic_errors);
    list_.gauge("pending_keys", "Keys of all patterns with partial matches.", stats_.live_keys);
    list_.gauge("pending_events", "Events held by partial matches.", stats_.live_events);
    list_.gauge("pending_bytes", "Memory that what is pending takes, about.", stats_.memory);
    list_.gauge("spilled_keys", "Of the pending keys, those on disk.", stats_.spilled_keys);
    list_.gauge("spilled_bytes", "Of the files that they are in.", stats_.spilled_bytes);
    list_.gauge("reordering_events", "Events that wait for their time to be settled.",
                stats_.reordering);
  }

  const RunParts& parts_;
  eventtime::Timestamp date_;
  runtime::EngineStats stats_;
  MetricList list_;
};

}  // namespace

runtime::Metrics run_metrics(const RunParts& parts) {
  return RunCollector(parts).collect();
}

}  // namespace tocsin::server
