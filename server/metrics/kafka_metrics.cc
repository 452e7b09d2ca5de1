#include "server/metrics/kafka_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace tocsin::server {

using runtime::Metric;
using runtime::Metrics;

namespace {

struct PatternSums {
  uint64_t considered = 0;
  uint64_t dropped = 0;
};

}  // namespace

// Those of a partition begin anew where it is taken over; the sums go on.
Metrics kafka_metrics(const KafkaRun& run) {
  Metrics metrics;
  using Kind = Metric::Kind;
  using Labels = std::vector<std::pair<std::string, std::string>>;
  const auto add = [&](Kind kind, const char* name, const char* help, auto value,
                       const Labels& labels = {}) {
    metrics.push_back({name, help, kind, labels, static_cast<double>(value)});
  };
  const KafkaRunStats stats = run.stats();
  add(Kind::kCounter, "kafka_records_total", "Records read, those of replays included.",
      stats.records);
  add(Kind::kCounter, "kafka_malformed_total", "Records that are no events.", stats.malformed);
  add(Kind::kCounter, "kafka_late_total", "Events that came too late to be matched.", stats.late);
  add(Kind::kCounter, "kafka_alerts_total", "Alerts that were found, those of replays included.",
      stats.alerts);
  add(Kind::kCounter, "kafka_commits_total", "Transactions that were committed.", stats.commits);
  add(Kind::kCounter, "kafka_taken_over_total", "Partitions that this process has taken over.",
      stats.taken_over);
  add(Kind::kCounter, "kafka_disturbed_total", "Partitions that had to be taken over anew.",
      stats.disturbed);
  std::map<std::string, PatternSums> patterns;
  for (const PartitionMachine* machine : run.machines()) {
    const runtime::LogPartition& partition = machine->partition();
    const Labels labels = {{"topic", partition.topic},
                           {"partition", std::to_string(partition.number)}};
    const runtime::EngineStats engine = machine->engine_stats();
    const int64_t offset = machine->offset();
    add(Kind::kGauge, "kafka_offset", "The next record to be matched.", offset, labels);
    if (const auto end = run.known_end(partition)) {
      add(Kind::kGauge, "kafka_lag", "Offsets between the next record and the end of the log.",
          std::max<int64_t>(*end - offset, 0), labels);
    }
    add(Kind::kGauge, "kafka_replaying", "1 while records are read again that were committed.",
        machine->is_replaying() ? 1 : 0, labels);
    add(Kind::kGauge, "kafka_live_keys", "Keys with something pending.", engine.live_keys, labels);
    add(Kind::kGauge, "kafka_memory_bytes", "What is pending takes so much, about.", engine.memory,
        labels);
    for (const runtime::PatternStats& pattern : engine.patterns) {
      patterns[pattern.name].considered += pattern.events_considered;
      patterns[pattern.name].dropped += pattern.dropped_starts;
    }
  }
  for (const auto& [name, sums] : patterns) {
    const Labels labels = {{"pattern", name}};
    add(Kind::kGauge, "pattern_events_considered",
        "Events that met the state of a key, of the partitions that are this process's now.",
        sums.considered, labels);
    add(Kind::kGauge, "pattern_dropped_starts",
        "Partial matches dropped, as too many began for a key.", sums.dropped, labels);
  }
  return metrics;
}

}  // namespace tocsin::server
