#include "nfa/edge_builder.h"

#include <algorithm>

namespace tocsin::nfa {

using patterns::Element;
using patterns::ElementKind;
using patterns::Negation;
using patterns::Sequence;

namespace {

// Beyond the maximum there is no round; without one, all rounds from the minimum on are alike.
uint32_t saturation(const Element& element) {
  return element.maximum ? *element.maximum : element.minimum;
}

uint32_t part_bit(size_t part) {
  return uint32_t{1} << part;
}

}  // namespace

std::vector<Way> EdgeBuilder::from_start() {
  ways_.clear();
  passed_over_ = 0;
  at_start_ = true;
  // The first step of a pattern is connected to nothing.
  follow(nullptr, 0, 0, {}, Contiguity::kAny);
  return std::move(ways_);
}

std::vector<Way> EdgeBuilder::from(const SequenceNode& step) {
  ways_.clear();
  passed_over_ = 0;
  at_start_ = false;
  after_round(step, {});
  return std::move(ways_);
}

// A round of `node` is over: another one, or leave.
void EdgeBuilder::after_round(const SequenceNode& node, const Way& way) {
  if (!node.is_loop()) return leave(node, way);
  if (node.element->reluctant) {
    leave(node, way);
    again(node, way);
    return;
  }
  const size_t first = ways_.size();
  again(node, way);
  const size_t behind = ways_.size();
  leave(node, way);
  if (node.element->longest) prefer_longest(first, behind, ways_.size());
}

void EdgeBuilder::again(const SequenceNode& node, Way way) {
  const Element& element = *node.element;
  if (node.rounds != kNoCounter) {
    if (element.maximum) {
      way.edge.guards.push_back({node.rounds, 0, *element.maximum - 1});
    }
    way.edge.actions.push_back({node.rounds, CounterOp::kIncrement, 1, saturation(element)});
  }
  way.kept = &node;
  enter_body(node, element.loop, way);
}

void EdgeBuilder::leave(const SequenceNode& node, Way way) {
  if (node.is_loop()) {
    way.behind = &node;
    if (node.rounds != kNoCounter && node.element->minimum > 1) {
      way.edge.guards.push_back({node.rounds, node.element->minimum, UINT32_MAX});
    }
  }
  const SequenceNode* const parent = node.parent;
  if (parent != nullptr && parent->element->kind == ElementKind::kAll) {
    next_part(node, way);
  } else {
    way.kept = parent;
    follow(parent, node.part, node.index + 1, way, std::nullopt);
  }
}

// A part of `&` is through: any of those that are not, or the end of them all.
void EdgeBuilder::next_part(const SequenceNode& node, const Way& way) {
  const SequenceNode& all = *node.parent;
  const size_t count = all.parts.size();
  for (size_t part = 0; part < count && !full(); ++part) {
    if (part == node.part) continue;
    Way other = way;
    other.kept = &all;
    other.edge.guards.push_back({all.through, 0, 0, part_bit(part)});
    other.edge.actions.push_back({all.through, CounterOp::kAddBits, part_bit(part), 0});
    enter(all.parts[part][0], Contiguity::kRelaxed, other);
  }
  Way done = way;
  const uint32_t everything = part_bit(count) - 1;
  done.edge.guards.push_back({all.through, everything, everything});
  after_round(all, done);
}

void EdgeBuilder::follow(const SequenceNode* parent, size_t part, size_t index, Way way,
                         std::optional<Contiguity> contiguity) {
  if (full()) return;
  const Sequence& sequence = parent != nullptr ? parent->element->alternatives[part] : sequence_;
  const std::vector<SequenceNode>& nodes = parent != nullptr ? parent->parts[part] : nodes_;
  if (index == nodes.size()) {
    pass(sequence.trailing, way);
    if (parent != nullptr) {
      after_round(*parent, way);
    } else {
      add(kEndPlace, Contiguity::kRelaxed, way);
    }
    return;
  }
  const SequenceNode& node = nodes[index];
  const Element& element = *node.element;
  pass(element.negations, way);
  const bool optional = element.minimum == 0;
  if (optional && element.reluctant) {
    // Each element that is passed over adds a way, but only on the way back.
    if (passed_over_ == kMaxEdges) return ways_.resize(kMaxEdges + 1);
    ++passed_over_;
    follow(parent, part, index + 1, way, contiguity);
    --passed_over_;
  }
  const size_t first = ways_.size();
  enter(node, contiguity.value_or(element.connector), way);
  if (!optional || element.reluctant) return;
  const size_t behind = ways_.size();
  follow(parent, part, index + 1, way, contiguity);
  if (element.longest) prefer_longest(first, behind, ways_.size());
}

// The first round of an element.
void EdgeBuilder::enter(const SequenceNode& node, Contiguity contiguity, Way way) {
  const Element& element = *node.element;
  if (element.in) way.edge.in = way.edge.in ? std::min(*way.edge.in, *element.in) : *element.in;
  if (node.rounds != kNoCounter) {
    way.edge.actions.push_back({node.rounds, CounterOp::kSet, 1, 0});
  }
  enter_body(node, contiguity, way);
}

// The first step that a group binds is connected as the group is.
void EdgeBuilder::enter_body(const SequenceNode& node, Contiguity contiguity, const Way& way) {
  if (node.element->kind == ElementKind::kStep) return add(node.place, contiguity, way);
  for (size_t part = 0; part < node.parts.size() && !full(); ++part) {
    if (node.element->kind == ElementKind::kGroup) {
      follow(&node, part, 0, way, contiguity);
      continue;
    }
    Way first = way;
    first.edge.actions.push_back({node.through, CounterOp::kSet, part_bit(part), 0});
    enter(node.parts[part][0], contiguity, first);
  }
}

// Where nothing is bound before it, a negation demands nothing; look-backs are not of a way.
void EdgeBuilder::pass(const std::vector<Negation>& negations, Way& way) const {
  if (at_start_) return;
  for (const Negation& negation : negations) way.negations.push_back({&negation, way.behind});
}

void EdgeBuilder::add(uint16_t target, Contiguity contiguity, const Way& way) {
  ways_.push_back(way);
  ways_.back().edge.target = target;
  ways_.back().edge.contiguity = contiguity;
}

void EdgeBuilder::prefer_longest(size_t loop, size_t begin, size_t end) {
  if (loop == begin) return;
  for (size_t i = begin; i < std::min<size_t>(end, kMaxEdges); ++i) {
    ways_[loop].edge.longest |= uint64_t{1} << i;
  }
}

}  // namespace tocsin::nfa
