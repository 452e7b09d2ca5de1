// The part of Matcher that finds superfluous runs.
#include "nfa/matcher.h"

#include <algorithm>
#include <bit>

namespace tocsin::nfa {

// Adds a run to the group of its start unless a better one of the same future stands there; removes
// those that it makes superfluous.
void Matcher::keep(const Run& run, size_t group) {
  if (merges_) {
    const size_t begin = std::max(group, next_.size() - std::min(next_.size(), domination_window_));
    for (size_t i = next_.size(); i-- > begin;) {
      if (dominates(next_[i], run)) {
        buffer_.release(run.node);
        return;
      }
      if (dominates(run, next_[i])) {
        buffer_.release(next_[i].node);
        next_.erase(next_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
  next_.push_back(run);
}

// Claim 2: whatever completes `loser` completes `winner` at the same moment, and the winner's match
// is preferred. Under `skip none` only one way to the same bindings is superfluous.
bool Matcher::dominates(const Run& winner, const Run& loser) const {
  if (winner.place != loser.place || (winner.alive & loser.alive) != loser.alive) return false;
  if (!same_future(winner, loser)) return false;
  if (exact_ && !buffer_.same_bindings(winner.node, loser.node)) {
    return false;
  }
  return preferred(winner, loser);
}

bool Matcher::same_future(const Run& left, const Run& right) const {
  if (left.flags != right.flags) return false;
  const Place& place = program_.places[left.place];
  if (place.waits_by_time && buffer_.event(left.node).time != buffer_.event(right.node).time) {
    return false;
  }
  const auto left_counters = buffer_.counters(left.node);
  const auto right_counters = buffer_.counters(right.node);
  if (!std::equal(left_counters.begin(), left_counters.end(), right_counters.begin())) return false;
  return program_.layout.equal(buffer_.slots(left.node), buffer_.slots(right.node),
                               place.signature);
}

// As MatchBuffer::preferred, for runs that are not complete: where one continues the other, the
// edges that the shorter one still waits for decide.
bool Matcher::preferred(const Run& left, const Run& right) const {
  if (left.node == right.node) return true;  // the same path: one of them is superfluous
  if (const NodeId behind = buffer_.behind(left.node, right.node); behind != kRootNode) {
    return 63 - std::countl_zero(left.alive) < static_cast<int>(buffer_.node(behind).edge);
  }
  if (const NodeId behind = buffer_.behind(right.node, left.node); behind != kRootNode) {
    return std::countr_zero(right.alive) >= static_cast<int>(buffer_.node(behind).edge);
  }
  return buffer_.preferred(left.node, right.node);
}

}  // namespace tocsin::nfa
