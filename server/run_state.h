// The state directory of a run (--state DIR): goes on from its newest whole checkpoint, and writes
// new ones while the run goes on.
//
// A checkpoint holds what the engine knows, where each input stands, and how long each output is.
// Going on cuts the outputs off there, so that what was written behind it is written again, the
// same; nothing is lost and nothing comes twice. It also holds the texts of the patterns and the
// values of their lists, as records of its own, so that a run with other patterns can finish what
// has begun (pattern_changes.h):
//
//   t DIGEST   the text of a pattern (own_patterns.h)
//   l DIGEST   the values of a list
//
// The last checkpoint of a bounded run is made before its last input is declared ended: a run over
// the same input repeats just the end, and one over the grown input goes on. Tested by tests/faults
// and tests/unit/server/state_change_test.cc, kept_state_test.cc.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/file_storage.h"
#include "connectors/state/run_marks.h"
#include "connectors/state/run_meta.h"
#include "connectors/state/state_lock.h"
#include "runtime/clock.h"
#include "runtime/engine.h"
#include "runtime/source.h"
#include "runtime/worker_pool.h"
#include "server/own_patterns.h"
#include "server/pattern_changes.h"
#include "server/run_command.h"

namespace tocsin::server {

// Whether a process with threads of a library may fork for a checkpoint: with the address sanitizer
// the child may find the allocator locked for ever.
#if defined(__SANITIZE_ADDRESS__)
constexpr bool kForksBesideThreads = false;
#else
constexpr bool kForksBesideThreads = true;
#endif

class RunState {
 public:
  using Sources = std::vector<std::unique_ptr<runtime::Source>>;

  // Takes the directory for this run; it is made if it is missing.
  static eventtime::Result<std::unique_ptr<RunState>> open(const std::string& directory,
                                                           eventtime::Duration every,
                                                           runtime::Clock& clock, size_t keep = 3);

  // Makes the engine and opens the inputs.
  using OpenEngine = std::function<eventtime::Result<runtime::Engine*>(
      patterns::PatternSet, std::vector<runtime::PatternVersion>)>;
  struct Restoring {
    OnChange on_change = OnChange::kDrain;
    runtime::EngineOptions options;  // of the engine that is to be opened; `spill` has storage()
    OpenEngine open;
    Sources& sources;  // when it is open
    // The same inputs give the same alerts at the same places: no clock has a say.
    bool is_bounded = true;
    std::string name = {};  // of the pipeline; "" may go on with the state of any
  };
  runtime::Storage& storage() { return *storage_; }

  // Before anything is read: has engine and sources opened, for the patterns of today and those
  // that have not finished, and brings them to where the newest whole checkpoint was. Where the
  // outputs stood then; nothing if there is no checkpoint.
  eventtime::Result<std::optional<connectors::RunMeta>> restore(patterns::PatternSet set,
                                                                OwnPatterns own,
                                                                const Restoring& with);

  // What a checkpoint is made of. All outlive it.
  struct Parts {
    runtime::Engine& engine;
    const Sources& sources;
    const std::vector<uint64_t>& records;  // read so far, by input
    // Flushes the outputs and says where they stand.
    std::function<eventtime::Result<void>(connectors::RunMeta&)> tell;
    // What was flushed survives a loss of power. Runs in the child that writes the checkpoint.
    std::function<eventtime::Result<void>()> sync;
    // There is a checkpoint that says this of the outputs.
    std::function<eventtime::Result<void>(const connectors::RunMeta&)> settle;
    std::mutex* quiet = nullptr;  // held by a thread of the process while it allocates
    bool forks = true;            // otherwise the run waits for its checkpoints
  };
  // Between two batches: starts a checkpoint if it is time, and sees how the one before went. A
  // checkpoint that fails is told in the log, and tried again the next time; it ends nothing. An
  // error: the run has found something else than the one before it (run_marks.h), or the world's.
  eventtime::Result<void> pass(const Parts& parts);
  // Whether pass() would start a checkpoint.
  bool is_due() const { return clock_.now().micros - last_.micros >= every_.micros; }
  struct Checkpoints {
    uint64_t written = 0;  // by this process
    uint64_t failed = 0;
    // Of the last one that was written:
    eventtime::Duration duration;
    eventtime::Duration done;  // when it was there, by the clock
    uint64_t bytes = 0;        // of its files, also of those that it shares
  };
  const Checkpoints& checkpoints() const { return checkpoints_; }
  // A checkpoint of just now, waited for. An error: there is none.
  eventtime::Result<void> write(const Parts& parts);

 private:
  RunState(std::unique_ptr<connectors::FileStorage> storage,
           std::unique_ptr<connectors::StateLock> lock, eventtime::Duration every,
           runtime::Clock& clock, size_t keep);

  eventtime::Result<connectors::CheckpointRequest> request(const Parts& parts);
  bool is_replaced(std::string_view key) const;
  eventtime::Result<void> number_spilled();
  eventtime::Result<void> adopt_spilled(const connectors::Manifest& from);
  eventtime::Result<void> open_changed(patterns::PatternSet set, const connectors::Manifest& from,
                                       const Restoring& with);
  eventtime::Result<patterns::PatternSet> bind_reset(patterns::PatternSet set, ChangePlan& plan,
                                                     const SavedTexts& texts,
                                                     const connectors::Manifest& from);
  eventtime::Result<void> migrate(const ChangePlan& plan, const SavedTexts& texts,
                                  const connectors::Manifest& from, const Restoring& with);
  eventtime::Result<void> open_engine(patterns::PatternSet set, const Restoring& with);
  eventtime::Result<void> resume(const Restoring& with);
  void take_counters(const std::string& state, std::string_view counters);
  void keep_texts(const SavedTexts& old);
  void save_texts(const connectors::Put& put) const;
  std::vector<connectors::StoredPattern> unfinished(const runtime::Engine& engine);
  void open_marks(const Restoring& with);
  eventtime::Result<void> take_outcome(const eventtime::Result<connectors::Manifest>& outcome,
                                       const Parts& parts);
  void count(const eventtime::Result<connectors::Manifest>& outcome);
  void tell(const eventtime::Result<connectors::Manifest>& outcome);

  std::unique_ptr<connectors::FileStorage> storage_;
  std::unique_ptr<connectors::StateLock> lock_;
  connectors::CheckpointStore store_;
  eventtime::Duration every_;
  runtime::Clock& clock_;
  eventtime::Duration last_;  // when a checkpoint was begun, by the clock

  std::vector<connectors::StoredPattern> patterns_;  // of the engine, in its order
  std::set<std::string> finished_;                   // states of those that have drained
  SavedTexts texts_;                                 // of patterns_
  runtime::EngineOptions options_;
  std::optional<connectors::RunMarks> marks_;  // of bounded runs
  Checkpoints checkpoints_;
  eventtime::Duration begun_;      // the checkpoint that is being written
  std::string name_;               // of the pipeline
  connectors::RunMeta requested_;  // of the checkpoint that is being written

  // While state is restored.
  OwnPatterns own_;
  runtime::Engine* engine_ = nullptr;
  std::optional<connectors::RunMeta> before_;
  std::set<std::string> migrated_states_;
  std::set<std::string> reset_states_;
  std::vector<std::pair<std::string, std::string>> migrated_;  // their records
  std::map<std::string, std::string> counters_;                // of patterns_, by state
};

}  // namespace tocsin::server
