// The definition of a match as code: tries every unfolding of a sequence with every choice of
// events, keeps what the rules of section 3 allow, sorts it, and skips.
//
// Where the language grows, the model grows in one place each (naive_matcher.cc):
//   alternatives, `&`               Search::once (which parts a round binds, in which order)
//   a second `?`                    Search::rounds (the order of its two decisions)
//   `until`                         Search::rounds and Search::may_follow
//   negations between neighbours    Search::may_follow
//   `without`                       Search::complete
//   absence, `longest`              Search::complete (moment and time of completion)
//   `leftmost`, `on timeout`        select_matches
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

struct NaiveResult {
  std::string name;
  bool is_list = false;  // of collect
  std::vector<NaiveValue> values;
};

struct NaiveMatch {
  std::vector<Bound> bound;  // in rising order of events: the match's identity
  size_t moment = 0;         // the event at which it is complete
  Timestamp complete;
  // The decisions that lead to it, from left to right; smaller is preferred.
  std::vector<size_t> decisions;
  std::vector<NaiveResult> emit;
};

// All matches (3.2 to 3.6) of one key's events, ordered as 3.7 looks at them, before any is
// skipped.
std::vector<NaiveMatch> find_matches(const patterns::Pattern& pattern, const Catalog& catalog,
                                     std::span<const NaiveEvent> events,
                                     std::span<const NaiveValue> key);

// Those that the skip strategy of the pattern leaves, in the order in which they are emitted.
std::vector<NaiveMatch> select_matches(const patterns::Pattern& pattern,
                                       std::span<const NaiveMatch> matches);

}  // namespace tocsin::model
