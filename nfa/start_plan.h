// Patterns whose partial matches are nothing but their first events, so that a list of first events
// for each key is all the state they need, and an event moves none of them.
//
// Most patterns that people write are of this kind: two steps of one key, an absence, a loop, a
// loop and a step. Why each is exact stands in docs/architecture.md; that it is, tests/model and
// the golden files compare with the evaluation run by run. Tested by
// tests/unit/nfa/start_plan_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nfa/program.h"

namespace tocsin::nfa {

struct StartPlan {
  enum class Kind : uint8_t {
    kPair,      // a then b: the first b behind an a, or with `then any` each
    kAbsence,   // a then not x for D: what is left of the a's when D is over
    kLoop,      // a{n,m}: the oldest a that n - 1 others follow
    kLoopThen,  // a{n,m} then b
  };
  Kind kind = Kind::kPair;
  uint16_t second = kEndPlace;  // the place of b
  uint16_t loop_edge = 0;       // of the first place
  uint16_t exit_edge = 0;       // of the first place, to b or the end
  uint32_t minimum = 1;         // rounds
  uint32_t maximum = 1;         // UINT32_MAX: no bound
  bool stays = false;           // kPair: `then any`
  // Of a first event, from its time on; nothing: for ever. Of an absence: until it is complete.
  std::optional<Duration> life;
  std::vector<uint16_t> kills;  // tests: such an event drops the first events before it
  // The slot by whose value first events are found: a condition asks for an equal one, or `having`
  // counts different ones. Only the first step's event changes it.
  std::optional<uint32_t> value_slot;
  // Of the step or negation that asks: the field that is equal to it.
  std::optional<uint32_t> equal_column;
  bool kill_by_value = false;  // it is the negation, the first of `kills`
  // kPair: else, a comparison of the second step's field with a value of the first event: where
  // many wait, they are found by its order.
  std::optional<CaptureComparison> order;
  // kLoop: the conjuncts of `having`, which more events can only make true, but for sums that fall
  // or overflow; and the one of these sums that is kept.
  std::vector<GrowingTerm> growing;
  std::optional<GrowingTerm> sum;
};

inline constexpr uint16_t kFirstPlace = 1;  // of the programs that have a plan

// What a first event that waits takes besides what it carries of its fields.
inline constexpr size_t kStartBytes = 88;

// What pairs have in common whose first events can wait in one log, if their key is the same, too.
struct PairKind {
  TypeId type = 0;                // of the first event
  std::optional<Duration> life;   // of a first event
  std::vector<uint32_t> columns;  // of the first event, by update of its place
  friend auto operator<=>(const PairKind&, const PairKind&) = default;
};
// Nothing: it is no pair, or there is more to its second step than the key and the event alone.
std::optional<PairKind> pair_kind(const Program& program, const StartPlan& plan);

// What a match of such a program carries of its events, as bytes: where they are equal, a matcher
// of one program binds events for the other.
std::string pair_shape(const Program& program);

// The plan of a program, or in a few words why there is none: "because ...".
struct StartPlanning {
  std::optional<StartPlan> plan;
  std::string why_not;
};
StartPlanning plan_starts(const Program& program);

}  // namespace tocsin::nfa
