// A partition of a log as a deterministic state machine: records in, alerts out, exactly once.
//
// Alerts and the position that they belong to are committed in one small transaction, and
// checkpoints are made rarely, of what has been committed. Who takes the partition over opens a
// producer with the partition's transactional id, which ends what the former owner had open; goes
// back to a checkpoint, which is older than the committed position; and reads the records between
// the two again, without giving out the alerts, which are there already. At the committed position
// their number and digest must be those that stand beside it: the machine stops where it has found
// something else.
//
// INVARIANT: every alert is committed once, together with the first position behind it. After any
// error of the log the machine is thrown away and the partition taken over anew, for what it knows
// has run ahead of what is committed.
//
// Time without records is a record too: a tick "behind offset N, time is T" goes to a journal
// topic in the transaction of the alerts that it causes. The protocol and its traps: tests/sim has
// a log with exact rules and seeds. Tested by tests/sim/partition_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/kafka/commit_note.h"
#include "connectors/kafka/kafka_spec.h"
#include "connectors/kafka/log_records.h"
#include "patterns/pattern.h"
#include "runtime/batch_pool.h"
#include "runtime/clock.h"
#include "runtime/engine.h"
#include "runtime/log_client.h"
#include "runtime/spill_files.h"
#include "server/idle_inputs.h"
#include "server/own_patterns.h"
#include "server/run_state.h"
#include "server/tick_queue.h"

namespace tocsin::server {

// What all partitions of a run have in common; outlives the machines.
struct PartitionOptions {
  std::string group;      // transactional ids begin with it
  std::string directory;  // the state of a partition is in DIRECTORY/TOPIC-NUMBER
  eventtime::Duration checkpoint_every{10'000'000};
  size_t keep = 3;  // checkpoints
  OnChange on_change = OnChange::kDrain;
  runtime::EngineOptions engine;

  const patterns::PatternSet* patterns = nullptr;
  const OwnPatterns* own = nullptr;
  std::function<connectors::DecodeOptions(const std::string& topic)> decoding;
  connectors::LogRecords::Fields fields;
  std::optional<std::string> event_header;  // names the type of each record
  // By topic; null: keys are not checked.
  std::function<const connectors::TopicKey*(const std::string& topic)> key;
  connectors::KafkaStart start;
  eventtime::Duration out_of_order;
  std::optional<eventtime::Duration> idle_after;

  // By the name of the pattern; null: all.
  std::function<bool(const std::string& pattern)> goes_out;
  std::string alert_topic;
  int32_t alert_partitions = 1;
  std::function<std::string(const std::string& topic)> journal;  // the topic of its ticks
  eventtime::Duration commit_every{100'000};

  // Lines about records that were not matched, given out before the position behind them is
  // committed: after a kill some come twice.
  using Line = std::function<eventtime::Result<void>(std::string_view line)>;
  Line late;
  Line dead_letter;
};

struct PartitionStats {
  uint64_t records = 0;
  uint64_t malformed = 0;
  uint64_t late = 0;
  uint64_t commits = 0;
  uint64_t alerts = 0;
  uint64_t committed = 0;  // alerts, since the partition was taken over
  int64_t offset = 0;
  RunState::Checkpoints checkpoints;
};

class PartitionMachine {
 public:
  // Takes the partition over. An error of the input: the partition cannot be gone on with, and a
  // person has to say what is to become of it; of the world: it may do later.
  static eventtime::Result<std::unique_ptr<PartitionMachine>> own(
      runtime::LogClient& client, const runtime::LogPartition& partition,
      const PartitionOptions& options, runtime::Clock& clock);

  const runtime::LogPartition& partition() const { return partition_; }
  // The next record to be read.
  int64_t offset() const { return offset_; }

  // What it reads has been committed by a former owner.
  bool is_replaying() const { return replay_to_.has_value(); }

  // The next record, as read from offset() on; matched by process(). Errors of this and the other
  // functions are as those of own(); after one the machine must be destroyed.
  eventtime::Result<void> add(const runtime::LogRecord& record);
  // Nothing more is committed in the partition now.
  eventtime::Result<void> at_end();
  // Matches what was added, and sends the alerts.
  eventtime::Result<void> process();
  // Lets time pass if the partition is idle; then commits if it is time and there is something.
  eventtime::Result<void> pass();
  // Starts a checkpoint if it is time, and sees how the one before went. Forks: no other thread
  // may be at work.
  eventtime::Result<void> checkpoint();
  // Commits, and makes a checkpoint that the next owner goes on from without reading again.
  eventtime::Result<void> release();

  // When pass() has something to commit, by the clock; nothing: it has not.
  std::optional<eventtime::Duration> due() const;
  PartitionStats stats() const;
  runtime::EngineStats engine_stats() const { return engine_->stats(); }
  eventtime::Timestamp watermark() const { return engine_->watermark(0); }
  size_t waiting() const { return engine_->pending(0); }  // events, for their time to be settled

 private:
  class Source;

  PartitionMachine(runtime::LogClient& client, runtime::LogPartition partition,
                   const PartitionOptions& options, runtime::Clock& clock);

  eventtime::Result<void> open();
  eventtime::Result<void> open_producer();
  eventtime::Result<std::optional<connectors::RunMeta>> restore();
  eventtime::Result<void> find_place(const std::optional<runtime::LogPosition>& committed,
                                     const std::optional<connectors::RunMeta>& before);
  eventtime::Result<void> check_log() const;
  eventtime::Result<void> read_journal();
  bool must_replay(const runtime::LogPosition& committed) const;
  eventtime::Result<void> end_replay();
  eventtime::Result<void> apply_ticks(int64_t position);
  eventtime::Result<void> let_time_pass();
  eventtime::Result<void> send_tick(eventtime::Timestamp time);
  eventtime::Result<void> commit();
  void give_out(const runtime::Alert& alert);
  RunState::Parts parts();
  uint64_t digest() const;
  eventtime::Unexpected<eventtime::Error> stop(std::string_view why) const;

  runtime::LogClient& client_;
  runtime::LogPartition partition_;
  const PartitionOptions& options_;
  runtime::Clock& clock_;
  std::unique_ptr<runtime::LogProducer> producer_;
  std::unique_ptr<RunState> state_;
  std::unique_ptr<runtime::SpillFiles> spill_;
  std::optional<connectors::LogRecords> records_;
  std::unique_ptr<runtime::Engine> engine_;
  std::optional<runtime::BatchPool> pool_;
  RunState::Sources sources_;
  TickQueue ticks_;  // of the journal, not applied yet
  IdleInputs idle_;
  uint64_t journal_ = 0;  // ticks before this offset have been applied

  int64_t offset_ = 0;  // the next record to be matched
  int64_t next_ = 0;    // the next record to be added
  connectors::CommitNote note_;
  std::optional<runtime::LogPosition> replay_to_;  // while alerts are held back
  eventtime::Result<void> sent_;
  bool is_dirty_ = false;  // there is something to commit
  eventtime::Duration committed_at_;
  eventtime::Duration looked_at_;  // whether time is to pass
  bool brought_something_ = false;
  PartitionStats stats_;
  uint64_t sending_ = 0;  // alerts of the open transaction
  std::string text_;      // reused
};

}  // namespace tocsin::server
