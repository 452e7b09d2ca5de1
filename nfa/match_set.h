// All matches that one event completes, as a graph of the events that take part: a path through it
// is a match. It is read off the stacks of a key (instance_stack.h) in time that the events in it
// decide, not the matches, and stays as it is while the stacks go on.
//
// INVARIANT: each path that begins at a first event leads to the last step, so writing the matches
// out takes time for what is written. After Bucchi, Grez, Quintana, Riveros and Vansummeren,
// "CORE: a Complex Event Recognition Engine", VLDB 2022, whose graph is built event by event.
// Tested by tests/unit/nfa/match_set_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "eventtime/codec.h"
#include "nfa/event_store.h"
#include "nfa/instance_stack.h"
#include "nfa/matcher.h"
#include "nfa/stack_plan.h"
#include "nfa/start_cells.h"

namespace tocsin::nfa {

class RestoredEvents;

struct MatchSet {
  static constexpr uint32_t kNone = UINT32_MAX;

  // The events of one stack.
  struct Part {
    uint32_t first = 0;  // in `events`
    uint32_t count = 0;
    uint32_t next = 0;   // in `nexts`
    uint32_t cells = 0;  // in `cells`
  };
  std::vector<Part> parts;      // by stack; that of the last step has one event
  std::vector<EventId> events;  // each retained once
  // For each event of a stack and each of its ways: the first event that it leads to, counted
  // within the target's part, or kNone. By `then any` it leads to all from there on.
  std::vector<uint32_t> nexts;
  std::vector<uint64_t> cells;  // what is read of the events
};

// Makes match sets for one pattern and reads them. For one thread.
class MatchSets {
 public:
  // All outlive it; `cells` by stack, and the last step's.
  MatchSets(const StackPlan& plan, const std::vector<StartCells>& cells, Matcher& matcher,
            EventStore& events)
      : plan_(plan), cells_(cells), matcher_(matcher), events_(events) {}

  // Finds the events that take part in a match whose last event comes behind them all.
  // `consumed`: the sequence of the last event before it that the last step could take. False:
  // there is no match.
  bool find(std::span<const InstanceStack> stacks, uint64_t consumed);
  // Calls `visit(stack, i)` for each event found.
  template <typename Visit>
  void for_each_found(const Visit& visit) const {
    for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
      for (const Range& range : found_[stack]) {
        for (size_t i = range.begin; i < range.end; ++i) visit(stack, i);
      }
    }
  }
  // Makes the set of what was found; `last` completes it. All are stored and will be retained.
  void make(std::span<const InstanceStack> stacks, TestedEvent& last, MatchSet& set);
  // Releases the events.
  void release(MatchSet& set);

  // Matches of the set; UINT64_MAX: as many or more.
  uint64_t count(const MatchSet& set);
  static uint32_t starts(const MatchSet& set) { return set.parts.front().count; }
  // Calls `visit(node)` for each match that begins with the `start`th first event, the preferred
  // one first, until it returns false. The node's reference is the visitor's.
  template <typename Visit>
  void visit(const MatchSet& set, uint32_t start, const Visit& visit);

  void save(const MatchSet& set, eventtime::Encoder& out) const;
  // False: the bytes are damaged; the set then holds nothing.
  bool restore(MatchSet& set, eventtime::Decoder& from, RestoredEvents& events);

 private:
  // Of a stack, by their place in it.
  struct Range {
    size_t begin = 0;
    size_t end = 0;
  };
  // A match that is being put together.
  struct Frame {
    uint16_t part = 0;
    uint16_t way = 0;        // that is tried next
    uint32_t at = 0;         // the event, within its part
    uint32_t next = kFresh;  // where the way goes on
    NodeId node = kRootNode;
  };
  static constexpr uint32_t kFresh = MatchSet::kNone - 1;

  void find_in(std::span<const InstanceStack> stacks, size_t stack);
  void add_range(const InstanceStack& stack, std::vector<Range>& ranges, uint64_t from,
                 uint64_t until);
  void add_part(const InstanceStack& stack, size_t number, MatchSet& set);
  void link(std::span<const InstanceStack> stacks, size_t stack, MatchSet& set);
  bool is_whole(const MatchSet& set) const;
  uint32_t next_of(const MatchSet& set, const Frame& frame) const {
    const MatchSet::Part& part = set.parts[frame.part];
    return set.nexts[part.next + frame.at * plan_.ways[frame.part].size() + frame.way];
  }
  NodeId bind(const MatchSet& set, NodeId parent, uint16_t edge, size_t part, uint32_t at);
  NodeId next_match(const MatchSet& set);
  void unwind();

  const StackPlan& plan_;
  const std::vector<StartCells>& cells_;
  Matcher& matcher_;
  EventStore& events_;

  uint64_t consumed_ = 0;  // of find()

  // Reused from set to set.
  std::vector<std::vector<Range>> found_;  // by stack
  std::vector<Frame> frames_;
  std::vector<uint64_t> counts_;
};

template <typename Visit>
void MatchSets::visit(const MatchSet& set, uint32_t start, const Visit& visit) {
  frames_.clear();
  frames_.push_back({0, 0, start, kFresh, bind(set, kRootNode, 0, 0, start)});
  for (NodeId match = next_match(set); match != kRootNode; match = next_match(set)) {
    if (!visit(match)) break;
  }
  unwind();
}

}  // namespace tocsin::nfa
