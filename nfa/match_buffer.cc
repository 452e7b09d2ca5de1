#include "nfa/match_buffer.h"

#include <algorithm>

#include "eventtime/check.h"

namespace tocsin::nfa {

static_assert(sizeof(Node) % sizeof(uint64_t) == 0);

MatchBuffer::MatchBuffer(const Program& program, EventStore& events)
    : program_(program),
      events_(events),
      slot_words_(program.layout.words()),
      counters_(program.counters),
      node_words_(kHeadWords + slot_words_ + (counters_ + 1) / 2) {
  const NodeId root = allocate();
  TOCSIN_CHECK(root == kRootNode, "the root is the first node");
  new (words(root)) Node();
  node(root).references = 1;
  program.layout.clear(slots(root));
  std::fill(counters(root).begin(), counters(root).end(), 0U);
  live_ = 0;
}

MatchBuffer::~MatchBuffer() {
  eventtime::HugePageAllocator<uint64_t> allocator;
  for (size_t i = 0; i < chunks_.size(); ++i) {
    allocator.deallocate(chunks_[i], (kFirstChunk << i) * node_words_);
  }
}

NodeId MatchBuffer::allocate() {
  ++live_;
  if (first_free_ != kRootNode) {
    const NodeId id = first_free_;
    first_free_ = node(id).parent;
    return id;
  }
  if (chunk_of(next_unused_) == chunks_.size()) {
    const size_t nodes = kFirstChunk << chunks_.size();
    chunks_.push_back(eventtime::HugePageAllocator<uint64_t>().allocate(nodes * node_words_));
  }
  TOCSIN_CHECK(next_unused_ < UINT32_MAX, "fewer than 4 G partial matches at once");
  return next_unused_++;
}

NodeId MatchBuffer::add_stored(NodeId parent, uint16_t place, uint16_t edge, EventId event) {
  const NodeId id = allocate();
  // A few words: a call of memcpy would cost more than they do.
  const uint64_t* from = slots(parent);
  uint64_t* to = slots(id);
  for (size_t i = 0; i < node_words_ - kHeadWords; ++i) to[i] = from[i];
  Node& added = *new (words(id)) Node();
  added.parent = parent;
  added.references = 1;
  added.event = event;
  added.depth = node(parent).depth + 1;
  added.place = place;
  added.edge = edge;
  retain(parent);
  return id;
}

void MatchBuffer::release(NodeId id) {
  while (--node(id).references == 0) {
    TOCSIN_CHECK(id != kRootNode, "the root is never released");
    Node& dead = node(id);
    const NodeId parent = dead.parent;
    events_.release(dead.event);
    dead.parent = first_free_;
    first_free_ = id;
    --live_;
    id = parent;
  }
}

bool MatchBuffer::preferred(NodeId left, NodeId right) const {
  while (node(left).depth > node(right).depth) left = node(left).parent;
  while (node(right).depth > node(left).depth) right = node(right).parent;
  while (node(left).parent != node(right).parent) {
    left = node(left).parent;
    right = node(right).parent;
  }
  const Node& l = node(left);
  const Node& r = node(right);
  if (l.edge != r.edge) return l.edge < r.edge;
  return events_.at(l.event).sequence < events_.at(r.event).sequence;
}

NodeId MatchBuffer::behind(NodeId shorter, NodeId longer) const {
  const uint32_t depth = node(shorter).depth;
  NodeId above = kRootNode;
  while (node(longer).depth > depth) {
    above = longer;
    longer = node(longer).parent;
  }
  return longer == shorter ? above : kRootNode;
}

bool MatchBuffer::same_bindings(NodeId left, NodeId right) const {
  if (node(left).depth != node(right).depth) return false;
  for (; left != right; left = node(left).parent, right = node(right).parent) {
    const Node& l = node(left);
    const Node& r = node(right);
    if (l.event != r.event ||
        program_.places[l.place].variable != program_.places[r.place].variable) {
      return false;
    }
  }
  return true;
}

void MatchBuffer::path(NodeId id, std::vector<NodeId>& out) const {
  out.resize(node(id).depth);
  for (size_t i = out.size(); i-- > 0; id = node(id).parent) out[i] = id;
}

}  // namespace tocsin::nfa
