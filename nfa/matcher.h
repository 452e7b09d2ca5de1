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

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "eventtime/arena.h"
#include "nfa/event_store.h"
#include "nfa/match_buffer.h"
#include "nfa/predicate.h"
#include "nfa/program.h"

namespace tocsin::nfa {

// A partial match.
struct Run {
  uint64_t start = 0;  // sequence of its first event
  Timestamp started;   // and its time
  Timestamp deadline;  // after this time it can't complete
  uint64_t alive = 0;  // edges of its place that may still be taken
  NodeId node = kRootNode;
  uint16_t place = kStartPlace;
};

// Most keys have one run, and it needs no memory of its own.
using Runs = boost::container::small_vector<Run, 1>;

struct KeyState {
  Runs runs;
  size_t starts = 0;  // different first events among them

  bool empty() const { return runs.empty(); }
};

// A complete match, in order of emission. Holds a reference to its node: MatchBuffer::release it.
struct Match {
  NodeId node = kRootNode;
};

struct MatcherStats {
  uint64_t events = 0;          // looked at
  uint64_t runs = 0;            // begun or moved on
  uint64_t dropped_starts = 0;  // first events over the limit, oldest first
  uint64_t arithmetic_errors = 0;
};

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
  // Drops runs that can't complete after `now`; what is left stays in order.
  void expire(KeyState& state, Timestamp now);
  // When expire() has something to do next; kMaxTimestamp if never.
  Timestamp next_deadline(const KeyState& state) const;
  void drop_all(KeyState& state);
  // Asks for the memory of a run that will be looked at soon.
  void prefetch(const Run& run) const { __builtin_prefetch(&buffer_.node(run.node)); }

  // Asks for what binding an event of one of the pattern's types will read of it.
  void prefetch(const TestedEvent& event) const;

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
  };

  // Edges of `place` whose target's type and local condition the event satisfies.
  uint64_t hits(uint16_t place, const TestedEvent& event, const PredicateResults& predicates);
  bool correlated_holds(const Place& target, NodeId node, const TestedEvent& event);
  void step(const Run& run, uint64_t hit, TestedEvent& event, size_t group);
  void spawn(const Run& from, size_t edge_index, TestedEvent& event, size_t group);
  void bind(NodeId node, const Place& place, const TestedEvent& event);
  bool is_new_value(NodeId node, const Slot& distinct, const Value& value) const;
  Timestamp deadline_of(const Run& run, const Place& place, const TestedEvent& event) const;
  void keep(const Run& run, size_t group);
  bool dominates(const Run& winner, const Run& loser) const;
  bool preferred(const Run& left, const Run& right) const;
  bool same_future(const Run& left, const Run& right) const;

  void begin(KeyState& state, TestedEvent& event, const PredicateResults& predicates);
  void enforce_limit(KeyState& state);
  void select(KeyState& state, uint64_t now, std::span<const Value> key,
              std::vector<Match>& matches);
  bool is_repeated(const Candidate& candidate, const std::vector<Match>& matches,
                   size_t first_match) const;
  void exclude(KeyState& state, uint64_t before);
  uint64_t skip_target(NodeId match) const;

  const Program& program_;
  EventStore& events_;
  MatchBuffer buffer_;
  size_t max_starts_;
  bool merges_;               // whether one run can make another superfluous
  size_t domination_window_;  // so many of the runs kept last are looked at for that
  std::vector<std::vector<uint32_t>> bound_columns_;  // by TypeId: what binding an event reads
  MatcherStats stats_;
  eventtime::Arena scratch_;

  // Of the present event.
  std::vector<uint64_t> hits_;  // by place; valid where hit_stamp_ is stamp_
  std::vector<uint64_t> hit_stamp_;
  uint64_t stamp_ = 0;
  std::vector<Run> next_;
  std::vector<Candidate> candidates_;
  std::vector<uint64_t> emitted_starts_;
};

}  // namespace tocsin::nfa
