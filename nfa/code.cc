#include "nfa/code.h"

#include <alloca.h>

#include <algorithm>
#include <cmath>

#include "eventtime/check.h"
#include "nfa/functions.h"
#include "patterns/look_up_list.h"
#include "patterns/regex.h"

namespace tocsin::nfa {

using eventtime::Text;

struct Code::Entry {
  Cell cell;
  bool null;
};
static_assert(std::is_trivially_copyable_v<Value>);

namespace {

constexpr uint32_t kMaxStack = 4096;

}  // namespace

void Code::in_set(Entry& entry, const ConstantSet& set) {
  if (entry.null) return;
  bool found = false;
  switch (set.type) {
    case Type::kFloat:
      found = std::binary_search(set.numbers.begin(), set.numbers.end(), entry.cell.number);
      break;
    case Type::kString:
      found = std::binary_search(set.texts.begin(), set.texts.end(), entry.cell.text.view(),
                                 std::less<std::string_view>());
      break;
    default:
      found = std::binary_search(set.integers.begin(), set.integers.end(), entry.cell.integer);
  }
  entry.cell = Cell(int64_t{found});
  entry.null = !found && set.has_null;
}

// One case for each instruction; the stack grows upwards from `stack`, `top` is its last entry.
Code::Entry Code::run(const EvalContext& context) const {  // NOLINT(readability-function-size)
  TOCSIN_CHECK(stack_size_ <= kMaxStack, "expressions are nested within limits");
  auto* stack = static_cast<Entry*>(alloca(stack_size_ * sizeof(Entry)));
  Entry* top = stack - 1;

  const auto push = [&](Cell cell, bool null) { *++top = Entry{cell, null}; };
  const auto fail = [&] {  // a result out of range
    ++*context.arithmetic_errors;
    top->null = true;
  };
  // Two operands become one result, null if either is null.
  const auto binary = [&](auto operation) {
    const Entry right = *top--;
    if (top->null || right.null) {
      top->null = true;
      return;
    }
    operation(top->cell, right.cell);
  };
  const auto compare = [&](auto test) {
    binary([&](Cell& left, const Cell& right) { left = Cell(int64_t{test(left, right)}); });
  };
  const auto checked = [&](auto operation) {  // integers; `operation` tells of overflow
    binary([&](Cell& left, const Cell& right) {
      int64_t result = 0;
      if (operation(left.integer, right.integer, &result)) {
        fail();
      } else {
        left = Cell(result);
      }
    });
  };
  const auto finite = [&](double result) {
    top->cell = Cell(result);
    if (!std::isfinite(result)) fail();
  };
  const auto numeric = [&](auto operation) {
    binary([&](Cell& left, const Cell& right) { finite(operation(left.number, right.number)); });
  };
  const auto unary = [&](auto operation) {
    if (!top->null) operation(top->cell);
  };
  const auto whole_micros = [&](double micros) {  // a duration from a float
    if (std::abs(micros) < 9.2e18) {
      top->cell = Cell(static_cast<int64_t>(std::llround(micros)));
    } else {
      fail();
    }
  };
  const auto integers = [&](auto test) {
    compare([&](const Cell& l, const Cell& r) { return test(l.integer, r.integer); });
  };
  const auto numbers = [&](auto test) {
    compare([&](const Cell& l, const Cell& r) { return test(l.number, r.number); });
  };
  const auto texts = [&](auto test) {
    compare([&](const Cell& l, const Cell& r) { return test(l.text, r.text); });
  };
  const auto views = [&](auto test) {
    compare([&](const Cell& l, const Cell& r) { return test(l.text.view(), r.text.view()); });
  };
  const auto choose = [&](auto right_wins) {
    binary([&](Cell& left, const Cell& right) {
      if (right_wins(left, right)) left = right;
    });
  };

  for (size_t at = 0; at < instructions_.size(); ++at) {
    const Instruction instruction = instructions_[at];
    const uint32_t operand = instruction.operand;
    switch (instruction.op) {
      case OpCode::kConstant:
        push(constants_[operand], false);
        break;
      case OpCode::kNull:
        push(Cell(int64_t{0}), true);
        break;
      case OpCode::kFieldInteger: {
        const eventtime::Column& column = context.table->columns[operand];
        push(Cell(column.integer(context.row)), column.is_null(context.row));
        break;
      }
      case OpCode::kFieldNumber: {
        const eventtime::Column& column = context.table->columns[operand];
        push(Cell(column.number(context.row)), column.is_null(context.row));
        break;
      }
      case OpCode::kFieldText: {
        const eventtime::Column& column = context.table->columns[operand];
        push(Cell(column.text(context.row)), column.is_null(context.row));
        break;
      }
      case OpCode::kTestedTime:
        push(Cell(context.time.micros), false);
        break;
      case OpCode::kCapture: {
        const Value value = context.layout->read(context.slots, operand);
        push(value.cell, value.is_null());
        break;
      }
      case OpCode::kKey:
        push(context.key[operand].cell, context.key[operand].is_null());
        break;

      case OpCode::kJumpIfFalse:
        if (!top->null && top->cell.integer == 0) at = operand - 1;
        break;
      case OpCode::kJumpIfTrue:
        if (!top->null && top->cell.integer != 0) at = operand - 1;
        break;
      case OpCode::kAnd: {
        const Entry right = *top--;
        if (!right.null && right.cell.integer == 0) {
          *top = right;
        } else if (right.null) {
          top->null = true;  // the left one is not false: kJumpIfFalse stands before
        }
        break;
      }
      case OpCode::kOr: {
        const Entry right = *top--;
        if (!right.null && right.cell.integer != 0) {
          *top = right;
        } else if (right.null && (top->null || top->cell.integer == 0)) {
          top->null = true;
        }
        break;
      }
      case OpCode::kNot:
        unary([](Cell& c) { c = Cell(int64_t{c.integer == 0}); });
        break;
      case OpCode::kJump:
        at = operand - 1;
        break;
      case OpCode::kBranchUnlessTrue: {
        const Entry condition = *top--;
        if (condition.null || condition.cell.integer == 0) at = operand - 1;
        break;
      }
      case OpCode::kCoalesce:
        if (!top->null) {
          at = operand - 1;
        } else {
          --top;
        }
        break;

      case OpCode::kEqualInteger:
        integers(std::equal_to<>());
        break;
      case OpCode::kNotEqualInteger:
        integers(std::not_equal_to<>());
        break;
      case OpCode::kLessInteger:
        integers(std::less<>());
        break;
      case OpCode::kLessEqualInteger:
        integers(std::less_equal<>());
        break;
      case OpCode::kGreaterInteger:
        integers(std::greater<>());
        break;
      case OpCode::kGreaterEqualInteger:
        integers(std::greater_equal<>());
        break;
      case OpCode::kEqualNumber:
        numbers(std::equal_to<>());
        break;
      case OpCode::kNotEqualNumber:
        numbers(std::not_equal_to<>());
        break;
      case OpCode::kLessNumber:
        numbers(std::less<>());
        break;
      case OpCode::kLessEqualNumber:
        numbers(std::less_equal<>());
        break;
      case OpCode::kGreaterNumber:
        numbers(std::greater<>());
        break;
      case OpCode::kGreaterEqualNumber:
        numbers(std::greater_equal<>());
        break;
      case OpCode::kEqualText:
        texts(std::equal_to<>());
        break;
      case OpCode::kNotEqualText:
        texts(std::not_equal_to<>());
        break;
      case OpCode::kLessText:
        texts(std::less<>());
        break;
      case OpCode::kLessEqualText:
        texts(std::less_equal<>());
        break;
      case OpCode::kGreaterText:
        texts(std::greater<>());
        break;
      case OpCode::kGreaterEqualText:
        texts(std::greater_equal<>());
        break;
      case OpCode::kIsNull:
        *top = Entry{Cell(int64_t{top->null}), false};
        break;
      case OpCode::kIsNotNull:
        *top = Entry{Cell(int64_t{!top->null}), false};
        break;
      case OpCode::kInSet:
        in_set(*top, sets_[operand]);
        break;
      case OpCode::kInListInteger:
        unary([&](Cell& c) { c = Cell(int64_t{lists_[operand]->contains(c.integer)}); });
        break;
      case OpCode::kInListNumber:
        unary([&](Cell& c) { c = Cell(int64_t{lists_[operand]->contains(c.number)}); });
        break;
      case OpCode::kInListText:
        unary([&](Cell& c) { c = Cell(int64_t{lists_[operand]->contains(c.text.view())}); });
        break;
      case OpCode::kMatches:
        unary([&](Cell& c) { c = Cell(int64_t{regexes_[operand]->matches(c.text.view())}); });
        break;
      case OpCode::kLike:
        unary([&](Cell& c) {
          c = Cell(int64_t{like(c.text.view(), constants_[operand].text.view())});
        });
        break;
      case OpCode::kILike:
        unary([&](Cell& c) {
          c = Cell(int64_t{like(to_lower(c.text.view(), *context.scratch),
                                to_lower(constants_[operand].text.view(), *context.scratch))});
        });
        break;

      case OpCode::kToFloat:
        unary([](Cell& c) { c = Cell(static_cast<double>(c.integer)); });
        break;
      case OpCode::kNegateInteger:
        unary([&](Cell& c) {
          int64_t result = 0;
          if (__builtin_sub_overflow(int64_t{0}, c.integer, &result)) return fail();
          c = Cell(result);
        });
        break;
      case OpCode::kNegateNumber:
        unary([](Cell& c) { c = Cell(-c.number); });
        break;
      case OpCode::kAddInteger:
        checked(
            [](int64_t l, int64_t r, int64_t* out) { return __builtin_add_overflow(l, r, out); });
        break;
      case OpCode::kSubtractInteger:
        checked(
            [](int64_t l, int64_t r, int64_t* out) { return __builtin_sub_overflow(l, r, out); });
        break;
      case OpCode::kMultiplyInteger:
        checked(
            [](int64_t l, int64_t r, int64_t* out) { return __builtin_mul_overflow(l, r, out); });
        break;
      case OpCode::kModuloInteger:
        checked([](int64_t l, int64_t r, int64_t* out) {
          if (r == 0) return true;
          *out = r == -1 ? 0 : l % r;
          return false;
        });
        break;
      case OpCode::kAddNumber:
        numeric(std::plus<>());
        break;
      case OpCode::kSubtractNumber:
        numeric(std::minus<>());
        break;
      case OpCode::kMultiplyNumber:
        numeric(std::multiplies<>());
        break;
      case OpCode::kDivideNumber:
        binary([&](Cell& left, const Cell& right) {
          if (right.number == 0) return fail();
          finite(left.number / right.number);
        });
        break;
      case OpCode::kModuloNumber:
        binary([&](Cell& left, const Cell& right) {
          if (right.number == 0) return fail();
          finite(std::fmod(left.number, right.number));
        });
        break;
      case OpCode::kScaleDuration:
        // Operand 1: the factor stands on the left.
        binary([&](Cell& left, const Cell& right) {
          const bool left_is_factor = operand == 1;
          whole_micros(left_is_factor ? left.number * static_cast<double>(right.integer)
                                      : static_cast<double>(left.integer) * right.number);
        });
        break;
      case OpCode::kShrinkDuration:  // operand 1: the divisor is an integer
        binary([&](Cell& left, const Cell& right) {
          const double divisor = operand == 1 ? static_cast<double>(right.integer) : right.number;
          if (divisor == 0) return fail();
          whole_micros(static_cast<double>(left.integer) / divisor);
        });
        break;
      case OpCode::kRatioDuration:
        binary([&](Cell& left, const Cell& right) {
          if (right.integer == 0) return fail();
          finite(static_cast<double>(left.integer) / static_cast<double>(right.integer));
        });
        break;

      case OpCode::kAbsInteger:
        unary([&](Cell& c) {
          if (c.integer == std::numeric_limits<int64_t>::min()) return fail();
          c = Cell(std::abs(c.integer));
        });
        break;
      case OpCode::kAbsNumber:
        unary([](Cell& c) { c = Cell(std::abs(c.number)); });
        break;
      case OpCode::kRoundNumber:
        unary([](Cell& c) { c = Cell(std::round(c.number)); });
        break;
      case OpCode::kRoundDigits:
        binary([&](Cell& left, const Cell& right) {
          finite(round_half_away(left.number, right.integer));
        });
        break;
      case OpCode::kRoundIntegerDigits:
        checked([](int64_t l, int64_t r, int64_t* out) {
          const std::optional<int64_t> rounded = round_half_away(l, r);
          if (rounded) *out = *rounded;
          return !rounded;
        });
        break;
      case OpCode::kFloor:
        unary([](Cell& c) { c = Cell(std::floor(c.number)); });
        break;
      case OpCode::kCeil:
        unary([](Cell& c) { c = Cell(std::ceil(c.number)); });
        break;
      case OpCode::kSqrt:
        unary([&](Cell& c) { finite(std::sqrt(c.number)); });
        break;
      case OpCode::kPow:
        numeric([](double l, double r) { return std::pow(l, r); });
        break;
      case OpCode::kLeastInteger:
        choose([](const Cell& l, const Cell& r) { return r.integer < l.integer; });
        break;
      case OpCode::kLeastNumber:
        choose([](const Cell& l, const Cell& r) { return r.number < l.number; });
        break;
      case OpCode::kLeastText:
        choose([](const Cell& l, const Cell& r) { return r.text < l.text; });
        break;
      case OpCode::kGreatestInteger:
        choose([](const Cell& l, const Cell& r) { return r.integer > l.integer; });
        break;
      case OpCode::kGreatestNumber:
        choose([](const Cell& l, const Cell& r) { return r.number > l.number; });
        break;
      case OpCode::kGreatestText:
        choose([](const Cell& l, const Cell& r) { return r.text > l.text; });
        break;

      case OpCode::kLower:
        unary([&](Cell& c) { c = Cell(Text(to_lower(c.text.view(), *context.scratch))); });
        break;
      case OpCode::kUpper:
        unary([&](Cell& c) { c = Cell(Text(to_upper(c.text.view(), *context.scratch))); });
        break;
      case OpCode::kTrim:
        unary([](Cell& c) { c = Cell(Text(trim(c.text.view()))); });
        break;
      case OpCode::kLength:
        unary([](Cell& c) { c = Cell(length(c.text.view())); });
        break;
      case OpCode::kSubstr: {
        Entry count{Cell(int64_t{0}), false};
        if (operand == 3) count = *top--;
        binary([&](Cell& left, const Cell& right) {
          if (count.null) {
            top->null = true;
            return;
          }
          const auto wanted =
              operand == 3 ? std::optional<int64_t>(count.cell.integer) : std::nullopt;
          left = Cell(Text(substr(left.text.view(), right.integer, wanted)));
        });
        break;
      }
      case OpCode::kContains:
        views([](auto l, auto r) { return l.find(r) != std::string_view::npos; });
        break;
      case OpCode::kStartsWith:
        views([](auto l, auto r) { return l.starts_with(r); });
        break;
      case OpCode::kEndsWith:
        views([](auto l, auto r) { return l.ends_with(r); });
        break;
      case OpCode::kConcat:
        binary([&](Cell& left, const Cell& right) {
          const size_t size = left.text.size() + right.text.size();
          char* bytes = context.scratch->allocate(size);
          left.text.view().copy(bytes, left.text.size());
          right.text.view().copy(bytes + left.text.size(), right.text.size());
          left = Cell(Text(std::string_view(bytes, size)));
        });
        break;

      case OpCode::kHour:
        unary([](Cell& c) { c = Cell(int64_t{eventtime::to_civil({c.integer}).hour}); });
        break;
      case OpCode::kDayOfWeek:
        unary([](Cell& c) { c = Cell(int64_t{eventtime::to_civil({c.integer}).day_of_week}); });
        break;
      case OpCode::kDateTrunc:
        unary([&](Cell& c) {
          c = Cell(date_trunc(static_cast<DateUnit>(operand), {c.integer}).micros);
        });
        break;
      case OpCode::kDistanceKm: {
        top -= 3;
        const bool null = top[0].null || top[1].null || top[2].null || top[3].null;
        if (null) {
          top->null = true;
        } else {
          finite(distance_km(top[0].cell.number, top[1].cell.number, top[2].cell.number,
                             top[3].cell.number));
        }
        break;
      }
    }
  }
  return *top;
}

Value Code::evaluate(const EvalContext& context) const {
  const Entry result = run(context);
  if (result.null) return Value::null();
  return {type_, result.cell};
}

bool Code::holds(const EvalContext& context) const {
  const Entry result = run(context);
  return !result.null && result.cell.integer != 0;
}

}  // namespace tocsin::nfa
