// What the engine is made of: events are put into order here, matched by shards, and their alerts
// put into order again. Private to engine.cc and engine_state.cc.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/alert_queue.h"
#include "runtime/derived_events.h"
#include "runtime/doors.h"
#include "runtime/engine.h"
#include "runtime/shard.h"
#include "runtime/spill_files.h"
#include "runtime/worker_pool.h"

namespace tocsin::runtime {

class Engine::Impl {
 public:
  Impl(patterns::PatternSet patterns, const EngineOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  eventtime::Result<void> compile();
  uint32_t add_input(eventtime::Duration out_of_order, const eventtime::RecordFormat& format);
  void push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
            const OnLate& on_late);
  void advance(uint32_t input, eventtime::Timestamp time, const OnAlert& on_alert);
  void finish(uint32_t input, const OnAlert& on_alert);
  void reopen(uint32_t input) { reorder_.reopen(input); }
  std::optional<uint32_t> next_input() const { return reorder_.most_behind(); }
  const eventtime::ReorderBuffer& reorder() const { return reorder_; }
  const patterns::PatternSet& patterns() const { return patterns_; }
  WorkerPool& workers() { return workers_; }
  std::span<const uint64_t> digests() const { return digests_; }
  EngineStats stats() const;
  eventtime::Result<void> status() const;

  // engine_state.cc
  void save(const PutRecord& put) const;
  void save_resident(const PutRecord& put) const;
  eventtime::Result<void> restore(std::string_view key, std::string_view value);
  eventtime::Result<void> restore_spilled(uint64_t segment, uint32_t unit,
                                          const SpilledRecord& record);
  eventtime::Result<void> finish_restore();
  void begin_waiting();
  void visit_pending(const VisitPending& visit) const;
  eventtime::Timestamp derived_until() const;
  bool has_pending(size_t pattern) const;

 private:
  // Of levels above 0: input events and derived ones that are not matched yet, each in order.
  struct Level {
    std::deque<ReleasedEvent> waiting;
    std::deque<ReleasedEvent> derived;
    uint64_t sequence = 0;
  };
  struct Restore;

  LoadedBatch& load(std::shared_ptr<const eventtime::Batch> batch);
  void release();
  // The events of a level; then, if `now` is given, all before it have been matched. Returns from
  // when on there may still be alerts of the level.
  eventtime::Timestamp match(size_t number, std::optional<eventtime::Timestamp> now);
  void route(size_t level);
  void settle(eventtime::Timestamp now, const OnAlert& on_alert);
  void take_waiting(size_t number, eventtime::Timestamp now);
  void pass_on(size_t from);
  void keep_within_memory();
  void tidy_spilled();
  bool has_failed() const { return options_.spill != nullptr && options_.spill->failed(); }
  void give_out(const PendingAlert& alert, const OnAlert& on_alert);
  void collect_alerts(size_t level);
  // For each shard, at the same time where there is much to do for the released events.
  void for_each_shard(const std::function<void(Shard&)>& work);
  // Conditions are decided by the first one's.
  Dispatcher& dispatcher() { return shards_.front()->dispatcher(); }
  Shard& shard_of(std::string_view key) const;

  // engine_state.cc
  void save_engine(const PutRecord& put) const;
  void save_rows(const PutRecord& put) const;
  void save_alerts(const PutRecord& put) const;
  void save_keys(const PutRecord& put) const;
  eventtime::Result<void> restore_engine(std::string_view value);
  eventtime::Result<void> restore_types(eventtime::Decoder& from);
  eventtime::Result<void> restore_record(std::string_view key, std::string_view value);
  bool restore_rows(std::string_view key, eventtime::Decoder& from);
  // With its level; one more than the last: it has been settled.
  using HeldAlert = std::pair<size_t, PendingAlert>;
  bool restore_alert(uint32_t pattern, eventtime::Decoder& from, std::vector<HeldAlert>& piece);
  bool restore_counters(uint32_t pattern, eventtime::Decoder& from);
  void place_rows();
  const std::string& state_name(size_t pattern) const {
    return shards_.front()->operators()[pattern]->state_name();
  }
  std::optional<uint32_t> pattern_of(std::string_view state_name) const;

  patterns::PatternSet patterns_;
  EngineOptions options_;
  PatternLevels pattern_levels_;
  std::vector<const eventtime::RecordFormat*> formats_;  // by input, then of derived events
  BatchShelf shelf_;                                     // its holders: the engine, then the shards
  BatchHolder& holder_;                                  // the engine
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unordered_map<std::string, uint32_t> numbers_;  // of patterns, by the names of their states
  std::optional<EventRouter> router_;                  // to several shards
  WorkerPool workers_;
  std::vector<Level> levels_;
  NullKeys null_keys_;
  eventtime::ReorderBuffer reorder_;
  AlertQueue queue_;
  eventtime::Timestamp settled_ = eventtime::kMinTimestamp;  // what has been decided
  EngineStats stats_;
  std::array<uint64_t, KeyShare::kGroups> digests_{};
  std::unique_ptr<Restore> restore_;                      // while saved state comes in
  std::optional<std::pair<uint64_t, uint32_t>> tidying_;  // a segment, and the unit to go on from

  // Reused from push to push.
  std::vector<eventtime::Arrival> arrivals_;
  std::vector<ReleasedEvent> released_;
  std::vector<DerivedEvent> derived_;
};

}  // namespace tocsin::runtime
