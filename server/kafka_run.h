// A run that reads partitions of Kafka and commits alerts to Kafka.
//
// Which partitions are this process's is said by the consumer group; each is a machine of its own
// (partition_machine.h). One thread reads; matching and committing are shared out over threads,
// partition by partition; between two rounds all stand still, so that checkpoints can fork. A
// machine that the world disturbs is dropped and its partition taken over anew, later and later; a
// machine that cannot go on ends the run, and what others have done is committed. Tested by
// tests/unit/server/kafka_run_test.cc, with brokers by tests/kafka.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/kafka/retry_pause.h"
#include "runtime/log_client.h"
#include "runtime/worker_pool.h"
#include "server/partition_machine.h"

namespace tocsin::server {

struct KafkaRunOptions {
  PartitionOptions partitions;
  std::vector<std::string> topics;
  size_t threads = 1;
  std::mutex* quiet = nullptr;  // locked for a fork: then others do not allocate
};

struct KafkaRunStats {
  uint64_t records = 0;
  uint64_t malformed = 0;
  uint64_t late = 0;
  uint64_t alerts = 0;
  uint64_t commits = 0;
  uint64_t committed = 0;  // alerts
  uint64_t checkpoints = 0;
  uint64_t failed_checkpoints = 0;
  uint64_t taken_over = 0;  // partitions, again ones included
  uint64_t disturbed = 0;   // machines that were dropped because of the world
};

class KafkaRun {
 public:
  // All outlive the run.
  KafkaRun(const KafkaRunOptions& options, runtime::LogClient& client, runtime::Clock& clock,
           std::function<bool()> stop);

  // Until a stop is asked for. An error: a partition that cannot be gone on with, or the group has
  // refused this member.
  eventtime::Result<void> run();
  KafkaRunStats stats() const;
  // Of the partitions that are this process's now.
  std::vector<const PartitionMachine*> machines() const;
  std::optional<int64_t> known_end(const runtime::LogPartition& partition) const {
    return reader_->known_end(partition);
  }
  // Called after each round.
  std::function<void(const KafkaRun&)> on_round;

 private:
  using Machine = std::unique_ptr<PartitionMachine>;

  eventtime::Result<void> join();
  // Hears what the group says; joins it anew where it has shut this member out.
  eventtime::Result<void> take_part();
  void assign(const std::vector<runtime::LogPartition>& partitions);
  void revoke(bool lost);
  eventtime::Result<void> take_over();
  eventtime::Result<void> round();
  eventtime::Result<void> read();
  // Calls work for all machines at the same time, and drops those that fail.
  eventtime::Result<void> with_all(
      const std::function<eventtime::Result<void>(PartitionMachine&)>& work);
  eventtime::Result<void> drop(const runtime::LogPartition& partition,
                               const eventtime::Error& error);
  eventtime::Duration wait() const;
  static void count(const PartitionMachine& machine, KafkaRunStats& into);

  const KafkaRunOptions& options_;
  runtime::LogClient& client_;
  runtime::Clock& clock_;
  std::function<bool()> stop_;
  runtime::WorkerPool pool_;
  // Those that are ours and not yet taken over.
  std::map<runtime::LogPartition, connectors::RetryPause> waiting_;
  std::map<runtime::LogPartition, Machine> machines_;
  std::unique_ptr<runtime::LogReader> reader_;
  std::unique_ptr<runtime::LogMembership> membership_;  // null for a moment, before it joins anew
  int rejoins_ = 0;
  eventtime::Duration rejoin_at_;
  KafkaRunStats done_;  // by machines that are gone
};

}  // namespace tocsin::server
