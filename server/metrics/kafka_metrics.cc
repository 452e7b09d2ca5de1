#include "server/metrics/kafka_metrics.h"

#include <map>
#include <optional>
#include <string>

#include "connectors/kafka/log_source.h"
#include "server/metrics/metric_list.h"

namespace tocsin::server {

using eventtime::Duration;
using eventtime::Timestamp;
using runtime::Metrics;

namespace {

struct PatternSums {
  uint64_t considered = 0;
  uint64_t dropped = 0;
};

// Those of a partition begin anew where it is taken over; the sums go on.
class KafkaCollector {
 public:
  KafkaCollector(const KafkaRun& run, runtime::Clock& clock)
      : stats_(run.stats()), now_(clock.now()), date_(clock.date()) {}
  Metrics take() { return list_.take(); }

  void add_run(const std::string& sink);
  void add_partition(const std::string& source, const PartitionMachine& machine,
                     std::optional<int64_t> end);
  void add_patterns();

 private:
  KafkaRunStats stats_;
  Duration now_;
  Timestamp date_;
  std::map<std::string, PatternSums> patterns_;
  MetricList list_;
};

void KafkaCollector::add_run(const std::string& sink) {
  list_.count("kafka_records_total", "Records read, those of replays included.", stats_.records);
  list_.count("kafka_malformed_total", "Records that are no events.", stats_.malformed);
  list_.count("kafka_late_total", "Events that came too late to be matched.", stats_.late);
  list_.count("kafka_alerts_total", "Alerts that were found, those of replays included.",
              stats_.alerts);
  list_.count("kafka_commits_total", "Transactions that were committed.", stats_.commits);
  list_.count("kafka_taken_over_total", "Partitions that this process has taken over.",
              stats_.taken_over);
  list_.count("kafka_disturbed_total", "Partitions that had to be taken over anew.",
              stats_.disturbed);
  list_.add_checkpoints(stats_.checkpoints, stats_.failed_checkpoints);
  list_.count("sink_alerts_total", "Alerts that were committed.", stats_.committed,
              {{"sink", sink}});
}

void KafkaCollector::add_partition(const std::string& source, const PartitionMachine& machine,
                                   std::optional<int64_t> end) {
  const MetricList::Labels labels = MetricList::labels_of_input(source, machine.partition().text());
  const runtime::EngineStats engine = machine.engine_stats();
  list_.add_all(connectors::log_place_metrics(machine.offset(), end), labels);
  list_.gauge("kafka_replaying", "1 while records are read again that were committed.",
              machine.is_replaying() ? 1 : 0, labels);
  list_.gauge("kafka_live_keys", "Keys with something pending.", engine.live_keys, labels);
  list_.gauge("kafka_memory_bytes", "What is pending takes so much, about.", engine.memory, labels);
  for (const runtime::PatternStats& pattern : engine.patterns) {
    patterns_[pattern.name].considered += pattern.events_considered;
    patterns_[pattern.name].dropped += pattern.dropped_starts;
  }
  list_.add_time(machine.waiting(), machine.watermark(), date_, labels);
  list_.add_last_checkpoint(machine.stats().checkpoints, now_, labels);
}

void KafkaCollector::add_patterns() {
  for (const auto& [name, sums] : patterns_) {
    const MetricList::Labels labels = {{"pattern", name}};
    list_.gauge(
        "pattern_events_considered",
        "Events that met the state of a key, of the partitions that are this process's now.",
        sums.considered, labels);
    list_.gauge("pattern_dropped_starts", "Partial matches dropped, as too many began for a key.",
                sums.dropped, labels);
  }
}

}  // namespace

Metrics kafka_metrics(const KafkaRun& run, const std::string& source, const std::string& sink,
                      runtime::Clock& clock) {
  KafkaCollector collector(run, clock);
  collector.add_run(sink);
  for (const PartitionMachine* machine : run.machines()) {
    collector.add_partition(source, *machine, run.known_end(machine->partition()));
  }
  collector.add_patterns();
  return collector.take();
}

}  // namespace tocsin::server
