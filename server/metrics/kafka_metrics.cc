#include "server/metrics/kafka_metrics.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace tocsin::server {

using eventtime::Duration;
using eventtime::Timestamp;
using runtime::Metric;
using runtime::Metrics;

namespace {

struct PatternSums {
  uint64_t considered = 0;
  uint64_t dropped = 0;
};

constexpr double kMicrosPerSecond = 1e6;

double seconds(Duration span) {
  return static_cast<double>(span.micros) / kMicrosPerSecond;
}

// Those of a partition begin anew where it is taken over; the sums go on.
class Collector {
 public:
  Collector(const KafkaRun& run, runtime::Clock& clock)
      : stats_(run.stats()), now_(clock.now()), date_(clock.date()) {}
  Metrics take() { return std::move(metrics_); }

  void add_run(const std::string& sink);
  void add_partition(const PartitionMachine& machine, std::optional<int64_t> end);
  void add_patterns();

 private:
  using Kind = Metric::Kind;
  using Labels = std::vector<std::pair<std::string, std::string>>;

  template <class Number>
  void add(Kind kind, const char* name, const char* help, Number value, const Labels& labels = {}) {
    metrics_.push_back({name, help, kind, labels, static_cast<double>(value)});
  }
  void add_time(const PartitionMachine& machine, const Labels& labels);
  void add_checkpoint(const RunState::Checkpoints& last, const Labels& labels);

  KafkaRunStats stats_;
  Duration now_;
  Timestamp date_;
  std::map<std::string, PatternSums> patterns_;
  Metrics metrics_;
};

void Collector::add_run(const std::string& sink) {
  add(Kind::kCounter, "kafka_records_total", "Records read, those of replays included.",
      stats_.records);
  add(Kind::kCounter, "kafka_malformed_total", "Records that are no events.", stats_.malformed);
  add(Kind::kCounter, "kafka_late_total", "Events that came too late to be matched.", stats_.late);
  add(Kind::kCounter, "kafka_alerts_total", "Alerts that were found, those of replays included.",
      stats_.alerts);
  add(Kind::kCounter, "kafka_commits_total", "Transactions that were committed.", stats_.commits);
  add(Kind::kCounter, "kafka_taken_over_total", "Partitions that this process has taken over.",
      stats_.taken_over);
  add(Kind::kCounter, "kafka_disturbed_total", "Partitions that had to be taken over anew.",
      stats_.disturbed);
  add(Kind::kCounter, "checkpoints_total", "Checkpoints written by this process.",
      stats_.checkpoints);
  add(Kind::kCounter, "checkpoint_failures_total", "Checkpoints that could not be written.",
      stats_.failed_checkpoints);
  add(Kind::kCounter, "sink_alerts_total", "Alerts that were committed.", stats_.committed,
      {{"sink", sink}});
}

void Collector::add_partition(const PartitionMachine& machine, std::optional<int64_t> end) {
  const runtime::LogPartition& partition = machine.partition();
  const Labels labels = {{"topic", partition.topic},
                         {"partition", std::to_string(partition.number)}};
  const runtime::EngineStats engine = machine.engine_stats();
  const int64_t offset = machine.offset();
  add(Kind::kGauge, "kafka_offset", "The next record to be matched.", offset, labels);
  if (end) {
    add(Kind::kGauge, "kafka_lag", "Offsets between the next record and the end of the log.",
        std::max<int64_t>(*end - offset, 0), labels);
  }
  add(Kind::kGauge, "kafka_replaying", "1 while records are read again that were committed.",
      machine.is_replaying() ? 1 : 0, labels);
  add(Kind::kGauge, "kafka_live_keys", "Keys with something pending.", engine.live_keys, labels);
  add(Kind::kGauge, "kafka_memory_bytes", "What is pending takes so much, about.", engine.memory,
      labels);
  for (const runtime::PatternStats& pattern : engine.patterns) {
    patterns_[pattern.name].considered += pattern.events_considered;
    patterns_[pattern.name].dropped += pattern.dropped_starts;
  }
  add_time(machine, labels);
  add_checkpoint(machine.stats().checkpoints, labels);
}

void Collector::add_time(const PartitionMachine& machine, const Labels& labels) {
  add(Kind::kGauge, "source_waiting_events", "Events that wait for their time to be settled.",
      machine.waiting(), labels);
  const Timestamp watermark = machine.watermark();
  if (watermark == eventtime::kMinTimestamp || watermark == eventtime::kMaxTimestamp) return;
  add(Kind::kGauge, "source_watermark_seconds",
      "Event time up to which the input is settled, since 1970.",
      static_cast<double>(watermark.micros) / kMicrosPerSecond, labels);
  add(Kind::kGauge, "source_lag_seconds", "How far the watermark is behind the time of the day.",
      seconds(date_ - watermark), labels);
}

void Collector::add_checkpoint(const RunState::Checkpoints& last, const Labels& labels) {
  if (last.written == 0) return;
  add(Kind::kGauge, "checkpoint_duration_seconds", "How long the last one took.",
      seconds(last.duration), labels);
  add(Kind::kGauge, "checkpoint_bytes", "Of the files of the last one, which it may share.",
      last.bytes, labels);
  add(Kind::kGauge, "checkpoint_age_seconds", "Since the last one was there.",
      seconds({now_.micros - last.done.micros}), labels);
}

void Collector::add_patterns() {
  for (const auto& [name, sums] : patterns_) {
    const Labels labels = {{"pattern", name}};
    add(Kind::kGauge, "pattern_events_considered",
        "Events that met the state of a key, of the partitions that are this process's now.",
        sums.considered, labels);
    add(Kind::kGauge, "pattern_dropped_starts",
        "Partial matches dropped, as too many began for a key.", sums.dropped, labels);
  }
}

}  // namespace

Metrics kafka_metrics(const KafkaRun& run, const std::string& sink, runtime::Clock& clock) {
  Collector collector(run, clock);
  collector.add_run(sink);
  for (const PartitionMachine* machine : run.machines()) {
    collector.add_partition(*machine, run.known_end(machine->partition()));
  }
  collector.add_patterns();
  return collector.take();
}

}  // namespace tocsin::server
