// Evaluates patterns of two steps together whose first events are of one type, have one key and
// live equally long (nfa::PairKind): their first events wait in one log, chained by key. Of a
// thousand patterns an event of a first step then touches one log and not that of its pattern.
//
// An event of a second step looks through what waits for its key. Where that has cost more than an
// index would have, the key's first events are found by pattern from then on.
//
// INVARIANT: finds what a StartOperator of each pattern finds. Tested by
// tests/unit/runtime/pair_group_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nfa/start_plan.h"
#include "runtime/held_starts.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

class PairOperator;

// For one thread.
class PairGroup {
 public:
  static constexpr uint32_t kNone = StartLog::kNone;

  // `first` is the first step of its patterns, or as good as it, `by` their key; `schema` is that
  // of the events. The store and the keys outlive the group.
  PairGroup(const nfa::Place& first, const eventtime::EventSchema& schema,
            const std::vector<patterns::KeyPart>& by, std::optional<eventtime::Duration> life,
            nfa::EventStore& events, EventKeys& keys, size_t max_starts);
  ~PairGroup();
  PairGroup(const PairGroup&) = delete;
  PairGroup& operator=(const PairGroup&) = delete;

  // A matcher for patterns whose bindings look like the program's: one of all that look alike.
  nfa::Matcher& matcher_for(const nfa::Program& program);
  // Of all patterns.
  const std::vector<patterns::KeyPart>& key_parts() const { return key_parts_; }
  // Who tells of what the matcher counts: true for the first who asks.
  bool claim(const nfa::Matcher& matcher);
  // Takes a pattern in; returns its number here. It outlives all use of the group.
  uint32_t join(PairOperator& pattern);

  // Takes an event of a block that concerns some of the patterns, the `index`th; in order. False:
  // it is of no key of the shard.
  bool enter(ReleasedEvent& event, size_t index, const KeyShare& share) {
    return index == entered_ || enter_anew(event, index, share);
  }
  // The event that was taken last begins the pattern, or could complete it.
  void add(uint32_t pattern, bool begins) { (begins ? firsts_ : seconds_).push_back(pattern); }
  bool has_events() const { return !events_.empty(); }
  void process(const Surroundings& around);
  void advance(eventtime::Timestamp now, BatchHolder& shelf);
  // Forgets all that waits.
  void finish(BatchHolder& shelf);

  // What is there of one pattern.
  // So many events began it or met what waits.
  uint64_t events(uint32_t pattern) const { return patterns_[pattern].events; }
  bool is_idle(uint32_t pattern) const { return patterns_[pattern].starts == 0; }
  size_t keys(uint32_t pattern) const;
  size_t memory(uint32_t pattern) const;
  // First events that are held, but not in the event store.
  size_t light_events(uint32_t pattern) const;
  // Calls `visit(places)` with the first events of each key, oldest first.
  using VisitKey = std::function<void(std::span<const uint32_t> places)>;
  void for_each_key(uint32_t pattern, const VisitKey& visit) const;

  HeldStarts& held() { return held_; }
  const HeldStarts& held() const { return held_; }
  std::string_view key_of(uint32_t place) const {
    return StartLog::key_of(log_.chain(log_.at(place).chain));
  }
  void remove(uint32_t place);

  // One first event of saved state.
  void restore(uint32_t pattern, std::string_view key, const HeldStarts::Saved& start);
  void finish_restore(BatchHolder& shelf);

 private:
  struct Pattern {
    PairOperator* op = nullptr;
    size_t starts = 0;
    uint64_t events = 0;           // that it has met
    uint64_t met = 0;              // sequence of the last of them
    uint64_t excluded_before = 0;  // by which first events with a smaller sequence are excluded
  };
  // An event of a block; what it begins and could complete stands before that of the next one.
  struct Event {
    ReleasedEvent* event = nullptr;
    uint32_t tag = 0;
    uint32_t index = 0;   // in the block
    uint32_t firsts = 0;  // where they begin
    uint32_t seconds = 0;
  };
  struct SavedStart {
    HeldStarts::Saved start;
    uint32_t key = 0;  // in saved_keys_
    uint32_t pattern = 0;
  };
  // A first event.
  struct Waiting {
    uint32_t pattern = 0;
    uint32_t chain = 0;
    uint32_t place = 0;
  };
  using Patterns = std::span<const uint32_t>;
  using Chain = StartLog::Chain;
  using Listed = StartLog::Listed;
  // Marks of a chain: how many first events have been looked at for nothing, but for what the index
  // would have cost; or that there is one.
  static constexpr uint32_t kIndexed = UINT32_MAX - 1;
  static constexpr uint32_t kIndexedWithGaps = UINT32_MAX;  // of a pattern others than oldest went
  static bool is_indexed(const Chain& chain) { return chain.mark >= kIndexed; }

  bool enter_anew(ReleasedEvent& event, size_t index, const KeyShare& share);
  static uint32_t tag_of_pattern(uint32_t key_tag, uint32_t pattern);
  void process_event(const Event& event, Patterns firsts, Patterns seconds,
                     const Surroundings& around);
  void pass_time(eventtime::Timestamp now);
  void prefetch() const;
  void meet(Pattern& pattern, uint64_t sequence);
  void find_waiting(Patterns seconds);
  void look_up(Patterns seconds);
  void look_through(Patterns seconds);
  uint32_t add_chain(std::string_view key, uint32_t tag);
  void begin(uint32_t pattern, const Event& event, std::string_view key);
  void place_in(uint32_t pattern, uint32_t place);
  void index(uint32_t place);
  void index_all(Chain& chain);
  void list(uint32_t place);
  void make_room(Chain& chain);
  void list_again_if_needed();
  void find_keys() const;

  // Of patterns whose bindings look alike.
  struct SharedMatcher {
    SharedMatcher(const nfa::Program& of, nfa::EventStore& events, size_t max_starts)
        : program(of), matcher(program, events, max_starts) {}
    nfa::Program program;
    nfa::Matcher matcher;
    bool claimed = false;
  };

  std::optional<eventtime::Duration> life_;
  nfa::EventStore& store_;
  EventKeys& keys_;
  size_t max_starts_;
  HeldStarts held_;
  StartLog& log_;
  std::map<std::string, std::unique_ptr<SharedMatcher>> matchers_;  // by nfa::pair_shape()
  std::vector<patterns::KeyPart> key_parts_;
  std::vector<Pattern> patterns_;
  uint64_t moves_ = 0;           // of the log, when places were listed
  uint64_t listed_ = 0;          // so many had been added to it then
  uint64_t questions_ = 0;       // events that could complete something
  std::vector<uint64_t> asked_;  // by pattern: the last event that could complete it, by questions_

  // Of the present block.
  std::vector<Event> events_;
  size_t entered_ = SIZE_MAX;      // the last of them
  std::vector<uint32_t> firsts_;   // patterns
  std::vector<uint32_t> seconds_;  // patterns
  uint64_t refused_ = 0;           // sequence of an event that has no key here

  // Of the present event.
  uint32_t chain_ = kNone;
  std::vector<Waiting> waiting_;  // what it completes, by pattern, oldest first
  std::vector<uint32_t> places_;  // of one pattern

  // What there is key by key, as it was after so many changes.
  uint64_t changes_ = 1;
  mutable uint64_t known_changes_ = 0;
  mutable uint64_t counted_changes_ = 0;
  mutable std::vector<Waiting> by_key_;  // by pattern, then key, oldest first
  mutable std::vector<size_t> keys_of_;  // by pattern: how many

  std::vector<SavedStart> saved_;
  std::vector<std::string> saved_keys_;
};

// One of the patterns of a group.
class PairOperator final : public PatternOperator {
 public:
  // The program has a plan; the group outlives the operator.
  PairOperator(OperatorParts parts, PairGroup& group);

  // For the group: the first events of the pattern that wait for a key, oldest first, and an event
  // that completes them. First events with a smaller sequence than it returns are excluded.
  uint64_t complete(std::span<const uint32_t> starts, ReleasedEvent& event,
                    const Surroundings& around);
  void count_dropped_start() { ++counts_.dropped_starts; }

  // What an operator of the pattern alone is made of, that takes over what this one has begun and
  // found; see move_to().
  OperatorParts parts(const EngineOptions& options, const SpillParts* spill, Workspace& work) const;
  // Gives it what this one has begun. The group is to forget it.
  void move_to(PatternOperator& alone, nfa::RestoredEvents& events) const;
  uint32_t number_in_group() const { return number_in_group_; }
  PairGroup& group() { return group_; }

  // Time passes for the group, not for each of its patterns: see Shard::pass_time().
  void process(const Surroundings& around) override { group_.process(around); }
  void advance(eventtime::Timestamp now, const Surroundings& around) override {
    group_.advance(now, around.shelf);
  }
  void finish(eventtime::Timestamp /*end*/, const Surroundings& around) override {
    group_.finish(around.shelf);
  }
  nfa::MatcherStats stats() const override;
  bool is_idle() const override { return group_.is_idle(number_in_group_); }
  eventtime::Timestamp held_from() const override { return eventtime::kMaxTimestamp; }
  size_t timers() const override { return 0; }
  size_t light_events() const override { return group_.light_events(number_in_group_); }
  size_t memory() const override { return group_.memory(number_in_group_); }
  size_t resident_keys() const override { return group_.keys(number_in_group_); }
  void save(const PutKey& put) const override;
  bool restore(std::string_view key, eventtime::Decoder& from, const Restoring& with) override;
  void finish_restore(const Restoring& with) override { group_.finish_restore(with.shelf); }
  void describe(const VisitPending& visit) const override;

 private:
  bool may_know(uint32_t /*tag*/) const override { return true; }
  // Whether it goes.
  bool complete_one(uint32_t place, nfa::TestedEvent& event);
  bool match(nfa::NodeId node, eventtime::Timestamp complete);
  uint64_t excluded_by(uint32_t place, uint64_t sequence) const;

  nfa::StartPlan plan_;
  PairGroup& group_;
  uint32_t number_in_group_;
  // Of the present event.
  uint64_t excluded_before_ = 0;  // first events with a smaller sequence
  std::vector<uint32_t> stay_;    // first events
};

}  // namespace tocsin::runtime
