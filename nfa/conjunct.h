// One condition that looks only at the tested event, as a part of a conjunction: what it is made
// of, so that it is decided as cheaply as it can be, and where its rows can be looked up by the
// value of one field. Tested by tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "nfa/code.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

using eventtime::TypeId;

// Only the member of the type is set; whoever reads it knows the type.
struct Constant {
  int64_t integer = 0;  // kBool, kInt, kTimestamp, kDuration
  double number = 0;
  std::string text;

  static Constant of(const patterns::Expr& literal);
};

// field OP constant, by the type of the field
struct Comparison {
  uint32_t column = 0;
  patterns::Op op = patterns::Op::kEqual;
  Type type = Type::kNull;
  Constant constant;

  static std::optional<Comparison> of(const patterns::Expr& expr);
  // All rows of the column at once; `out` has room for them.
  void decide(const eventtime::Column& values, uint32_t rows, eventtime::BitSet& out) const;
  bool holds(const eventtime::Column& values, uint32_t row) const;
};

// [not] field matches '...'
struct Search {
  uint32_t column = 0;
  std::shared_ptr<const patterns::Regex> regex;
  bool negated = false;

  static std::optional<Search> of(const patterns::Expr& expr);
  bool holds(const eventtime::Column& values, uint32_t row) const;
};

struct Bound {
  Constant value;
  bool strict = false;
};

// Where a conjunct holds, by the value of one field: at one of some points, or between bounds, or
// where a text has a part. Elsewhere it does not hold, and never where the field is null.
struct Access {
  uint32_t column = 0;
  Type type = Type::kNull;
  std::vector<Constant> points;
  std::optional<Bound> lower;
  std::optional<Bound> upper;
  std::string part;    // a regular expression,
  bool plain = false;  // without operators
  bool exact = true;   // it holds there everywhere; else these are candidates

  static std::optional<Access> of(const patterns::Expr& expr);
};

// How dear a conjunct is; the cheap ones of a conjunction are decided first.
enum class ConjunctCost : uint8_t {
  kComparison,
  kSearch,
  kPlain,  // code that makes no arithmetic errors
  kCode,   // any other
};

struct Conjunct {
  Conjunct(TypeId event, const patterns::Expr& expr);

  // The row is one of its type's table, which the context names. Code counts its errors there.
  bool holds(const EvalContext& context) const;

  TypeId type = 0;
  ConjunctCost cost = ConjunctCost::kCode;
  std::optional<Comparison> comparison;
  std::optional<Search> search;
  Code code;  // of what is neither
  std::optional<Access> access;
};

}  // namespace tocsin::nfa
