// One run, from open inputs to closed outputs: reads, matches, writes.
//
// Bounded inputs are read to their ends, always the one that is most behind. Live ones (--follow)
// are read as they get more until a stop is asked for: the one that is most behind first, and when
// that has nothing, the next. What comes out does not depend on who was read when. A live input
// that is so far ahead that kMaxWaiting of its events wait for others is not read, so that memory
// stays bounded. When inputs are idle, ticks let time go on (run_ticks.h). With a state directory
// (run_state.h) a stop is a checkpoint, whatever the inputs are. Tested by
// tests/unit/server/follow_test.cc, run_loop_test.cc and replay_test.cc, with state by
// tests/faults.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/file/read_ahead.h"
#include "connectors/state/temporary_storage.h"
#include "patterns/pattern.h"
#include "runtime/batch_pool.h"
#include "runtime/clock.h"
#include "runtime/engine.h"
#include "runtime/source.h"
#include "runtime/spill_files.h"
#include "server/alert_batch.h"
#include "server/metrics/kafka_clients.h"
#include "server/metrics/metrics_server.h"
#include "server/metrics/run_metrics.h"
#include "server/pace.h"
#include "server/progress.h"
#include "server/run_command.h"
#include "server/run_outputs.h"
#include "server/run_state.h"
#include "server/run_summary.h"
#include "server/run_ticks.h"

namespace tocsin::server {

class RunLoop {
 public:
  static constexpr size_t kMaxWaiting = size_t{1} << 18;

  // Options and clock outlive the loop. A run that has no end of its own ends when `stop` says so.
  RunLoop(const RunOptions& options, runtime::Clock& clock, std::function<bool()> stop)
      : options_(options), clock_(clock), stop_(std::move(stop)), alerts_(options.writes_kafka()) {}

  // `own`: of the same set; only a run with state asks for it.
  eventtime::Result<void> open(patterns::PatternSet set, OwnPatterns own = {});
  // What had been read before an error, or before the stop, has been matched.
  eventtime::Result<void> read_all();
  eventtime::Result<void> close() { return outputs_.close(); }

  // The reader of the alerts has gone.
  bool pipe_closed() const { return outputs_.pipe_closed(); }
  RunSummary summary() const;
  // Where metrics are served; of a run that is open.
  uint16_t metrics_port() const { return metrics_ ? metrics_->port() : 0; }

 private:
  // Reads one batch of an input; whether something came, or the input has ended.
  eventtime::Result<bool> read_some(uint32_t input);
  eventtime::Result<void> match(uint32_t input, std::shared_ptr<eventtime::Batch> batch);
  eventtime::Result<void> open_engine(patterns::PatternSet set,
                                      const runtime::EngineOptions& options);
  eventtime::Result<void> open_state(patterns::PatternSet set, OwnPatterns own);
  eventtime::Result<void> open_ticks_and_outputs(const connectors::RunMeta* before);
  void read_ahead();
  RunState::Parts parts();
  // To those who watch, now and then.
  void publish(bool now = false);
  // The source has nothing more.
  eventtime::Result<void> end(uint32_t input);
  // Of a replay: drops the rows that lie outside of its range, then waits until the rest is due.
  // False if the stop came first.
  bool prepare(eventtime::Batch& batch);
  void give_out(const runtime::Alert& alert);
  eventtime::Result<void> check_journal_is_done() const;
  eventtime::Result<bool> written_alerts();
  eventtime::Result<void> flush_now_and_then();
  eventtime::Result<void> check_spilling();
  runtime::EngineOptions engine_options() const;
  eventtime::Result<void> read_bounded();
  eventtime::Result<void> read_live();
  eventtime::Result<bool> read_round();
  // Does what the round's ticks say.
  eventtime::Result<void> pass_time();
  // The watermark of the input is at least `time`; kMaxTimestamp: it has ended.
  void move_time(uint32_t input, eventtime::Timestamp time);
  bool can_be_read(uint32_t input) const;
  // Of those that can be read, the most behind.
  std::optional<uint32_t> next_input() const;
  // All of them, the most behind first.
  std::vector<uint32_t> open_inputs() const;
  bool is_far_ahead(uint32_t input) const;
  std::optional<uint64_t> total_bytes() const;
  uint64_t done_bytes() const;

  const RunOptions& options_;
  runtime::Clock& clock_;
  std::function<bool()> stop_;
  std::unique_ptr<RunState> state_;                          // with --state only
  std::unique_ptr<connectors::TemporaryStorage> temporary_;  // without
  std::unique_ptr<runtime::SpillFiles> spill_;
  std::unique_ptr<runtime::Engine> engine_;
  std::optional<runtime::BatchPool> pool_;
  // After the engine: alerts are formatted by the sources' formats until the engine is gone.
  std::vector<std::unique_ptr<runtime::Source>> sources_;
  std::vector<connectors::ReadAhead*> readers_;  // the same; null: never read ahead
  std::vector<uint64_t> records_;                // read so far, by input; refused ones count
  std::vector<InputCounters> counters_;          // by input
  std::vector<bool> left_open_;  // by input: its source has ended, and no tick says so
  std::unique_ptr<RunTicks> ticks_;
  RunOutputs outputs_;
  std::optional<Progress> progress_;
  AlertBatch alerts_;
  std::optional<Pace> pace_;
  std::unique_ptr<MetricsServer> metrics_;  // where somebody is to watch
  eventtime::Duration next_publish_;
  KafkaStatisticsText kafka_statistics_;
  eventtime::Duration next_flush_;
  runtime::Engine::OnAlert on_alert_;
  bool told_of_spilling_ = false;
  uint64_t events_read_ = 0;
  uint64_t skipped_ = 0;
  std::map<std::string, uint64_t> withheld_;  // alerts of the warm-up, by pattern
};

}  // namespace tocsin::server
