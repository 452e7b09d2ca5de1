// Walks a checked sequence: from the end of a step to all steps that may come next, most preferred
// first.
//
// Each way passes what stands between the two steps in the text: connectors, loops that are left or
// entered, bounds, negations. Tested by tests/unit/nfa/compiler_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "nfa/program.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

inline constexpr uint16_t kNoCounter = UINT16_MAX;

// What an element of the sequence becomes: where it stands, and its place or its counters.
struct SequenceNode {
  const patterns::Element* element = nullptr;
  const SequenceNode* parent = nullptr;          // the group around it
  size_t part = 0;                               // the alternative of the parent in which it stands
  size_t index = 0;                              // in that sequence
  std::vector<std::vector<SequenceNode>> parts;  // of a group, by alternative
  uint16_t place = kEndPlace;                    // of a step
  uint16_t rounds = kNoCounter;   // the counter of a loop whose rounds must be counted
  uint16_t through = kNoCounter;  // of `&`: a bit for each part that is through
  uint16_t until = UINT16_MAX;    // its first test; they are as many as Element::until

  bool is_loop() const { return !element->maximum || *element->maximum > 1; }
};

// A negation on a way. Behind a loop it reaches back to the loop's first event.
struct PassedNegation {
  const patterns::Negation* negation = nullptr;
  const SequenceNode* loop = nullptr;
};

// One way from a step to another or to the end.
struct Way {
  Edge edge;
  std::vector<PassedNegation> negations;
  const SequenceNode* kept = nullptr;  // the innermost group, or loop over a step, that is not left
  const SequenceNode* behind = nullptr;  // while walking: the loop that was left last
};

class EdgeBuilder {
 public:
  EdgeBuilder(const patterns::Sequence& sequence, const std::vector<SequenceNode>& nodes)
      : sequence_(sequence), nodes_(nodes) {}

  std::vector<Way> from_start();
  std::vector<Way> from(const SequenceNode& step);

 private:
  void after_round(const SequenceNode& node, const Way& way);
  void again(const SequenceNode& node, Way way);
  void leave(const SequenceNode& node, Way way);
  void next_part(const SequenceNode& node, const Way& way);
  // From the element at `index` of a sequence. `contiguity`: of the group that is being entered.
  void follow(const SequenceNode* parent, size_t part, size_t index, Way way,
              std::optional<Contiguity> contiguity);
  void enter(const SequenceNode& node, Contiguity contiguity, Way way);
  void enter_body(const SequenceNode& node, Contiguity contiguity, const Way& way);
  void pass(const std::vector<patterns::Negation>& negations, Way& way) const;
  void add(uint16_t target, Contiguity contiguity, const Way& way);
  // The way at `loop`, if it was added, kills those in [begin, end).
  void prefer_longest(size_t loop, size_t begin, size_t end);
  // More edges than a place may have: the pattern is refused, so the walk can end.
  bool full() const { return ways_.size() > kMaxEdges; }

  const patterns::Sequence& sequence_;
  const std::vector<SequenceNode>& nodes_;
  bool at_start_ = false;
  size_t passed_over_ = 0;  // elements that prefer to be left out, on the way that is being walked
  std::vector<Way> ways_;
};

}  // namespace tocsin::nfa
