// The part of Matcher that saves the state of keys and restores it: bindings as a tree of nodes,
// parents first, then what points at them.
#include <boost/unordered/unordered_flat_map.hpp>

#include "nfa/matcher.h"
#include "nfa/saved_events.h"

namespace tocsin::nfa {

using eventtime::Decoder;
using eventtime::Encoder;

namespace {

// The nodes that a key's state reaches, numbered from 1 with parents before children; the root is
// 0.
class NodeNumbers {
 public:
  explicit NodeNumbers(const MatchBuffer& buffer) : buffer_(buffer) {}

  void add(NodeId node) {
    const size_t first = nodes_.size();
    for (; node != kRootNode && !numbers_.contains(node); node = buffer_.node(node).parent) {
      numbers_.emplace(node, 0);
      nodes_.push_back(node);
    }
    std::reverse(nodes_.begin() + static_cast<std::ptrdiff_t>(first), nodes_.end());
    for (size_t i = first; i < nodes_.size(); ++i) numbers_[nodes_[i]] = i + 1;
  }
  uint64_t of(NodeId node) const { return node == kRootNode ? 0 : numbers_.at(node); }
  const std::vector<NodeId>& nodes() const { return nodes_; }

 private:
  const MatchBuffer& buffer_;
  std::vector<NodeId> nodes_;
  boost::unordered_flat_map<NodeId, uint64_t> numbers_;
};

void save_nodes(Encoder& out, const NodeNumbers& numbers, const MatchBuffer& buffer,
                const EventStore& store, const SlotLayout& layout) {
  std::vector<EventId> events;
  boost::unordered_flat_map<EventId, uint64_t> number_of;
  for (const NodeId id : numbers.nodes()) {
    const EventId event = buffer.node(id).event;
    if (number_of.try_emplace(event, events.size()).second) events.push_back(event);
  }
  out.number(events.size());
  for (const EventId event : events) save_event(out, store, event);
  out.number(numbers.nodes().size());
  for (const NodeId id : numbers.nodes()) {
    const Node& node = buffer.node(id);
    out.number(numbers.of(node.parent));
    out.number(node.place);
    out.number(node.edge);
    out.number(number_of.at(node.event));
    layout.save(out, buffer.slots(id));
    for (const uint32_t counter : buffer.counters(id)) out.number(counter);
  }
}

}  // namespace

// Nodes that have been restored, each with one reference of this list; the first is the root.
class Matcher::RestoredNodes {
 public:
  explicit RestoredNodes(Matcher& matcher) : matcher_(matcher), nodes_{kRootNode} {}
  ~RestoredNodes() {
    for (const NodeId node : nodes_) {
      if (node != kRootNode) matcher_.buffer_.release(node);
    }
    for (const EventId event : events_) matcher_.events_.release(event);
  }
  RestoredNodes(const RestoredNodes&) = delete;
  RestoredNodes& operator=(const RestoredNodes&) = delete;

  bool read(Decoder& from, RestoredEvents& events) {
    for (size_t left = from.count(); left > 0; --left) {
      const EventId event = events.take(from);
      if (event == kNoEvent) return false;
      events_.push_back(event);
    }
    for (size_t left = from.count(); left > 0; --left) {
      if (!read_node(from)) return false;
    }
    return !from.failed();
  }

  // With a reference of its own.
  NodeId take(Decoder& from) {
    const NodeId node = nodes_[from.number_up_to(nodes_.size() - 1)];
    if (node != kRootNode) matcher_.buffer_.retain(node);
    return node;
  }

 private:
  bool read_node(Decoder& from) {
    const Program& program = matcher_.program_;
    MatchBuffer& buffer = matcher_.buffer_;
    const NodeId parent = nodes_[from.number_up_to(nodes_.size() - 1)];
    const auto place = static_cast<uint16_t>(from.number_up_to(program.places.size() - 1));
    const auto edge = static_cast<uint16_t>(from.number_up_to(kMaxEdges));
    const uint64_t event = from.number();
    if (from.failed() || place == kStartPlace || event >= events_.size()) return false;
    if (edge >= program.places[buffer.node(parent).place].edges.size()) return false;
    if (matcher_.events_.at(events_[event]).type != program.places[place].type) return false;
    TestedEvent bound;
    bound.stored = events_[event];
    const NodeId id = buffer.add(parent, place, edge, bound);
    nodes_.push_back(id);
    const auto find = [&](std::string_view text) {
      const eventtime::Text* found = nullptr;
      for (NodeId at = id; at != kRootNode && found == nullptr; at = buffer.node(at).parent) {
        found = matcher_.events_.find_text(buffer.node(at).event, text);
      }
      return found;
    };
    if (!program.layout.restore(from, buffer.slots(id), find)) return false;
    for (uint32_t& counter : buffer.counters(id)) {
      counter = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
    }
    return !from.failed();
  }

  Matcher& matcher_;
  std::vector<NodeId> nodes_;
  std::vector<EventId> events_;  // each held once
};

void Matcher::save(const KeyState& state, Encoder& out) const {
  NodeNumbers numbers(buffer_);
  for (const Run& run : state.runs) numbers.add(run.node);
  const KeyHistory* history = state.history.get();
  if (history != nullptr) {
    for (const Start& start : history->starts) {
      numbers.add(start.furthest);
      numbers.add(start.best);
    }
  }
  save_nodes(out, numbers, buffer_, events_, program_.layout);
  out.number(state.runs.size());
  for (const Run& run : state.runs) {
    out.number(run.start);
    out.time(run.started);
    out.time(run.deadline);
    out.number(run.alive);
    out.number(numbers.of(run.node));
    out.number(run.place);
    out.number(run.flags);
  }
  out.time(state.next_moment);
  out.number(history != nullptr ? 1 : 0);
  if (history == nullptr) return;
  out.number(history->starts.size());
  for (const Start& start : history->starts) {
    out.number(start.sequence);
    out.time(start.window_end);
    out.number(numbers.of(start.furthest));
    out.number(numbers.of(start.best));
    out.number(start.best_edge);
    out.time(start.best_complete);
    out.number(start.emitted ? 1 : 0);
  }
  save_past(out, history->past, past_tables_);
  save_past(out, history->logs, log_tables_);
  out.number(history->last_sequence);
}

void Matcher::save_past(Encoder& out, const std::vector<std::vector<PastEvent>>& past,
                        const std::vector<PastTable>& tables) {
  out.number(past.size());
  for (size_t i = 0; i < past.size(); ++i) {
    out.number(past[i].size());
    for (const PastEvent& event : past[i]) {
      out.time(event.time);
      out.number(event.sequence);
      out.number(event.before);
      tables[i].save(out, event.row);
    }
  }
}

bool Matcher::restore_past(Decoder& from, std::vector<std::vector<PastEvent>>& past,
                           std::vector<PastTable>& tables) {
  past.resize(from.number_up_to(tables.size()));
  for (size_t i = 0; i < past.size(); ++i) {
    for (size_t left = from.count(); left > 0; --left) {
      PastEvent event;
      event.time = from.time();
      event.sequence = from.number();
      event.before = from.number();
      if (from.failed() || !tables[i].restore(from, event.row)) return false;
      past[i].push_back(event);
    }
  }
  return !from.failed();
}

bool Matcher::restore(KeyState& state, Decoder& from, RestoredEvents& events) {
  RestoredNodes nodes(*this);
  const bool whole = nodes.read(from, events) && restore_runs(state, from, nodes) &&
                     restore_history(state, from, nodes);
  if (!whole) drop_all(state);
  return whole;
}

bool Matcher::restore_runs(KeyState& state, Decoder& from, RestoredNodes& nodes) {
  for (size_t left = from.count(); left > 0; --left) {
    Run run;
    run.start = from.number();
    run.started = from.time();
    run.deadline = from.time();
    run.alive = from.number();
    run.node = nodes.take(from);
    run.place = static_cast<uint16_t>(from.number_up_to(program_.places.size() - 1));
    run.flags = static_cast<uint16_t>(from.number_up_to(UINT16_MAX));
    const size_t edges = program_.places[run.place].edges.size();
    const bool fits = edges == kMaxEdges || run.alive >> edges == 0;
    if (from.failed() || !fits || buffer_.node(run.node).place != run.place) {
      if (run.node != kRootNode) buffer_.release(run.node);
      return false;
    }
    state.runs.push_back(run);
  }
  state.starts = count_starts(state.runs);
  state.next_moment = from.time();
  return !from.failed();
}

bool Matcher::restore_history(KeyState& state, Decoder& from, RestoredNodes& nodes) {
  if (!from.flag()) return !from.failed();
  state.history = std::make_unique<KeyHistory>();
  KeyHistory& history = *state.history;
  for (size_t left = from.count(); left > 0; --left) {
    Start start;
    start.sequence = from.number();
    start.window_end = from.time();
    start.furthest = nodes.take(from);
    start.best = nodes.take(from);
    start.best_edge = static_cast<uint16_t>(from.number_up_to(kMaxEdges));
    start.best_complete = from.time();
    start.emitted = from.flag();
    if (start.furthest != kRootNode) hold(start.window_end);
    if (start.best != kRootNode) hold(start.best_complete);
    history.starts.push_back(start);
  }
  const bool whole = restore_past(from, history.past, past_tables_) &&
                     restore_past(from, history.logs, log_tables_);
  history.last_sequence = from.number();
  return whole && !from.failed();
}

void Matcher::save_match(NodeId node, Encoder& out) const {
  NodeNumbers numbers(buffer_);
  numbers.add(node);
  save_nodes(out, numbers, buffer_, events_, program_.layout);
  out.number(numbers.of(node));
}

NodeId Matcher::restore_match(Decoder& from, RestoredEvents& events) {
  RestoredNodes nodes(*this);
  return nodes.read(from, events) ? nodes.take(from) : kRootNode;
}

}  // namespace tocsin::nfa
