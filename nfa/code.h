// Conditions and results as flat, typed stack code: no virtual call and no allocation to evaluate a
// condition over one event and one run.
//
// Three-valued logic throughout: each stack entry is a cell and a null flag. Types were settled by
// the binder, so no instruction looks at one. Arithmetic that leaves its range (integer overflow,
// division by zero, a float that is not finite) gives null and is counted.
// Tested by tests/unit/nfa/code_test.cc and, against the definition, by tests/model.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eventtime/arena.h"
#include "eventtime/batch.h"
#include "eventtime/value.h"
#include "nfa/slots.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

using eventtime::Cell;
using eventtime::Timestamp;
using eventtime::Type;
using eventtime::Value;

enum class OpCode : uint8_t {
  // clang-format off
  kConstant, kNull,
  kFieldInteger, kFieldNumber, kFieldText, kTestedTime,
  kCapture, kKey,
  kJumpIfFalse, kJumpIfTrue, kAnd, kOr, kNot,
  kEqualInteger, kNotEqualInteger, kLessInteger, kLessEqualInteger,
  kGreaterInteger, kGreaterEqualInteger,
  kEqualNumber, kNotEqualNumber, kLessNumber, kLessEqualNumber, kGreaterNumber, kGreaterEqualNumber,
  kEqualText, kNotEqualText, kLessText, kLessEqualText, kGreaterText, kGreaterEqualText,
  kIsNull, kIsNotNull, kInSet,
  kInListInteger, kInListNumber, kInListText, kLike, kILike, kMatches,
  kToFloat,
  kNegateInteger, kNegateNumber,
  kAddInteger, kSubtractInteger, kMultiplyInteger, kModuloInteger,
  kAddNumber, kSubtractNumber, kMultiplyNumber, kDivideNumber, kModuloNumber,
  kScaleDuration, kShrinkDuration, kRatioDuration,
  kAbsInteger, kAbsNumber, kRoundNumber, kRoundDigits, kRoundIntegerDigits,
  kFloor, kCeil, kSqrt, kPow,
  kLeastInteger, kLeastNumber, kLeastText, kGreatestInteger, kGreatestNumber, kGreatestText,
  kCoalesce, kJump, kBranchUnlessTrue,
  kLower, kUpper, kTrim, kLength, kSubstr, kContains, kStartsWith, kEndsWith, kConcat,
  kHour, kDayOfWeek, kDateTrunc, kDistanceKm,
  // clang-format on
};

struct Instruction {
  OpCode op;
  uint32_t operand = 0;  // a column, capture, constant, jump target, or count
};

// What an evaluation can see. The tested event is absent (table null) in having and emit.
struct EvalContext {
  const eventtime::EventTable* table = nullptr;
  uint32_t row = 0;
  Timestamp time;
  const uint64_t* slots = nullptr;  // of the run, laid out by SlotLayout
  const SlotLayout* layout = nullptr;
  std::span<const Value> key;
  eventtime::Arena* scratch = nullptr;  // for computed strings; cleared by the caller
  uint64_t* arithmetic_errors = nullptr;
};

class Code {
 public:
  // The expression was checked by the binder.
  static Code compile(const patterns::Expr& expr);

  // A computed string lives in the scratch arena of the context, others where they came from.
  Value evaluate(const EvalContext& context) const;
  bool holds(const EvalContext& context) const;  // true, not unknown

 private:
  friend class CodeBuilder;

  // A constant set of `in (...)`, sorted.
  struct ConstantSet {
    std::vector<int64_t> integers;
    std::vector<double> numbers;
    std::vector<std::string> texts;
    Type type = Type::kNull;
    bool has_null = false;
  };
  struct Entry;

  // The null flag, and the cell.
  Entry run(const EvalContext& context) const;
  static void in_set(Entry& entry, const ConstantSet& set);

  std::vector<Instruction> instructions_;
  std::vector<Cell> constants_;
  // Owned by pointer, so that constants may point into them when Code moves.
  std::vector<std::shared_ptr<const std::string>> texts_;
  std::vector<ConstantSet> sets_;
  std::vector<std::shared_ptr<const patterns::LookUpList>> lists_;
  std::vector<std::shared_ptr<const patterns::Regex>> regexes_;
  Type type_ = Type::kNull;
  uint32_t stack_size_ = 0;
};

}  // namespace tocsin::nfa
