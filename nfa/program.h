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
#include "nfa/condition_shape.h"
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
inline constexpr uint32_t kNoVariable = UINT32_MAX;
inline constexpr uint32_t kMaxFlags = 13;  // of a run, besides those that every run has

// Of the words that stand for sets of edges, loops and watches.
constexpr uint64_t bit(size_t index) {
  return uint64_t{1} << index;
}

// A counter of the run, as far as the mask lets it be seen, must lie in [minimum, maximum] for the
// edge to exist. Loops count their rounds; `&` keeps a bit for each part that is through.
struct CounterGuard {
  uint16_t counter = 0;
  uint32_t minimum = 0;
  uint32_t maximum = UINT32_MAX;
  uint32_t mask = UINT32_MAX;
};

enum class CounterOp : uint8_t { kSet, kIncrement, kAddBits };
struct CounterAction {
  uint16_t counter = 0;
  CounterOp op = CounterOp::kIncrement;
  uint32_t value = 1;       // of kSet and kAddBits
  uint32_t saturation = 0;  // of kIncrement: rounds beyond are all alike
};

// A match ends here, but whether it is one is decided later (language page 3.6): when an absence
// is over, when the next event is seen, when a `longest` loop cannot go on.
struct Ending {
  std::optional<Duration> wait;  // so long after the last event
  bool window = false;           // until the end of `within`
  bool next = false;             // until the next event
  uint64_t loops = 0;            // edges of the place: until none of them can be taken any more
};

struct Edge {
  uint16_t target = kEndPlace;  // a place, or kEndPlace: the match is complete
  Contiguity contiguity = Contiguity::kRelaxed;
  std::optional<Duration> in;     // at most this long after the event bound before
  std::optional<Duration> after;  // an absence: later than this after the event bound before
  std::vector<CounterGuard> guards;
  std::vector<CounterAction> actions;
  std::vector<uint16_t> untils;  // tests of the loops that it enters: the event satisfies none
  uint64_t longest = 0;          // edges of the place that are dead once this one can be taken
  uint16_t kept_flags = 0;       // of the run, which the new binding leaves as they are
  std::optional<Ending> ending;  // to kEndPlace: nothing if the match is complete at once
};

// What is asked of events besides the steps: a negation, `until`, `without`.
struct Test {
  uint32_t variable = 0;  // or kNoVariable: of every event of the key's input
  TypeId type = 0;
  StepPredicate local;
  std::optional<Code> correlated;
  std::vector<uint32_t> reads;                 // slots that `correlated` reads
  std::vector<CaptureComparison> comparisons;  // conjuncts of `correlated`
  std::string text;                            // "not x: T[c]", for explain
};

enum class WatchKind : uint8_t {
  kBetween,       // no such event before the next binding
  kNext,          // not the event directly after the last binding
  kAbsence,       // none up to `span` after the last binding
  kUntil,         // ends the loops around the place
  kWithout,       // no event may be bound any more: sets Run::kBarred
  kWithoutRange,  // the same between a's last and b's first event: sets a flag
  kReach,         // as kBetween and kNext, but of all events since the loop's first: set a flag,
  kReachNext,     // which stays while the loop goes on
  kLate,          // the same where the condition reads what the loop binds: decided again for all
  kLateNext,      // events since the loop's first whenever the loop goes on (Program::logs)
};

// One test that runs in a place make of every event, and the edges that die by it.
struct Watch {
  WatchKind kind = WatchKind::kBetween;
  uint16_t test = 0;
  uint16_t flag = 0;  // a bit of Run::flags
  uint64_t edges = 0;
  Duration span{0};
  uint16_t only_if = 0;  // of kWithoutRange: the flag that must be set
  uint16_t log = 0;      // of kLate and kLateNext
};

// `without x between a and b`, by the bits of Run::flags that it uses.
struct RangeFlags {
  uint16_t test = 0;
  uint32_t after = 0;  // variables
  uint32_t before = 0;
  uint16_t open = 0;    // a is bound, b is not
  uint16_t broken = 0;  // and x has been seen since a's last: no match unless a comes again
  uint16_t closed = 0;  // b is bound
};

// One slot that binding an event changes, and the column of the event that feeds it.
struct SlotUpdate {
  uint32_t slot = 0;
  uint32_t column = 0;  // or kNoColumn
};
inline constexpr uint32_t kNoColumn = UINT32_MAX;

// `not x for D` before the first step.
struct LookBack {
  uint16_t test = 0;
  Duration span{0};
  std::vector<uint32_t> columns;  // that its condition reads, if it reads the run, too
  eventtime::EventSchema schema;  // of its events
};

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
  std::vector<CaptureComparison> comparisons;  // conjuncts of `correlated`
  std::vector<SlotUpdate> updates;             // what binding an event here changes
  std::vector<Edge> edges;                     // in the order of preference
  std::vector<Watch> watches;
  PlaceText text;
  uint64_t strict_edges = 0;  // bits of `edges`
  uint64_t any_edges = 0;
  uint64_t end_edges = 0;           // to kEndPlace
  uint64_t pending_edges = 0;       // of these, those that are decided later
  bool minds_next = false;          // the first event after the binding matters: Run::kFresh
  std::vector<uint32_t> signature;  // slots that decide the future of a run that waits here
  std::optional<Duration> life;     // every edge has a bound `in`: the longest of them
  bool waits_by_time = false;       // the time of the last event matters for what follows
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
  std::vector<Test> tests;
  std::vector<LookBack> look_backs;
  std::vector<LookBack> logs;  // what negations behind loops ask again; their span is not used
  std::vector<RangeFlags> ranges;
  uint32_t counters = 0;
  SlotLayout layout;
  std::optional<Code> having;
  std::optional<std::vector<GrowingTerm>> growing_having;  // its conjuncts, if a loop keeps it true
  std::vector<std::optional<Code>> emit;  // by Pattern::emit; nothing for `collect`
  std::optional<Duration> within;
  patterns::SkipKind skip = patterns::SkipKind::kPastLast;
  uint32_t skip_variable = 0;
  bool leftmost = false;
  bool reports_timeout = false;
  std::vector<std::optional<Code>> timeout_emit;  // by Pattern::on_timeout
  // Something happens to a key when time passes, not only when an event comes.
  bool timed = false;
  bool ambiguous = false;  // two ways can bind the same variables to the same events
  // A first event completes nothing and its condition reads nothing bound: its run can be made
  // later.
  bool starts_wait = false;
  bool sees_every_event = false;  // strict: events that no step takes matter too
};

}  // namespace tocsin::nfa
