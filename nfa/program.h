// A compiled pattern: a position automaton over its steps. Immutable, shared by all keys.
//
// After Glushkov (1961): one place for each step as it is written, no empty transitions. An edge p
// -> q says that q's event may follow p's; it carries all that stands between them in the text: the
// contiguity, the rounds of loops (counters instead of unfolded copies, so `{1,100000}` is one
// place), and time bounds. The edges of a place stand in the order of preference (language
// page 3.7: another round before leaving, present before absent), so that two runs are compared by
// the number of the edge where they part.
//
// INVARIANT: two runs with equal bindings so far, at the same place, with the same edges alive, the
// same counters and equal signature slots have the same future. Tested by
// tests/unit/nfa/compiler_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nfa/code.h"
#include "nfa/predicate.h"
#include "nfa/slots.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

using eventtime::Duration;
using eventtime::TypeId;
using patterns::Contiguity;

inline constexpr uint32_t kMaxEdges = 64;  // out of one place: the edges alive are bits of a word
inline constexpr uint16_t kEndPlace = UINT16_MAX;
inline constexpr uint16_t kStartPlace = 0;

// The round of a loop must lie in [minimum, maximum] for the edge to exist.
struct CounterGuard {
  uint16_t counter = 0;
  uint32_t minimum = 0;
  uint32_t maximum = UINT32_MAX;
};

struct CounterAction {
  uint16_t counter = 0;
  bool restart = false;     // the first round begins; else one more
  uint32_t saturation = 0;  // rounds beyond are all alike
};

struct Edge {
  uint16_t target = kEndPlace;  // a place, or kEndPlace: the match is complete
  Contiguity contiguity = Contiguity::kRelaxed;
  std::optional<Duration> in;  // at most this long after the event bound before
  std::vector<CounterGuard> guards;
  std::vector<CounterAction> actions;
};

// One slot that binding an event changes, and the column of the event that feeds it.
struct SlotUpdate {
  uint32_t slot = 0;
  uint32_t column = 0;  // or kNoColumn
};
inline constexpr uint32_t kNoColumn = UINT32_MAX;

// How a step reads, for explain.
struct PlaceText {
  std::string variable;
  std::string type;
  std::string local;       // empty: every event of the type
  std::string correlated;  // empty: none
};

struct Place {
  uint32_t variable = 0;
  TypeId type = 0;
  StepPredicate local;             // what looks only at the tested event: decided for whole batches
  std::optional<Code> correlated;  // the rest of the step's condition
  std::vector<uint32_t> reads;     // slots that `correlated` reads
  std::vector<SlotUpdate> updates;  // what binding an event here changes
  std::vector<Edge> edges;          // in the order of preference
  PlaceText text;
  uint64_t strict_edges = 0;  // bits of `edges`
  uint64_t any_edges = 0;
  uint64_t end_edges = 0;           // to kEndPlace
  std::vector<uint32_t> signature;  // slots that decide the future of a run that waits here
  std::optional<Duration> life;     // every edge has a bound `in`: the longest of them
  bool waits_by_time = false;       // an edge has a bound `in`: the time of the last event matters
};

struct Program {
  std::string name;
  std::vector<std::string> key;            // names of the key's fields
  std::vector<std::string> capture_texts;  // by slot of a capture, for explain
  std::string having_text;
  std::string skip_text;
  std::vector<std::string> input_names;
  std::vector<TypeId> inputs;
  std::vector<Place> places;  // places[kStartPlace] binds nothing
  uint32_t counters = 0;
  SlotLayout layout;
  std::optional<Code> having;
  std::vector<std::optional<Code>> emit;  // by Pattern::emit; nothing for `collect`
  std::optional<Duration> within;
  patterns::SkipKind skip = patterns::SkipKind::kPastLast;
  uint32_t skip_variable = 0;
  bool ambiguous = false;  // two ways can bind the same variables to the same events
  // A first event completes nothing and its condition reads nothing bound: its run can be made
  // later.
  bool starts_wait = false;
  bool sees_every_event = false;  // strict: events that no step takes matter too
};

}  // namespace tocsin::nfa
