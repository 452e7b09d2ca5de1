// The engine: patterns in, batches of events in, alerts out. Single-threaded; no I/O, no clock, no
// log.
//
// An event's life: its batch is pushed -> local conditions of all patterns over the whole batch ->
// reordered until its time is settled -> for each pattern that it may concern, the state of its key
// -> matches -> alerts, held until no alert of an earlier time can come, sorted.
//
// INVARIANT: alerts are a function of the inputs' records, their order and the patterns; batch
// borders and the order in which inputs are pushed play no part. Tested by
// tests/unit/runtime/engine_test.cc and, against the definition, by tests/model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/reorder_buffer.h"
#include "eventtime/result.h"
#include "patterns/pattern.h"
#include "runtime/alert.h"
#include "runtime/engine_options.h"
#include "runtime/pending.h"

namespace tocsin::runtime {

struct SpilledRecord;  // spill_files.h

struct PatternStats {
  std::string name;
  uint64_t alerts = 0;
  uint64_t events_considered = 0;
  uint64_t dropped_starts = 0;
  size_t live_keys = 0;  // with something pending
};

struct EngineStats {
  uint64_t events = 0;  // accepted records, late ones included
  uint64_t late = 0;
  uint64_t null_keys = 0;          // events that belong to no key of some pattern
  uint64_t suppressed = 0;         // alerts that `suppress` kept back
  uint64_t arithmetic_errors = 0;  // overflows and divisions by zero in conditions and results
  size_t live_events = 0;          // held by partial matches
  size_t live_keys = 0;
  size_t spilled_keys = 0;             // of these, on disk
  uint64_t spilled_bytes = 0;          // of the files that they are in
  uint64_t memory = 0;                 // that what is pending takes, about
  size_t live_batches = 0;             // held by rows that wait or may still begin a match
  size_t timers = 0;                   // to clean up after quiet keys
  size_t reordering = 0;               // waiting for their time to be settled
  std::vector<PatternStats> patterns;  // in the order of declaration
};

class WorkerPool;

class Engine {
 public:
  // An event that came too late to be matched. Valid during the call only.
  struct Late {
    uint32_t input;
    const eventtime::Row& row;
    eventtime::Timestamp watermark;
  };
  using OnLate = std::function<void(const Late&)>;
  using OnAlert = std::function<void(const Alert&)>;

  // An error tells of a pattern beyond the engine's limits.
  static eventtime::Result<std::unique_ptr<Engine>> create(patterns::PatternSet patterns,
                                                           const EngineOptions& options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Inputs are numbered from 0, in the order that breaks ties in time. `format` outlives the
  // engine. All inputs before the first push.
  uint32_t add_input(eventtime::Duration out_of_order, const eventtime::RecordFormat& format);

  // The next records of input `batch->input`. `on_alert` is called for the alerts that have become
  // final, in order of completion, pattern, key.
  void push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
            const OnLate& on_late);
  // Time on the input is `time`, as an event of that time would say, though none has come: decides
  // what only waits for time to pass. The input stays open.
  void advance(uint32_t input, eventtime::Timestamp time, const OnAlert& on_alert);
  // The input has ended; when all have, everything is decided.
  void finish(uint32_t input, const OnAlert& on_alert);

  // An input that had ended has more. Its end was time that passed for the others: what comes is
  // late if it is behind what has been settled since.
  void reopen(uint32_t input);

  // All that the engine knows between two calls, as records; `put` is called once for each, with
  // different keys, in no order. What is the same has the same bytes.
  using PutRecord = std::function<void(std::string_view key, std::string_view value)>;
  void save(const PutRecord& put) const;
  // Without the keys that have been spilled: their records stay where they are.
  void save_resident(const PutRecord& put) const;
  // Into an engine that has its inputs and has seen nothing: each record of a saved state, in any
  // order, then finish_restore(). It goes on as the one that was saved. Records of patterns that
  // are gone are passed over. After an error the engine is of no use.
  eventtime::Result<void> restore(std::string_view key, std::string_view value);
  // The same of a key that was spilled, which stays on the disk; after the engine's own record. The
  // key is revived from its place, or restored into memory where events are declared otherwise now.
  // Of a pattern that is gone it stays dead.
  eventtime::Result<void> restore_spilled(uint64_t segment, uint32_t unit,
                                          const SpilledRecord& record);
  eventtime::Result<void> finish_restore();
  // Decides what the patterns' own conditions say of first events that wait (run_operator.h), so
  // that saved state can go to patterns with other conditions.
  void begin_waiting();

  // Calls `visit` for each key of each pattern with something pending, in no order.
  using VisitPending = std::function<void(const PendingKey&)>;
  void visit_pending(const VisitPending& visit) const;

  // For EngineOptions::versions. Events that patterns emit are before this time if they have been
  // emitted.
  eventtime::Timestamp derived_until() const;
  // Whether a pattern that drains may still have a match. By its place in patterns().
  bool has_pending(size_t pattern) const;

  // The same with alerts as lines of JSON, appended to `alerts`.
  void push(std::shared_ptr<const eventtime::Batch> batch, std::string& alerts,
            const OnLate& on_late) {
    push(std::move(batch), lines_to(alerts), on_late);
  }
  void advance(uint32_t input, eventtime::Timestamp time, std::string& alerts) {
    advance(input, time, lines_to(alerts));
  }
  void finish(uint32_t input, std::string& alerts) { finish(input, lines_to(alerts)); }

  // The input that holds the others back, to be read next; nothing when all have ended.
  std::optional<uint32_t> next_input() const;

  // kMinTimestamp before its first event, kMaxTimestamp when it has ended.
  eventtime::Timestamp watermark(uint32_t input) const;
  // Its events that wait for their time to be settled.
  size_t pending(uint32_t input) const;

  const patterns::PatternSet& patterns() const;
  // The threads that match; between two calls they may do other work.
  WorkerPool& workers();
  EngineStats stats() const;
  // An error of the disk with the keys that have been spilled. What came out until then is right,
  // and nothing comes out any more.
  eventtime::Result<void> status() const;
  // By key group: rolled over the alerts given out, in their order: pattern, key, completion, the
  // place of the last event in the order of events, how many were bound, suppressed ones. Two runs
  // over the same events that differ in it have parted.
  std::span<const uint64_t> alert_digests() const;

 private:
  static OnAlert lines_to(std::string& out) {
    return [&out](const Alert& alert) { alert.append_json(out); };
  }

  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::runtime
