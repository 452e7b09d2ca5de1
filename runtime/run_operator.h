// Evaluates a pattern run by run: any pattern. Keeps the timers of quiet keys; first events wait in
// their batches until one follows that they could use.
#pragma once

#include <queue>
#include <utility>
#include <vector>

#include "runtime/clean_up_timers.h"
#include "runtime/key_table.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

class RunOperator final : public PatternOperator {
 public:
  explicit RunOperator(OperatorParts parts);

  void process(const Surroundings& around) override;
  void advance(eventtime::Timestamp now, const Surroundings& around) override;
  void finish(eventtime::Timestamp end, const Surroundings& around) override;
  eventtime::Timestamp held_from() const override { return matcher_.held_from(); }
  size_t timers() const override { return timers_.size(); }
  size_t light_events() const override { return 0; }
  size_t memory() const override;
  size_t resident_keys() const override { return keys_.size(); }
  size_t spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) override;
  bool can_thaw(std::string_view state) const override;
  void save(const PutKey& put) const override;
  bool restore(std::string_view key, eventtime::Decoder& from, const Restoring& with) override;
  void finish_restore(const Restoring& with) override;
  void begin_waiting(BatchHolder& shelf) override;
  void describe(const VisitPending& visit) const override;

 private:
  bool may_know(uint32_t tag) const override { return !keys_.guess(tag).is_none(); }
  bool thaw(std::string_view key, uint32_t tag, std::string_view state,
            nfa::RestoredEvents& events) override;
  bool spill_entry(KeyEntry& entry, eventtime::Timestamp now);
  void finish_resident(eventtime::Timestamp end, const Surroundings& around);
  void look_up();
  void prefetch_state(const Routed& routed);
  void process_event(Routed& routed, const Surroundings& around);
  // The entry of the event's key; null if the event is done: it waits, or begins nothing.
  KeyEntry* entry_for(const Routed& routed, BatchHolder& shelf);

  void wait(const Routed& routed, KeyRef found, BatchHolder& shelf);
  KeyEntry& begin_key(KeyRef waiting, BatchHolder& shelf);
  bool has_expired(const WaitingStart& start, eventtime::Timestamp now) const;
  KeyRef drop_expired(KeyRef waiting, eventtime::Timestamp now, BatchHolder& shelf);
  void clean_up_waiting(eventtime::Timestamp now, BatchHolder& shelf);

  void save_entry(const KeyEntry& entry, std::string& bytes) const;
  bool restore_entry(std::string_view key, uint32_t tag, eventtime::Decoder& from,
                     nfa::RestoredEvents& events);
  bool restore_waiting(std::string_view key, eventtime::Decoder& from, const Restoring& with);
  void describe_waiting(const VisitPending& visit) const;
  void describe_waiting_start(const WaitingStart& start, PendingMatch& match) const;
  void settle(KeyEntry& entry);
  void fire_moments(eventtime::Timestamp now, const Surroundings& around);
  void fire_timers(eventtime::Timestamp now, const Surroundings& around);
  void pass_time(KeyEntry& entry, eventtime::Timestamp now, const Surroundings& around);

  // A first event of saved state that waits: until all are known, for they wait in order of time.
  struct SavedWait {
    uint64_t sequence = 0;
    RestoredRows::Place row;
    uint32_t key = 0;  // in saved_keys_
  };

  KeyTable keys_;
  CleanUpTimers timers_;
  // When something is decided at a key though no event comes, and its place in the table.
  using Moment = std::pair<eventtime::Timestamp, uint32_t>;
  std::priority_queue<Moment, std::vector<Moment>, std::greater<>> moments_;

  uint32_t hand_ = 0;  // of spill(): a slot of the table

  std::vector<SavedWait> saved_;
  std::vector<std::string> saved_keys_;

  // Reused from event to event.
  std::vector<nfa::TestedEvent> to_bind_;  // probably, by the block that is being looked up
  std::vector<uint32_t> due_;
};

}  // namespace tocsin::runtime
