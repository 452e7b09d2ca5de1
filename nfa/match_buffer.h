// Shared match buffer: the bound events of all runs of a pattern as a tree of nodes. A node is one
// binding; its parent the one before; runs share their prefixes.
//
// After Agrawal et al., "Efficient Pattern Matching over Event Streams", SIGMOD 2008, and Flink
// CEP's SharedBuffer. We hold nodes by reference count instead of by version number: a dropped run
// releases its path by itself, on every exit. A node also carries the run's slots (slots.h) and
// loop counters as they are after its binding, so that a condition reads one node and nothing else.
//
// INVARIANT: a node lives as long as a run, a child or an unread match refers to it; an event is
// retained in the event store once for each node.
// Tested by tests/unit/nfa/match_buffer_test.cc.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "eventtime/huge_pages.h"
#include "nfa/event_store.h"
#include "nfa/program.h"

namespace tocsin::nfa {

using NodeId = uint32_t;
inline constexpr NodeId kRootNode = 0;  // nothing bound

struct Node {
  NodeId parent = kRootNode;
  uint32_t references = 0;
  EventId event = kNoEvent;
  uint32_t depth = 0;  // bindings up to here
  uint16_t place = kStartPlace;
  uint16_t edge = 0;    // of the parent's place, by which it came here: the preference
  uint32_t unused = 0;  // keeps the words behind aligned
};

class MatchBuffer {
 public:
  MatchBuffer(const Program& program, EventStore& events);
  ~MatchBuffer();
  MatchBuffer(const MatchBuffer&) = delete;
  MatchBuffer& operator=(const MatchBuffer&) = delete;

  // A child that binds `event` at `place`, with one reference (the caller's); its slots and
  // counters are the parent's, to be changed by the caller.
  NodeId add(NodeId parent, uint16_t place, uint16_t edge, TestedEvent& event) {
    return add_stored(parent, place, edge, events_.store(event));
  }
  // The same of an event that is stored; takes the caller's reference to it.
  NodeId add_stored(NodeId parent, uint16_t place, uint16_t edge, EventId event);
  void retain(NodeId id) { ++node(id).references; }
  void release(NodeId id);

  Node& node(NodeId id) { return *reinterpret_cast<Node*>(words(id)); }
  const Node& node(NodeId id) const { return *reinterpret_cast<const Node*>(words(id)); }
  uint64_t* slots(NodeId id) { return words(id) + kHeadWords; }
  const uint64_t* slots(NodeId id) const { return words(id) + kHeadWords; }
  std::span<uint32_t> counters(NodeId id) {
    return {reinterpret_cast<uint32_t*>(slots(id) + slot_words_), counters_};
  }
  std::span<const uint32_t> counters(NodeId id) const {
    return {reinterpret_cast<const uint32_t*>(slots(id) + slot_words_), counters_};
  }
  const StoredEvent& event(NodeId id) const { return events_.at(node(id).event); }

  // Whether the run at `left` is preferred to the one at `right` (language page 3.7). Both have the
  // same first event, and neither is a prefix of the other.
  bool preferred(NodeId left, NodeId right) const;
  // Of the path to `longer` the node directly behind `shorter`; kRootNode if that path does not
  // lead through `shorter`, or ends there.
  NodeId behind(NodeId shorter, NodeId longer) const;
  // Whether both bind the same variables to the same events.
  bool same_bindings(NodeId left, NodeId right) const;
  // The nodes of a match, first binding first.
  void path(NodeId id, std::vector<NodeId>& out) const;

  size_t live() const { return live_; }  // nodes, the root not counted
  size_t node_bytes() const { return node_words_ * sizeof(uint64_t); }

 private:
  static constexpr size_t kHeadWords = sizeof(Node) / sizeof(uint64_t);
  // Chunks double: a few nodes take little memory, many lie on huge pages.
  static constexpr uint64_t kFirstChunk = 64;

  static size_t chunk_of(NodeId id) {
    return static_cast<size_t>(std::bit_width(id + kFirstChunk) - std::bit_width(kFirstChunk));
  }
  uint64_t* words(NodeId id) const {
    const size_t chunk = chunk_of(id);
    return chunks_[chunk] + (id + kFirstChunk - (kFirstChunk << chunk)) * node_words_;
  }
  NodeId allocate();

  const Program& program_;
  EventStore& events_;
  size_t slot_words_;
  size_t counters_;
  size_t node_words_;
  std::vector<uint64_t*> chunks_;
  NodeId first_free_ = kRootNode;  // chained by Node::parent
  NodeId next_unused_ = 0;
  size_t live_ = 0;
};

}  // namespace tocsin::nfa
