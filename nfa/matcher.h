// Evaluates one pattern, run by run: the definition of the language page (section 3) made
// incremental.
//
// For each event and key every run is looked at; a run is a place in the automaton, the edges out
// of it that are still alive, and its bindings. Of future-equivalent runs with the same first event
// only the most preferred is kept where the skip strategy allows it (Claim 2 of
// docs/architecture.md), so that loops over local conditions hold one run a start, not one a
// subset.
//
// The state of a key is plain data and belongs to the caller; the matcher holds what all keys
// share. INVARIANT: runs of a key stand in the order of their first events. Tested by
// tests/unit/nfa/matcher_test.cc and, against the definition, by tests/model.
#pragma once

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "eventtime/arena.h"
#include "eventtime/codec.h"
#include "eventtime/prefetch.h"
#include "nfa/event_store.h"
#include "nfa/match_buffer.h"
#include "nfa/past.h"
#include "nfa/predicate.h"
#include "nfa/program.h"
#include "nfa/start_cells.h"
#include "nfa/start_plan.h"

namespace tocsin::nfa {

class RestoredEvents;

// A partial match.
struct Run {
  // In `flags`: no event has come since the last binding. Kept only where it matters.
  static constexpr uint16_t kFresh = 1;
  // No event may be bound any more, by a `without`; what waits for time may still complete.
  static constexpr uint16_t kBarred = 2;
  // A `longest` loop that could have begun but for its `until`: it never will, and yet keeps the
  // match open (language page 3.5).
  static constexpr uint16_t kSpent = 4;

  uint64_t start = 0;  // sequence of its first event
  Timestamp started;   // and its time
  // When it has to be looked at again: after this time something in it is decided or impossible.
  Timestamp deadline;
  uint64_t alive = 0;  // edges of its place that may still be taken
  NodeId node = kRootNode;
  uint16_t place = kStartPlace;
  uint16_t flags = 0;  // these, and those of the program's watches
};

// A first event, with `leftmost` and `on timeout` only.
struct Start {
  uint64_t sequence = 0;
  Timestamp window_end;
  NodeId furthest = kRootNode;  // its partial match with the most bindings; held for on timeout
  NodeId best = kRootNode;      // of its complete matches the preferred one; held for leftmost
  uint16_t best_edge = 0;       // by which it ended
  Timestamp best_complete;
  bool emitted = false;  // under `skip none` its runs go on, and there is nothing to report
};

// What few patterns keep of a key besides runs.
struct KeyHistory {
  std::vector<Start> starts;
  std::vector<std::vector<PastEvent>> past;  // by Program::look_backs
  std::vector<std::vector<PastEvent>> logs;  // by Program::logs
  uint64_t last_sequence = 0;                // of the key's last event, with logs only
};

// Most keys have one run, and it needs no memory of its own.
using Runs = boost::container::small_vector<Run, 1>;

struct KeyState {
  Runs runs;
  size_t starts = 0;  // different first events among them
  // Nothing happens before this time is over, unless events come. Of timed programs only.
  Timestamp next_moment = eventtime::kMaxTimestamp;
  std::unique_ptr<KeyHistory> history;

  bool empty() const { return runs.empty() && history == nullptr; }
};

// A complete match, or with `on timeout` a partial one, in order of emission. Holds a reference to
// its node: MatchBuffer::release it.
struct Match {
  NodeId node = kRootNode;
  Timestamp complete;
  bool timeout = false;
  uint64_t start = 0;  // of a timeout: the sequence of its first event
};

struct MatcherStats {
  uint64_t events = 0;          // looked at
  uint64_t runs = 0;            // begun or moved on
  uint64_t dropped_starts = 0;  // first events over the limit, oldest first
  uint64_t arithmetic_errors = 0;

  MatcherStats& operator+=(const MatcherStats& other) {
    events += other.events;
    runs += other.runs;
    dropped_starts += other.dropped_starts;
    arithmetic_errors += other.arithmetic_errors;
    return *this;
  }
};

template <class Predicate>
void erase_runs(Runs& runs, Predicate predicate) {
  runs.erase(std::remove_if(runs.begin(), runs.end(), predicate), runs.end());
}

class Matcher {
 public:
  // `max_starts`: live first events of one key.
  Matcher(const Program& program, EventStore& events, size_t max_starts);

  // Events of one key in order. `key` is the value of the pattern's key fields, for `having`.
  void on_event(KeyState& state, TestedEvent& event, const PredicateResults& predicates,
                std::span<const Value> key, std::vector<Match>& matches);
  // Begins the runs that on_event() would have begun with this event, which came before all events
  // of the key since and which none of them could follow. Only where a first event completes
  // nothing (Program::starts_wait).
  void start(KeyState& state, TestedEvent& event, const PredicateResults& predicates);
  // Time passes without an event of the key: what is decided before `now` is (timed programs), and
  // what can't complete any more goes.
  void advance(KeyState& state, Timestamp now, std::span<const Value> key,
               std::vector<Match>& matches);
  // The input has ended, at `end`: everything is decided, and nothing stays.
  void finish(KeyState& state, Timestamp end, std::span<const Value> key,
              std::vector<Match>& matches);
  // No alert still to come is complete before this time, unless an event or moment brings it:
  // `leftmost` holds matches back, and timeouts that wait for an open match.
  Timestamp held_from() const {
    return held_.empty() ? eventtime::kMaxTimestamp : held_.begin()->first;
  }
  // Whether of the key's matches one is held back by `leftmost`.
  static bool holds_match(const KeyState& state) {
    return state.history != nullptr &&
           std::any_of(state.history->starts.begin(), state.history->starts.end(),
                       [](const Start& start) { return start.best != kRootNode; });
  }
  // When advance() has something to do next; kMaxTimestamp if never.
  Timestamp next_deadline(const KeyState& state) const;
  void drop_all(KeyState& state);
  // Asks for the memory of a run that will be looked at soon.
  void prefetch(const Run& run) const { eventtime::prefetch(&buffer_.node(run.node)); }

  // Asks for what binding an event of one of the pattern's types will read of it.
  void prefetch(const TestedEvent& event) const;

  // What is pending of a key, as bytes; on restoring, `state` is empty, and false says that the
  // bytes are damaged or another program's. A match by its node, which comes with one reference;
  // kRootNode says the same.
  void save(const KeyState& state, eventtime::Encoder& out) const;
  bool restore(KeyState& state, eventtime::Decoder& from, RestoredEvents& events);
  void save_match(NodeId node, eventtime::Encoder& out) const;
  NodeId restore_match(eventtime::Decoder& from, RestoredEvents& events);

  // What an owner that finds events by value knows of a kDistinct slot: whether no event that is
  // bound before has the value. Else that takes a look at each of them.
  struct KnownDistinct {
    uint32_t slot = 0;
    bool is_new = false;
  };
  // For plans that keep events instead of runs (start_plan.h, stack_plan.h). Each node comes with
  // one reference. `cells` are those of the place.
  NodeId bind_cells(NodeId parent, uint16_t place, uint16_t edge, EventId stored,
                    const StartCells& cells, const uint64_t* words,
                    std::optional<KnownDistinct> known = std::nullopt);
  NodeId bind_event(NodeId parent, uint16_t place, uint16_t edge, TestedEvent& event);
  // Does some of the first place's updates, as bind_cells(kRootNode, ...) would. `slots` are as
  // SlotLayout::clear() leaves them.
  void fill_slots(uint64_t* slots, std::span<const size_t> updates, const StartCells& cells,
                  const uint64_t* words, Timestamp time);
  bool holds(const Code& condition, const uint64_t* slots, const TestedEvent& event);
  // Whether a step or negation may take the event, as far as the event alone decides it. One that
  // enters a key by one field only concerns the steps that name this field.
  static bool fits(TypeId type, uint32_t variable, StepPredicate local, const TestedEvent& event,
                   const PredicateResults& predicates) {
    return type == event.row->type && predicates.holds(local, event.row->table_row) &&
           (event.variables == nullptr || variable == kNoVariable ||
            event.variables->test(variable));
  }
  void count_event() { ++stats_.events; }
  void count_dropped_start() { ++stats_.dropped_starts; }
  void set_stats(const MatcherStats& stats) { stats_ = stats; }
  // The sequence of the event that `skip to first v` or `to last v` skips to; 0 if v is not bound.
  uint64_t skip_target(NodeId match) const;

  MatchBuffer& buffer() { return buffer_; }
  const MatchBuffer& buffer() const { return buffer_; }
  const Program& program() const { return program_; }
  const MatcherStats& stats() const { return stats_; }
  // Ends the life of strings computed for having and emit.
  eventtime::Arena& scratch() { return scratch_; }
  EvalContext context_of(NodeId node, std::span<const Value> key);

 private:
  struct Candidate {
    NodeId node = kRootNode;
    uint64_t start = 0;
    uint16_t edge = 0;  // by which it ended
    Timestamp complete;
  };
  // Edges of a place whose target's type and local condition an event satisfies, and watches of it.
  struct Concern {
    uint64_t edges = 0;
    uint64_t watches = 0;
    uint64_t stamp = 0;  // valid where it is stamp_
  };
  // What the watches of a place say of an event.
  struct Verdict {
    uint64_t before = 0;  // edges that the event itself can't take any more
    uint64_t behind = 0;  // edges that no later event can take
    uint16_t seen = 0;    // flags to set
  };

  const Concern& concern(uint16_t place, const TestedEvent& event,
                         const PredicateResults& predicates);
  bool holds(const std::optional<Code>& correlated, NodeId node, const TestedEvent& event);
  Verdict watch(const Run& run, uint64_t watches, const TestedEvent& event);
  void step(const Run& run, const Concern& concern, TestedEvent& event, size_t group);
  uint64_t takes(Run& run, uint64_t hit, const TestedEvent& event);
  bool may_take(const Run& run, const Edge& edge, const TestedEvent& event);
  void spawn(const Run& from, size_t edge_index, TestedEvent& event, size_t group);
  void complete_at_once(Run& run, const Place& place, Timestamp now);
  void pass_ranges(uint16_t& flags, uint32_t variable) const;
  bool breaks_range(uint16_t flags) const;
  void bind(NodeId node, const Place& place, const TestedEvent& event);
  void bind_value(NodeId node, const Slot& slot, const Value& value, Timestamp time);
  bool is_new_value(NodeId node, const Slot& distinct, const Value& value) const;
  void begin(KeyState& state, TestedEvent& event, const PredicateResults& predicates);
  void enforce_limit(KeyState& state);

  // matcher_state.cc
  class RestoredNodes;
  static void save_past(eventtime::Encoder& out, const std::vector<std::vector<PastEvent>>& past,
                        const std::vector<PastTable>& tables);
  static bool restore_past(eventtime::Decoder& from, std::vector<std::vector<PastEvent>>& past,
                           std::vector<PastTable>& tables);
  bool restore_runs(KeyState& state, eventtime::Decoder& from, RestoredNodes& nodes);
  bool restore_history(KeyState& state, eventtime::Decoder& from, RestoredNodes& nodes);

  // matcher_merge.cc
  void keep(const Run& run, size_t group);
  bool dominates(const Run& winner, const Run& loser) const;
  bool preferred(const Run& left, const Run& right) const;
  bool same_future(const Run& left, const Run& right) const;

  static bool guards_hold(const Edge& edge, std::span<const uint32_t> counters);

  // matcher_time.cc
  Timestamp window_end(const Run& run) const;
  Timestamp deadline_of(const Run& run) const;
  Timestamp decided_by(const Run& run, const Ending& ending) const;
  Timestamp completed_by(const Run& run, const Ending& ending, Timestamp end) const;
  bool is_decided(const Run& run, const Ending& ending, Timestamp now) const;
  void complete_if_decided(Run& run, const TestedEvent& event);
  void fire(KeyState& state, Timestamp moment, std::span<const Value> key,
            std::vector<Match>& matches);
  void pass_time(Run& run, Timestamp moment);
  void find_next_moment(KeyState& state) const;
  void remember(KeyState& state, const TestedEvent& event, const PredicateResults& predicates);
  bool looks_back_clear(const KeyState& state, NodeId node, Timestamp now);
  void forget(KeyState& state, Timestamp now);
  void log(KeyState& state, const TestedEvent& event, const PredicateResults& predicates);
  bool is_late_clear(const KeyState& state, const Run& run, const Watch& watch);
  bool test_past(const PastTable& table, const PastEvent& event, const Code& test, NodeId node);
  void drop_logs(KeyState& state);

  // matcher_select.cc
  void select(KeyState& state, std::span<const Value> key, std::vector<Match>& matches);
  bool comes_first(const Candidate& left, const Candidate& right) const;
  bool is_excluded(const Candidate& candidate, const std::vector<Match>& matches,
                   size_t first_match, uint64_t excluded_before) const;
  bool is_repeated(const Candidate& candidate, const std::vector<Match>& matches,
                   size_t first_match) const;
  void drop_repeated(KeyState& state, const Candidate& candidate);
  uint64_t exclude_by(const Candidate& match);
  void exclude(KeyState& state, uint64_t before);
  void choose_best(KeyState& state, std::span<const Value> key);
  void decide_leftmost(KeyState& state, std::vector<Match>& matches);
  void report_timeouts(KeyState& state, Timestamp now, std::vector<Match>& matches);
  void note(KeyState& state, const Run& run);
  bool may_beat(const Run& run, const Candidate& best) const;
  void drop_start(Start& start);
  void hold(Timestamp time) { ++held_[time]; }
  void let_go(Timestamp time);
  static void drop_empty_history(KeyState& state);
  static bool has_run(const KeyState& state, uint64_t start);
  static size_t count_starts(const Runs& runs);

  const Program& program_;
  EventStore& events_;
  MatchBuffer buffer_;
  size_t max_starts_;
  bool exact_;                // every binding counts, not only the preferred one of a start
  bool merges_;               // whether one run can make another superfluous
  size_t domination_window_;  // so many of the runs kept last are looked at for that
  std::vector<std::vector<uint32_t>> bound_columns_;  // by TypeId: what binding an event reads
  std::map<Timestamp, size_t> held_;  // times of completion that may still be reported
  MatcherStats stats_;
  eventtime::Arena scratch_;

  std::vector<PastTable> past_tables_;  // by Program::look_backs
  std::vector<PastTable> log_tables_;   // by Program::logs

  // Of the present event.
  std::vector<Concern> concerns_;  // by place
  uint64_t stamp_ = 0;
  KeyState* state_ = nullptr;  // whose runs are being stepped
  const PredicateResults* predicates_ = nullptr;
  std::span<const Value> key_;
  std::vector<Run> next_;
  std::vector<Candidate> candidates_;
  std::vector<uint64_t> emitted_starts_;
};

}  // namespace tocsin::nfa
