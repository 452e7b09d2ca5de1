// Evaluates patterns whose partial matches are nothing but their first events (nfa/start_plan.h):
// a list of them for each key, and no runs. What an event costs does not depend on how many wait,
// except where its match is.
//
// INVARIANT: finds what RunOperator finds, in the same order. Tested by
// tests/unit/runtime/start_operator_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "nfa/start_plan.h"
#include "runtime/held_starts.h"
#include "runtime/ordered_starts.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

class StartOperator final : public PatternOperator {
 public:
  // The program has a plan; `schema` is that of its first event.
  StartOperator(OperatorParts parts, const eventtime::EventSchema& schema);

  void process(const Surroundings& around) override;
  void advance(eventtime::Timestamp now, const Surroundings& around) override;
  void finish(eventtime::Timestamp end, const Surroundings& around) override;
  eventtime::Timestamp held_from() const override { return eventtime::kMaxTimestamp; }
  size_t timers() const override { return 0; }
  size_t light_events() const override {
    return held_.light() ? log_.size() - held_.stored_light() : held_.in_batches();
  }
  size_t memory() const override {
    return log_.memory() + (orders_.empty() ? 0 : 2 * log_.size() * sizeof(OrderedStarts::Entry));
  }
  size_t resident_keys() const override { return log_.chains(); }
  size_t spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) override;
  bool can_thaw(std::string_view state) const override;
  void save(const PutKey& put) const override;
  bool restore(std::string_view key, eventtime::Decoder& from, const Restoring& with) override;
  void finish_restore(const Restoring& with) override;
  void describe(const VisitPending& visit) const override;

 private:
  using Kind = nfa::StartPlan::Kind;
  static constexpr uint32_t kNone = StartLog::kNone;
  // So many first events of a key are brought into order when they are asked for.
  static constexpr size_t kOrderedFrom = 16;

  bool may_know(uint32_t tag) const override { return log_.guess(tag) != kNone; }
  bool thaw(std::string_view key, uint32_t tag, std::string_view state,
            nfa::RestoredEvents& events) override;
  bool spill_chain(uint32_t number, eventtime::Timestamp now);
  void set_timer(uint32_t number);
  void fire_timers(eventtime::Timestamp now, const Surroundings& around);
  void find_timers();
  void expire(uint32_t place, const Surroundings& around);
  void expire_front(eventtime::Timestamp expired, const Surroundings& around);
  void finish_resident(const Surroundings& around);
  struct ValueTags;
  void prefetch_starts();
  void find_value_tags();
  void prefetch_values() const;
  // `chain_` is that of its key.
  void process_event(Routed& routed, const ValueTags& tags, const Surroundings& around);
  bool fits(const ReleasedEvent& event, uint16_t place) const;
  // At `now` first events before this have expired.
  eventtime::Timestamp expired_before(eventtime::Timestamp now) const {
    return plan_.life ? now - *plan_.life : eventtime::kMinTimestamp;
  }

  // Of the present key, whose chain is `chain_`, kNone if it has none.
  const StartLog::Chain& chain() const { return log_.chain(chain_); }
  bool is_present_key(const Routed& routed) const {
    return chain_ != kNone && chain().tag == routed.tag &&
           StartLog::are_equal(StartLog::key_of(chain()), routed.key);
  }
  void pass_time(eventtime::Timestamp now, const Surroundings& around);
  void follow(nfa::TestedEvent& event, uint32_t value_tag);
  bool follow_one(uint32_t place, uint32_t left, nfa::TestedEvent& event);
  void kill(const Routed& routed, uint32_t value_tag);
  bool takes_first(const Routed& routed) const;
  void begin(const Routed& routed, uint32_t value_tag);
  void complete_loops(eventtime::Timestamp now);
  bool complete_loop(uint32_t place, uint32_t left, eventtime::Timestamp now);
  void enforce_limit(uint32_t oldest);
  bool may_hold() const;
  void exclude();
  // Of the present key.
  void remove(uint32_t place);

  void fire(uint32_t place, const Surroundings& around);
  bool test(const nfa::Code& condition, uint32_t place, const nfa::TestedEvent& event);
  // Whether there is a match, which having does not refuse.
  bool match(nfa::NodeId node, eventtime::Timestamp complete);
  nfa::NodeId bind_loop(uint32_t place, uint32_t count, uint32_t& last);
  void note_match(uint32_t start, uint32_t last, uint64_t sequence);
  uint64_t sequence(uint32_t place) const { return held_.sequence(place); }

  void index(uint32_t place, uint32_t value_tag);
  void save_chain(std::string& out, uint32_t number) const;
  bool read_chain(eventtime::Decoder& from, uint32_t key, nfa::RestoredEvents& events);
  bool is_of_first(uint32_t variable) const {
    return program_.places[nfa::kFirstPlace].variable == variable;
  }

  // Values by which first events are found.
  eventtime::Value value_of(uint32_t place) const {
    return held_.cells().read(log_.words(place), value_update_);
  }
  void find_equal(const nfa::TestedEvent& event, uint32_t tag);
  void index_value(uint32_t place, uint32_t tag);
  uint32_t value_tag(uint32_t place) const;

  // Values in whose order first events are found, where a key has many.
  OrderedStarts& order_of_chain();
  void forget_moved();
  void drop_gone(OrderedStarts& order, uint64_t most);
  void put_in_order(OrderedStarts& order, uint32_t place);
  void put_in_order(uint32_t place);
  bool is_there(const OrderedStarts::Entry& entry) const {
    return log_.is_there(entry.place) &&
           static_cast<uint32_t>(sequence(entry.place)) == entry.stamp;
  }
  uint64_t rank_of(const eventtime::Value& value) const;
  void follow_in_order(nfa::TestedEvent& event);

  // Sums that having asks for.
  double summand(uint32_t place) const;
  // The mark of a first event: its own match is out, or none may begin with it any more, but older
  // ones still go through it.
  bool is_spent(uint32_t place) const { return spent_ > 0 && held_.mark(place) != 0; }
  void spend(uint32_t place);
  void drop_spent();
  void move_sum(uint32_t place, bool in);
  void find_sums();
  struct SavedStart;
  void place(const SavedStart& start, std::string_view key, uint32_t tag);

  // A first event of saved state: until all keys are known, for the log is in the order of time.
  struct SavedStart {
    HeldStarts::Saved start;
    uint32_t key = 0;  // in saved_keys_
    bool spent = false;
  };

  nfa::StartPlan plan_;
  bool expires_in_front_;  // of all keys at each event: few look at the oldest of theirs anyway
  bool keeps_spent_;
  HeldStarts held_;
  StartLog& log_;
  size_t spent_ = 0;  // first events
  std::vector<uint64_t> clear_slots_;
  std::vector<uint64_t> slots_;
  std::vector<size_t> updates_read_;  // of the first place: by conditions on later events
  size_t value_update_ = 0;           // of the first place, with a value_slot
  uint32_t value_column_ = 0;         // of its event
  bool counts_values_ = false;        // the value_slot is that of a `distinct`
  uint32_t equal_type_ = 0;           // of the event that has the plan_.equal_column
  size_t sum_update_ = 0;             // with a plan_.sum
  size_t order_update_ = 0;           // with a plan_.order
  std::unordered_map<uint32_t, OrderedStarts> orders_;  // by chain, of long ones
  uint64_t order_moves_ = 0;                            // of the log, when they were made

  // When first events of keys that came back from the disk expire: they stand behind newer ones. A
  // chain has one timer at most, and is marked with its number; others are of chains that have
  // gone.
  struct Timer {
    eventtime::Timestamp time;
    uint32_t number = 0;
    uint32_t chain = 0;
    friend bool operator>(const Timer& left, const Timer& right) { return left.time > right.time; }
  };
  std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
  uint32_t last_timer_ = 0;

  std::vector<SavedStart> saved_;
  std::vector<std::string> saved_keys_;

  // Hashes of the values of a routed event, with its key's: as a first event, and as one that looks
  // for first events.
  struct ValueTags {
    uint32_t first = 0;
    uint32_t later = 0;
  };
  std::vector<ValueTags> value_tags_;  // by routed event, with a value_slot

  std::vector<uint32_t> guessed_;  // chains, by routed event

  // Of the present event. In process() the chain is that of the event before, if it is still there,
  // until the present one's is found.
  uint32_t chain_ = kNone;
  std::string_view key_;
  bool key_is_read_ = false;
  uint64_t excluded_before_ = 0;                // first events with a smaller sequence
  std::vector<uint32_t> equal_;                 // places, oldest first
  std::vector<OrderedStarts::Entry> in_order_;  // found
  std::vector<double> sums_;  // of the first events of a chain from each one on, newest first
};

}  // namespace tocsin::runtime
