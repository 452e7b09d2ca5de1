#include "tests/model/naive_expression.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "eventtime/check.h"
#include "patterns/look_up_list.h"
#include "tests/model/naive_functions.h"

namespace tocsin::model {

namespace {

using patterns::Capture;
using patterns::CaptureKind;
using patterns::Expr;
using patterns::Op;
using Values = std::vector<NaiveValue>;

// ---- what is bound ----

std::vector<const NaiveEvent*> bound_to(uint32_t variable, const Scope& scope) {
  std::vector<const NaiveEvent*> found;
  for (const Bound& bound : scope.bound) {
    if (variable == Capture::kPrevious || bound.variable == variable) {
      found.push_back(&scope.events[bound.event]);
    }
  }
  return found;
}

NaiveValue sum_of(const Values& values) {
  if (values.empty()) return NaiveValue::null();
  NaiveValue sum = values.front();
  for (size_t i = 1; i < values.size(); ++i) {
    sum.number += values[i].number;
    if (__builtin_add_overflow(sum.integer, values[i].integer, &sum.integer)) {
      return NaiveValue::null();
    }
  }
  return sum;
}

double as_number(const NaiveValue& value) {
  return value.type == Type::kFloat ? value.number : static_cast<double>(value.integer);
}

double mean_of(const Values& values) {
  double sum = 0;
  for (const NaiveValue& value : values) sum += as_number(value);
  return sum / static_cast<double>(values.size());
}

NaiveValue stddev_of(const Values& values) {
  if (values.size() < 2) return NaiveValue::null();
  const double mean = mean_of(values);
  double squares = 0;
  for (const NaiveValue& value : values) squares += std::pow(as_number(value) - mean, 2);
  return NaiveValue::of_float(std::sqrt(squares / static_cast<double>(values.size() - 1)));
}

NaiveValue average_of(const Values& values) {
  return values.empty() ? NaiveValue::null() : NaiveValue::of_float(mean_of(values));
}

NaiveValue extreme_of(const Values& values, int sign) {
  NaiveValue best;
  for (const NaiveValue& value : values) {
    if (best.is_null() || compare(value, best) * sign > 0) best = value;
  }
  return best;
}

NaiveValue distinct_of(const Values& values) {
  Values seen;
  for (const NaiveValue& value : values) {
    const auto same = [&](const NaiveValue& other) { return compare(value, other) == 0; };
    if (std::none_of(seen.begin(), seen.end(), same)) seen.push_back(value);
  }
  return NaiveValue::of_int(static_cast<int64_t>(seen.size()));
}

NaiveValue capture_value(const Capture& capture, const Scope& scope) {
  if (capture.kind == CaptureKind::kCount) {
    return NaiveValue::of_int(static_cast<int64_t>(bound_to(capture.variable, scope).size()));
  }
  if (capture.kind == CaptureKind::kLastTime) {
    const auto events = bound_to(capture.variable, scope);
    if (events.empty()) return NaiveValue::null();
    return NaiveValue::of_micros(Type::kTimestamp, events.back()->time.micros);
  }
  Values values = captured(capture, scope);
  if (capture.kind == CaptureKind::kFirst) return values.empty() ? NaiveValue() : values.front();
  if (capture.kind == CaptureKind::kLast) return values.empty() ? NaiveValue() : values.back();
  std::erase_if(values, [](const NaiveValue& value) { return value.is_null(); });
  switch (capture.kind) {
    case CaptureKind::kSum:
      return sum_of(values);
    case CaptureKind::kAverage:
      return average_of(values);
    case CaptureKind::kMinimum:
      return extreme_of(values, -1);
    case CaptureKind::kMaximum:
      return extreme_of(values, 1);
    case CaptureKind::kStddev:
      return stddev_of(values);
    case CaptureKind::kDistinct:
      return distinct_of(values);
    default:
      break;
  }
  TOCSIN_CHECK(false, "collect is a list, not a value");
}

// ---- logic ----

NaiveValue negation(const NaiveValue& value) {
  return value.is_null() ? value : NaiveValue::of_bool(!value.is_true());
}

NaiveValue conjunction(const Values& operands) {
  bool unknown = false;
  for (const NaiveValue& operand : operands) {
    if (operand.is_false()) return operand;
    unknown = unknown || operand.is_null();
  }
  return unknown ? NaiveValue::null() : NaiveValue::of_bool(true);
}

NaiveValue disjunction(const Values& operands) {
  bool unknown = false;
  for (const NaiveValue& operand : operands) {
    if (operand.is_true()) return operand;
    unknown = unknown || operand.is_null();
  }
  return unknown ? NaiveValue::null() : NaiveValue::of_bool(false);
}

NaiveValue comparison(Op op, const NaiveValue& left, const NaiveValue& right) {
  if (left.is_null() || right.is_null()) return NaiveValue::null();
  const int order = compare(left, right);
  switch (op) {
    case Op::kEqual:
      return NaiveValue::of_bool(order == 0);
    case Op::kNotEqual:
      return NaiveValue::of_bool(order != 0);
    case Op::kLess:
      return NaiveValue::of_bool(order < 0);
    case Op::kLessEqual:
      return NaiveValue::of_bool(order <= 0);
    case Op::kGreater:
      return NaiveValue::of_bool(order > 0);
    default:
      return NaiveValue::of_bool(order >= 0);
  }
}

NaiveValue is_one_of(const Values& operands) {
  Values equal;
  for (size_t i = 1; i < operands.size(); ++i) {
    equal.push_back(comparison(Op::kEqual, operands[0], operands[i]));
  }
  return disjunction(equal);
}

NaiveValue is_in_list(const patterns::LookUpList& list, const NaiveValue& value) {
  if (value.is_null()) return value;
  if (value.type == Type::kString) return NaiveValue::of_bool(list.contains(value.text));
  if (value.type == Type::kFloat) return NaiveValue::of_bool(list.contains(value.number));
  return NaiveValue::of_bool(list.contains(value.integer));
}

// ---- arithmetic ----

NaiveValue float_or_null(double value) {
  return std::isfinite(value) ? NaiveValue::of_float(value) : NaiveValue::null();
}

// int, timestamp and duration are all whole numbers; the binder has seen to what may meet what.
NaiveValue whole_arithmetic(Op op, Type type, int64_t left, int64_t right) {
  int64_t result = 0;
  bool bad = false;
  switch (op) {
    case Op::kAdd:
      bad = __builtin_add_overflow(left, right, &result);
      break;
    case Op::kSubtract:
      bad = __builtin_sub_overflow(left, right, &result);
      break;
    case Op::kMultiply:
      bad = __builtin_mul_overflow(left, right, &result);
      break;
    default:  // kModulo
      bad = right == 0;
      result = bad || right == -1 ? 0 : left % right;
  }
  return bad ? NaiveValue::null() : NaiveValue{type, result, 0, {}};
}

NaiveValue float_arithmetic(Op op, double left, double right) {
  switch (op) {
    case Op::kAdd:
      return float_or_null(left + right);
    case Op::kSubtract:
      return float_or_null(left - right);
    case Op::kMultiply:
      return float_or_null(left * right);
    case Op::kDivide:
      return right == 0 ? NaiveValue::null() : float_or_null(left / right);
    default:
      return right == 0 ? NaiveValue::null() : float_or_null(std::fmod(left, right));
  }
}

// A duration from a float: rounded half away from zero; null where it does not fit.
NaiveValue duration_from(const NaiveValue& micros) {
  if (micros.is_null()) return micros;
  const double rounded = std::round(micros.number);
  if (rounded < -0x1p63 || rounded >= 0x1p63) return NaiveValue::null();
  return NaiveValue::of_micros(Type::kDuration, static_cast<int64_t>(rounded));
}

NaiveValue arithmetic(const Expr& expr, const NaiveValue& left, const NaiveValue& right) {
  if (left.is_null() || right.is_null()) return NaiveValue::null();
  const bool floats = left.type == Type::kFloat || right.type == Type::kFloat;
  if (floats || expr.op == Op::kDivide) {
    const NaiveValue result = float_arithmetic(expr.op, as_number(left), as_number(right));
    return expr.type == Type::kDuration ? duration_from(result) : result;
  }
  return whole_arithmetic(expr.op, expr.type, left.integer, right.integer);
}

NaiveValue negate(const NaiveValue& value) {
  if (value.is_null()) return value;
  if (value.type == Type::kFloat) return NaiveValue::of_float(-value.number);
  return whole_arithmetic(Op::kSubtract, value.type, 0, value.integer);
}

NaiveValue literal(const Expr& expr) {
  return NaiveValue{expr.type, expr.integer, expr.number, expr.text};
}

NaiveValue operate(const Expr& expr, const Values& operands) {
  switch (expr.op) {
    case Op::kNot:
      return negation(operands[0]);
    case Op::kAnd:
      return conjunction(operands);
    case Op::kOr:
      return disjunction(operands);
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return comparison(expr.op, operands[0], operands[1]);
    case Op::kIsNull:
      return NaiveValue::of_bool(operands[0].is_null());
    case Op::kIsNotNull:
      return NaiveValue::of_bool(!operands[0].is_null());
    case Op::kIn:
      return is_one_of(operands);
    case Op::kInList:
      return is_in_list(*expr.list, operands[0]);
    case Op::kToFloat:
      return operands[0].is_null() ? operands[0] : NaiveValue::of_float(as_number(operands[0]));
    case Op::kNegate:
      return negate(operands[0]);
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
      return arithmetic(expr, operands[0], operands[1]);
    default:
      return call_function(expr, operands);
  }
}

}  // namespace

std::vector<NaiveValue> captured(const Capture& capture, const Scope& scope) {
  Values values;
  for (const NaiveEvent* event : bound_to(capture.variable, scope)) {
    const std::optional<size_t> field = scope.catalog.types[event->type].find(capture.field);
    values.push_back(field ? event->fields[*field] : NaiveValue::null());
  }
  return values;
}

NaiveValue evaluate(const Expr& expr, const Scope& scope) {
  switch (expr.op) {
    case Op::kLiteral:
      return expr.type == Type::kNull ? NaiveValue::null() : literal(expr);
    case Op::kField:
      return scope.tested->fields[expr.index];
    case Op::kTestedTime:
      return NaiveValue::of_micros(Type::kTimestamp, scope.tested->time.micros);
    case Op::kCapture:
      return capture_value(scope.pattern.captures[expr.index], scope);
    case Op::kKey:
      return scope.key[expr.index];
    default:
      break;
  }
  Values operands;
  for (const Expr& operand : expr.operands) operands.push_back(evaluate(operand, scope));
  return operate(expr, operands);
}

bool holds(const Expr& condition, const Scope& scope) {
  return evaluate(condition, scope).is_true();
}

}  // namespace tocsin::model
