// What a file of declarations says, as it is written: one node for each construct of
// docs/language.md, with its span, before any name is looked up or type checked. Plain data.
//
// The parser accepts the whole language; what the engine does not support yet is refused by the
// binder, which can say so at the right place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/timestamp.h"
#include "patterns/source_file.h"

namespace tocsin::patterns::ast {

using eventtime::Duration;

struct Name {
  std::string text;  // without back-quotes
  Span span;         // with them
};

// ---- expressions ----

enum class ExprKind : uint8_t {
  kNull,
  kBool,
  kInt,
  kFloat,
  kString,
  kDuration,  // literals
  kField,     // `amount`: a field of the tested event; in having and emit a field of `by`
  kMember,    // `v.f`, `prev.f`: text is v, member is f
  kCall,      // `round(x)`, `count(v)`, `time()`: text is the function's name, in lower case
  kNot,
  kNegate,
  // Two operands. A chain of `and` or of `or` is a balanced tree, so that it is never deep.
  kOr,
  kAnd,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kIn,       // operand 0 in (the others)
  kInList,   // operand 0 in the list named text
  kBetween,  // operand 0 between 1 and 2
  kLike,
  kILike,
  kMatches,      // operand 0 like operand 1
  kIsNull,       // operand 0
  kParenthesis,  // operand 0: kept so that `fmt` gives back what was written
};

struct Expr {
  ExprKind kind = ExprKind::kNull;
  bool negated = false;  // `not in`, `not between`, `not like`, `is not null`
  Span span;
  std::string text;     // names; the value of a string
  Name member;          // of kMember
  int64_t integer = 0;  // kInt; kBool as 0 or 1; kDuration in microseconds
  double number = 0;    // kFloat
  uint32_t height = 1;  // of the tree from here down: at most kMaxExprHeight (parser.h)
  std::vector<Expr> operands;
};

// ---- sequences ----

enum class Contiguity : uint8_t { kRelaxed, kStrict, kAny };

struct StepText {
  Name variable;
  std::optional<Name> type;
  std::optional<Expr> condition;
  Span span;
};

// `then not x: T[c]`, `next not x`, `then not x for 30m`, at its place between elements.
struct NegationText {
  bool next = false;  // `next not`
  StepText step;
  std::optional<Duration> duration;
  Span span;
};

struct Quantifier {
  uint32_t minimum = 1;
  std::optional<uint32_t> maximum = 1;  // nothing: no upper bound
  bool reluctant = false;               // a second `?`
  Span span;
};

struct Element;
struct Sequence {
  std::vector<Element> elements;
  std::vector<NegationText> trailing;  // after the last element: `a then not x` at the end
  Span span;
};

enum class ElementKind : uint8_t {
  kStep,
  kGroup,  // ( SEQUENCE | SEQUENCE … ): one alternative for a plain group
  kAll,    // ( e & e & … ): each of `alternatives` is a sequence of one element
};

struct Element {
  ElementKind kind = ElementKind::kStep;
  // How it is connected to what stands before it; of the first element nothing is written. A
  // connector of its own between negations and the element (`then not x then b`) is this one.
  Contiguity connector = Contiguity::kRelaxed;
  Span connector_span;                  // empty for the first element
  std::vector<NegationText> negations;  // between the element before and this one, in order

  StepText step;
  std::vector<Sequence> alternatives;

  std::optional<Quantifier> quantifier;
  std::optional<Contiguity> loop_contiguity;  // `strict`, `any`
  bool longest = false;
  std::optional<Expr> until;
  std::optional<Duration> in;
  Span suffix_span;  // from the quantifier to the last suffix
  Span span;
};

// ---- declarations ----

struct FieldDecl {
  Name name;
  Name type;                 // "string", "timestamp", …
  std::optional<Name> unit;  // `timestamp(s)`
  bool nullable = false;
  std::optional<std::string> from;
  Span span;
};

struct EventDecl {
  Name name;
  std::vector<FieldDecl> fields;
  std::optional<Name> time;
  uint32_t close = 0;  // where the `}` stands
  Span span;
};

struct ListDecl {
  Name name;
  Name type;  // "string", "int", "cidr", …
  std::string path;
  Span span;
};

struct KeyField {
  Name variable;  // the step; empty in `by card, country`
  Name field;
};
struct KeyDecl {
  Name name;                     // `by account: in.target, out.source`; else the field's own name
  std::vector<KeyField> fields;  // one, or one for each step
  Span span;
};

enum class SkipKind : uint8_t { kPastLast, kToNext, kToFirst, kToLast, kNone };
struct SkipClause {
  SkipKind kind = SkipKind::kPastLast;
  std::optional<Name> variable;
  bool leftmost = false;
  Span span;
};

struct Assignment {  // `loss: hit.amount`; a bare `card` means `card: card`
  Name name;
  Expr value;
};
struct EmitClause {
  std::optional<Name> event;  // `emit Name { … }`
  std::vector<Assignment> values;
  Span span;
};

struct WithoutClause {
  StepText step;
  std::optional<Name> after;  // `between a and b`
  std::optional<Name> before;
  Span span;
};

struct SuppressClause {
  Duration duration;
  std::vector<Expr> by;
  Span span;
};

struct WithinClause {
  Duration duration;
  Span span;
};

struct PatternDecl {
  Name name;
  std::optional<std::string> description;
  std::vector<Name> on;
  std::vector<KeyDecl> by;
  Sequence match;
  std::vector<WithoutClause> without;
  std::optional<Expr> having;
  std::optional<WithinClause> within;
  std::optional<SkipClause> skip;
  std::optional<EmitClause> emit;
  std::optional<EmitClause> on_timeout;
  std::optional<SuppressClause> suppress;
  std::vector<Assignment> meta;
  std::vector<Span> keywords;  // of the clauses, in the order of the text
  Span span;
};

struct Comment {
  Span span;  // with its `//` or `/* */`
};

// Exactly one of the three is set; a file keeps their order.
struct Declaration {
  std::optional<EventDecl> event;
  std::optional<ListDecl> list;
  std::optional<PatternDecl> pattern;
};

struct File {
  std::vector<Declaration> declarations;
  // Names of declarations that could not be read: others may still refer to them.
  std::vector<Name> unread;
  std::vector<Comment> comments;
};

}  // namespace tocsin::patterns::ast
