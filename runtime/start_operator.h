// Evaluates patterns whose partial matches are nothing but their first events (nfa/start_plan.h):
// a list of them for each key, and no runs. What an event costs does not depend on how many wait,
// except where its match is.
//
// INVARIANT: finds what RunOperator finds, in the same order. Tested by
// tests/unit/runtime/start_operator_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <vector>

#include "nfa/start_cells.h"
#include "nfa/start_plan.h"
#include "runtime/pattern_operator.h"
#include "runtime/start_log.h"

namespace tocsin::runtime {

class StartOperator final : public PatternOperator {
 public:
  // The program has a plan; `schema` is that of its first event.
  StartOperator(OperatorParts parts, const eventtime::EventSchema& schema);

  void process(const Surroundings& around) override;
  void advance(eventtime::Timestamp now, const Surroundings& around) override;
  void finish(eventtime::Timestamp end, const Surroundings& around) override;
  eventtime::Timestamp held_from() const override { return eventtime::kMaxTimestamp; }
  size_t keys() const override { return log_.keys(); }
  size_t timers() const override { return 0; }

 private:
  using Kind = nfa::StartPlan::Kind;
  static constexpr uint32_t kNone = StartLog::kNone;

  void prefetch_key(uint32_t tag) const override { log_.prefetch_index(tag); }
  void process_event(Routed& routed, const Surroundings& around);
  bool fits(const Routed& routed, eventtime::TypeId type, uint32_t variable,
            nfa::StepPredicate local) const;
  bool fits(const Routed& routed, uint16_t place) const;
  bool has_expired(const StartLog::Start& start, eventtime::Timestamp now) const {
    return plan_.life && start.time + *plan_.life < now;
  }

  // Each returns the oldest that is left of the key.
  uint32_t pass_time(uint32_t oldest, eventtime::Timestamp now, const Surroundings& around);
  uint32_t follow(uint32_t oldest, const Routed& routed);
  uint32_t kill(uint32_t oldest, const Routed& routed);
  uint32_t begin(uint32_t oldest, const Routed& routed);
  uint32_t complete_loops(uint32_t oldest, eventtime::Timestamp now);
  uint32_t exclude(uint32_t oldest);
  uint32_t remove(uint32_t oldest, uint32_t place);

  void fire(uint32_t oldest, const Surroundings& around);
  bool test(const nfa::Code& condition, uint32_t place, const nfa::TestedEvent& event);
  void match(nfa::NodeId node, eventtime::Timestamp complete);
  nfa::NodeId bind_loop(uint32_t place, uint32_t count, uint32_t& last);
  void note_match(uint32_t start, uint32_t last, uint64_t sequence);
  uint64_t sequence(uint32_t place) const { return events_.at(log_.at(place).event).sequence; }
  bool is_of_first(uint32_t variable) const {
    return program_.places[nfa::kFirstPlace].variable == variable;
  }

  nfa::StartPlan plan_;
  nfa::StartCells cells_;
  StartLog log_;
  std::vector<uint64_t> clear_slots_;
  std::vector<uint64_t> slots_;
  std::vector<size_t> updates_read_;  // of the first place: by conditions on later events

  // Of the present event.
  bool key_is_read_ = false;
  std::string_view key_;
  uint64_t excluded_before_ = 0;  // first events with a smaller sequence
};

}  // namespace tocsin::runtime
