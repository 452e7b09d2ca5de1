// A checked pattern: names resolved, types known, sugar gone. What `nfa` compiles, `explain` prints
// and the model of the tests (tests/model) evaluates by its definition.
//
// INVARIANT: every expression is well typed; operands of an operator have been converted to the
// same type (kToFloat is explicit), so that a reader never guesses.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/schema.h"
#include "eventtime/timestamp.h"
#include "eventtime/value.h"
#include "patterns/ast.h"

namespace tocsin::patterns {

using eventtime::Catalog;
using eventtime::Duration;
using eventtime::Type;
using eventtime::TypeId;

class LookUpList;
class Regex;

// ---- expressions ----

enum class Op : uint8_t {
  kLiteral,     // text/integer/number by type; kNull: a null of any type
  kField,       // field `index` of the tested event
  kTestedTime,  // time()
  kCapture,     // Pattern::captures[index]
  kKey,         // Pattern::by[index]; in having and emit only
  kNot,
  kAnd,
  kOr,  // three-valued
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,  // both operands of one type
  kIsNull,
  kIsNotNull,  // never null
  kIn,         // operand 0 equals one of the others, as a chain of `or`
  kInList,     // operand 0 in `list`
  kLike,
  kILike,    // operand 1 is a literal
  kMatches,  // operand 0 has a part that `regex` matches; operand 1 is its text
  kToFloat,  // int operand
  kNegate,   // int, float, duration
  kAdd,
  kSubtract,
  kMultiply,  // int, float; duration and timestamp as the language allows
  kDivide,    // float / float; duration / float; duration / duration gives float
  kModulo,    // int, float
  // Functions, one for each name of the language.
  kAbs,
  kRound,
  kFloor,
  kCeil,
  kSqrt,
  kPow,
  kLeast,
  kGreatest,
  kCoalesce,
  kIf,
  kLower,
  kUpper,
  kTrim,
  kLength,
  kSubstr,
  kContains,
  kStartsWith,
  kEndsWith,
  kConcat,
  kHour,
  kDayOfWeek,
  kDateTrunc,  // kDateTrunc: operand 0 is a literal unit, operand 1 the time
  kDistanceKm,
};

struct Expr {
  Op op = Op::kLiteral;
  Type type = Type::kNull;  // of the result; a null literal takes the type its place asks for
  uint32_t index = 0;
  std::string text;
  int64_t integer = 0;  // kInt; kBool as 0 or 1; kTimestamp and kDuration in microseconds
  double number = 0;
  std::vector<Expr> operands;
  // Large, immutable, and shared with the code that is made of this: the only things that are.
  std::shared_ptr<const LookUpList> list;  // of kInList; `text` is its name
  std::shared_ptr<const Regex> regex;      // of kMatches
  Span span;
};

// What conditions and results can read of the events bound so far.
enum class CaptureKind : uint8_t {
  kLast,  // v.f, last(v.f), prev.f: null if the last event's f is
  kFirst,
  kLastTime,  // time(v)
  kCount,     // int
  kSum,       // of int: int (null after an overflow), of float: float
  kAverage,
  kMinimum,
  kMaximum,
  kStddev,
  kDistinct,  // int
  kCollect,   // in emit only
};

struct Capture {
  CaptureKind kind = CaptureKind::kLast;
  // Index into Pattern::variables; kPrevious for `prev`: the event bound last, whatever its name.
  uint32_t variable = 0;
  std::string field;  // empty for kCount and kLastTime
  Type field_type = Type::kNull;
  Type type = Type::kNull;  // of the result
  static constexpr uint32_t kPrevious = UINT32_MAX;
  friend bool operator==(const Capture&, const Capture&) = default;
};

// ---- the sequence ----

using ast::Contiguity;
using ast::SkipKind;

struct Variable {
  std::string name;
  bool negated = false;       // the name of a negation or `without`: never bound
  std::vector<TypeId> types;  // of the steps that bind it: several only across alternatives
  Span span;
};

struct Step {
  uint32_t variable = 0;
  TypeId type = 0;
  std::optional<Expr> condition;  // of kBool; nothing: every event of the type
  Span span;
};

// What must not happen: `then not x: T[c]`, `next not x`, `not x for 30m`. At the beginning of the
// match it is a look-back, which always has a duration; its condition may read the step behind it.
struct Negation {
  Step step;  // its variable is never bound
  bool next = false;
  std::optional<Duration> duration;
  Span span;
};

enum class ElementKind : uint8_t {
  kStep,
  kGroup,  // one of `alternatives`, the left one preferred; a plain group has one
  kAll,    // `&`: each of `alternatives`, in any order; each is a sequence of one element
};

struct Element;
struct Sequence {
  std::vector<Element> elements;
  std::vector<Negation> trailing;  // behind the last element
};

// The sequence as a tree. A quantifier is minimum and maximum of rounds; {1,1} where none is
// written; the contiguity between rounds is `loop`.
struct Element {
  ElementKind kind = ElementKind::kStep;
  Contiguity connector = Contiguity::kRelaxed;  // to what is bound before it
  std::vector<Negation> negations;              // between what is written before it and it
  uint32_t minimum = 1;
  std::optional<uint32_t> maximum = 1;
  bool reluctant = false;  // leaving is preferred to another round, absent to present
  bool longest = false;    // of a loop over one step
  Contiguity loop = Contiguity::kRelaxed;
  std::vector<Step> until;     // what ends the loop: one for each event type that may
  std::optional<Duration> in;  // its first event at most this long after the one bound before it

  Step step;                           // of kStep
  std::vector<Sequence> alternatives;  // of the others; each binds an event in every round
  Span span;
};

// No such event inside a match, or between a's last and b's first event.
struct Without {
  Step step;  // its variable is never bound
  std::optional<uint32_t> after;
  std::optional<uint32_t> before;
  Span span;
};

struct KeyPart {
  std::string name;
  Type type = Type::kString;
  using FieldByType = std::vector<std::optional<uint32_t>>;  // by TypeId

  FieldByType field_by_type;  // set for every input type, unless each step has its own field:
  std::vector<FieldByType> by_variable;  // set for the types of each variable
};

struct Result {  // of emit
  std::string name;
  Expr value;  // kCapture of kCollect may stand only as the whole value
};

struct Meta {
  std::string name;
  eventtime::Type type = Type::kString;  // kString, kInt, kFloat, kBool, kDuration or kNull
  std::string text;
  int64_t integer = 0;
  double number = 0;
};

// `suppress D by x, y`: alerts whose values are the same, or of the same key without `by`.
struct Suppress {
  Duration duration;
  std::vector<Expr> by;
};

// `emit Name { ... }`: what the match becomes for other patterns. Its time is the completion.
struct EmittedEvent {
  TypeId type = 0;
  size_t time_field = 0;
  std::vector<std::optional<uint32_t>> result_by_field;  // index into the results; else null
};

struct Pattern {
  std::string name;
  std::string description;
  std::vector<TypeId> inputs;       // the event types of the input stream, ascending
  std::vector<KeyPart> by;          // empty: all events belong to one key
  std::vector<Variable> variables;  // in the order of the text
  std::vector<Capture> captures;
  Sequence match;  // at least one event
  std::vector<Without> without;
  std::optional<Expr> having;
  std::optional<Duration> within;
  SkipKind skip = SkipKind::kPastLast;
  uint32_t skip_variable = 0;  // of kToFirst and kToLast
  bool leftmost = false;
  std::vector<Result> emit;
  std::optional<EmittedEvent> emitted_event;
  bool reports_timeout = false;
  std::vector<Result> on_timeout;
  std::optional<EmittedEvent> timeout_event;
  std::optional<Suppress> suppress;
  std::vector<Meta> meta;
  uint32_t file = 0;
  Span span;
};

// All that the files of one run declare.
struct PatternSet {
  Catalog catalog;
  std::vector<Pattern> patterns;  // in the order of the files and their texts
};

}  // namespace tocsin::patterns
