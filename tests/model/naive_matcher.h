// Tries every unfolding of a sequence with every choice of events, and keeps what the rules of 3.2
// to 3.6 allow. Where the rules stand: the unfoldings and their decisions in naive_matcher.cc, what
// is demanded of neighbours and of the end in naive_partial.cc, skip strategies in
// naive_selection.cc, whole runs in naive_run.cc.
#pragma once

#include <map>
#include <vector>

#include "tests/model/naive_partial.h"

namespace tocsin::model {

// The decisions that lead to a match, from left to right; smaller is preferred.
using Decisions = std::vector<size_t>;

struct NaiveMatch {
  std::vector<Bound> bound;  // in rising order of events: the match's identity
  Decided decided;           // when it is complete
  Decisions decisions;
};

// What became of an event as the first of a match.
struct Start {
  std::vector<Bound> furthest;  // the partial match with most bindings, then the most preferred
  Decisions decisions;
  Moment settled;  // when the last of its candidates was decided
};

struct Found {
  std::vector<NaiveMatch> matches;  // in no particular order
  std::map<size_t, Start> starts;   // by the first event
};

Found search(const World& world);

}  // namespace tocsin::model
