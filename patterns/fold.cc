#include "patterns/fold.h"

#include <cmath>
#include <compare>
#include <utility>

namespace tocsin::patterns {
namespace {

bool is_literal(const Expr& expr) {
  return expr.op == Op::kLiteral;
}

bool is_bool(const Expr& expr, bool value) {
  return is_literal(expr) && expr.type == Type::kBool && (expr.integer != 0) == value;
}

Expr integer_literal(Type type, int64_t value, Span span) {
  Expr expr;
  expr.type = type;
  expr.integer = value;
  expr.span = span;
  return expr;
}

Expr float_literal(double value, Span span) {
  Expr expr;
  expr.type = Type::kFloat;
  expr.number = value;
  expr.span = span;
  return expr;
}

void replace_by_operand(Expr& expr, size_t index) {
  Expr operand = std::move(expr.operands[index]);
  expr = std::move(operand);
}

// Three-valued: `absorbing` is false for `and`, true for `or`.
void fold_logic(Expr& expr, bool absorbing) {
  for (size_t i = 0; i < 2; ++i) {
    if (is_bool(expr.operands[i], absorbing)) {
      expr = bool_literal(absorbing, expr.span);
      return;
    }
  }
  for (size_t i = 0; i < 2; ++i) {
    if (is_bool(expr.operands[i], !absorbing)) {
      replace_by_operand(expr, 1 - i);
      return;
    }
  }
  if (is_null_literal(expr.operands[0]) && is_null_literal(expr.operands[1])) {
    expr = null_literal(expr.span);
  }
}

std::partial_ordering compare(const Expr& left, const Expr& right) {
  switch (left.type) {
    case Type::kFloat:
      return left.number <=> right.number;
    case Type::kString:
      return left.text <=> right.text;
    default:
      return left.integer <=> right.integer;
  }
}

void fold_comparison(Expr& expr) {
  const std::partial_ordering order = compare(expr.operands[0], expr.operands[1]);
  bool holds = false;
  switch (expr.op) {
    case Op::kEqual:
      holds = order == 0;
      break;
    case Op::kNotEqual:
      holds = order != 0;
      break;
    case Op::kLess:
      holds = order < 0;
      break;
    case Op::kLessEqual:
      holds = order <= 0;
      break;
    case Op::kGreater:
      holds = order > 0;
      break;
    default:
      holds = order >= 0;
      break;
  }
  expr = bool_literal(holds, expr.span);
}

// Whole numbers, timestamps and durations; nothing is folded that overflows.
void fold_integers(Expr& expr) {
  const int64_t left = expr.operands[0].integer;
  const int64_t right = expr.operands[1].integer;
  int64_t value = 0;
  bool overflow = false;
  if (expr.op == Op::kAdd) {
    overflow = __builtin_add_overflow(left, right, &value);
  } else if (expr.op == Op::kSubtract) {
    overflow = __builtin_sub_overflow(left, right, &value);
  } else if (expr.op == Op::kMultiply) {
    overflow = __builtin_mul_overflow(left, right, &value);
  } else {
    return;
  }
  if (!overflow) expr = integer_literal(expr.type, value, expr.span);
}

void fold_floats(Expr& expr) {
  const double left = expr.operands[0].number;
  const double right = expr.operands[1].number;
  double value = 0;
  if (expr.op == Op::kAdd) {
    value = left + right;
  } else if (expr.op == Op::kSubtract) {
    value = left - right;
  } else if (expr.op == Op::kMultiply) {
    value = left * right;
  } else if (expr.op == Op::kDivide && right != 0) {
    value = left / right;
  } else {
    return;
  }
  if (std::isfinite(value)) expr = float_literal(value, expr.span);
}

void fold_arithmetic(Expr& expr) {
  const Type left = expr.operands[0].type;
  const Type right = expr.operands[1].type;
  if (left == Type::kFloat && right == Type::kFloat) {
    fold_floats(expr);
  } else if (left != Type::kFloat && right != Type::kFloat && expr.type != Type::kFloat) {
    fold_integers(expr);
  }
}

void fold_negate(Expr& expr) {
  const Expr& operand = expr.operands[0];
  if (expr.type == Type::kFloat) {
    expr = float_literal(-operand.number, expr.span);
  } else if (operand.integer != INT64_MIN) {
    expr = integer_literal(expr.type, -operand.integer, expr.span);
  }
}

void fold_to_float(Expr& expr) {
  constexpr int64_t kExact = int64_t{1} << 53;
  const int64_t value = expr.operands[0].integer;
  if (value >= -kExact && value <= kExact) {
    expr = float_literal(static_cast<double>(value), expr.span);
  }
}

void fold_literals(Expr& expr) {
  switch (expr.op) {
    case Op::kNot:
      expr = bool_literal(expr.operands[0].integer == 0, expr.span);
      break;
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      fold_comparison(expr);
      break;
    case Op::kToFloat:
      fold_to_float(expr);
      break;
    case Op::kNegate:
      fold_negate(expr);
      break;
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
      fold_arithmetic(expr);
      break;
    default:
      break;
  }
}

}  // namespace

Expr null_literal(Span span) {
  Expr expr;
  expr.span = span;
  return expr;
}

Expr bool_literal(bool value, Span span) {
  return integer_literal(Type::kBool, value ? 1 : 0, span);
}

void fold(Expr& expr) {
  if (expr.operands.empty() || expr.op == Op::kLiteral) return;
  bool all_literals = true;
  bool any_null = false;
  for (const Expr& operand : expr.operands) {
    all_literals = all_literals && is_literal(operand);
    any_null = any_null || is_null_literal(operand);
  }
  switch (expr.op) {
    case Op::kAnd:
      return fold_logic(expr, false);
    case Op::kOr:
      return fold_logic(expr, true);
    case Op::kIsNull:
    case Op::kIsNotNull:
      if (all_literals) expr = bool_literal(any_null == (expr.op == Op::kIsNull), expr.span);
      return;
    case Op::kIn:
      if (is_null_literal(expr.operands[0])) expr = null_literal(expr.span);
      return;
    case Op::kIf:  // a condition that is not true chooses the second value
      if (is_literal(expr.operands[0])) {
        replace_by_operand(expr, is_bool(expr.operands[0], true) ? 1 : 2);
      }
      return;
    case Op::kCoalesce:
      if (is_literal(expr.operands[0]) && !any_null) replace_by_operand(expr, 0);
      return;
    default:
      break;
  }
  if (any_null) {  // all other operators and functions give null for null
    expr = null_literal(expr.span);
  } else if (all_literals) {
    fold_literals(expr);
  }
}

}  // namespace tocsin::patterns
