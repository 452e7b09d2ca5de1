// Evaluates patterns of several steps whose conditions look at the present event only
// (nfa/stack_plan.h): of each key a stack of events for each step. What an event costs does not
// depend on how many partial matches there are, only on the matches that it completes.
//
// INVARIANT: finds what RunOperator finds, in the same order. Tested by
// tests/unit/runtime/stack_operator_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "nfa/match_set.h"
#include "nfa/stack_plan.h"
#include "nfa/start_cells.h"
#include "runtime/clean_up_timers.h"
#include "runtime/pattern_operator.h"
#include "runtime/stack_table.h"

namespace tocsin::runtime {

class StackOperator final : public PatternOperator {
 public:
  // The program has a plan.
  StackOperator(OperatorParts parts, const eventtime::Catalog& catalog);

  void process(const Surroundings& around) override;
  void advance(eventtime::Timestamp now, const Surroundings& around) override;
  void finish(eventtime::Timestamp end, const Surroundings& around) override;
  eventtime::Timestamp held_from() const override { return eventtime::kMaxTimestamp; }
  size_t timers() const override { return timers_.size(); }
  size_t light_events() const override { return in_batches_; }
  size_t memory() const override;
  size_t resident_keys() const override { return keys_.size(); }
  size_t spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) override;
  bool can_thaw(std::string_view state) const override;
  void save(const PutKey& put) const override;
  bool restore(std::string_view key, eventtime::Decoder& from, const Restoring& with) override;
  void finish_restore(const Restoring& /*with*/) override {}
  void describe(const VisitPending& visit) const override;
  void save_match(const PendingAlert& alert, eventtime::Encoder& out) const override;
  bool restore_match(PendingAlert& alert, eventtime::Decoder& from, const Restoring& with) override;

 private:
  using Instance = nfa::InstanceStack::Instance;

  bool may_know(uint32_t tag) const override { return keys_.guess(tag) != nullptr; }
  bool thaw(std::string_view key, uint32_t tag, std::string_view state,
            nfa::RestoredEvents& events) override;
  void visit_matches(const PendingAlert& alert, const VisitMatch& visit) override;
  void release_match(const PendingAlert& alert) override;

  void process_event(Routed& routed, const Surroundings& around);
  bool fits(const Routed& routed, uint16_t place) const;
  void complete(StackEntry& entry, const Routed& routed, const Surroundings& around);
  void select(StackEntry& entry, nfa::MatchSet& set, uint64_t sequence);
  void take(StackEntry& entry, const Routed& routed);
  bool is_awaited(const StackEntry& entry, size_t stack) const;
  void push(StackEntry& entry, size_t stack, const Routed& routed);

  bool has_expired(const Instance& instance, eventtime::Timestamp now) const {
    return program_.within && instance.time + *program_.within < now;
  }
  void expire(StackEntry& entry, eventtime::Timestamp now);
  void drop_starts(StackEntry& entry, uint64_t before);
  void prune(StackEntry& entry);
  bool is_dead(const StackEntry& entry, size_t stack) const;
  bool is_reachable(const StackEntry& entry, size_t stack) const;
  void pop(StackEntry& entry, size_t stack);
  void drop_all(StackEntry& entry);
  void settle(StackEntry& entry);

  nfa::TestedEvent in_batch(const Instance& instance) const;
  void store(StackEntry& entry, size_t stack, size_t i);
  void store_old();

  void save_entry(const StackEntry& entry, std::string& bytes) const;
  bool restore_entry(std::string_view key, uint32_t tag, eventtime::Decoder& from,
                     nfa::RestoredEvents& events);
  bool restore_stack(nfa::InstanceStack& stack, size_t number, eventtime::Decoder& from,
                     nfa::RestoredEvents& events);
  // An event of a stack in the partial matches of one first event: by which it came there.
  struct Binding {
    bool is_bound = false;
    uint16_t stack = 0;
    size_t at = 0;
  };
  struct Bound {
    std::vector<std::vector<Binding>> by_stack;
    std::vector<size_t> first;  // by stack: the first that is bound
  };
  Bound bound_from(const StackEntry& entry, size_t start) const;
  Binding binding_by(const StackEntry& entry, const Bound& bound, const nfa::StackPlan::Way& way,
                     size_t i) const;
  void add_furthest(const StackEntry& entry, const Bound& bound, PendingMatch& match) const;
  void add_next(const StackEntry& entry, const Bound& bound, PendingMatch& match) const;

  static constexpr nfa::EventId kInBatch = UINT32_MAX;

  nfa::StackPlan plan_;
  std::vector<nfa::StartCells> cells_;  // by stack, and of the last step
  nfa::MatchSets sets_;
  bool keeps_sets_;  // alerts are written out when they leave
  bool takes_all_;   // every event that `then any` can take leads to a match of its own
  StackTable keys_;
  CleanUpTimers timers_;

  BatchHolder* shelf_ = nullptr;  // of the engine
  // Instances whose events are in their batches, the oldest first; some are gone.
  struct Unstored {
    uint32_t slot = 0;
    uint32_t stack = 0;
    uint64_t sequence = 0;
    uint64_t batch = 0;  // its number
  };
  std::deque<Unstored> unstored_;
  size_t in_batches_ = 0;
  size_t instances_ = 0;

  uint32_t hand_ = 0;  // of spill(): a slot of the table

  // Of the present event.
  bool closed_ = false;        // a match excludes that another begins with it
  std::vector<bool> awaited_;  // by stack
  std::vector<uint32_t> due_;
};

}  // namespace tocsin::runtime
