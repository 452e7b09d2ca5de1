#include "patterns/operators.h"

#include <utility>

#include "eventtime/check.h"
#include "patterns/fold.h"
#include "patterns/names.h"

namespace tocsin::patterns {
namespace {

using ast::ExprKind;

Op op_of(ExprKind kind) {
  switch (kind) {
    case ExprKind::kEqual:
      return Op::kEqual;
    case ExprKind::kNotEqual:
      return Op::kNotEqual;
    case ExprKind::kLess:
      return Op::kLess;
    case ExprKind::kLessEqual:
      return Op::kLessEqual;
    case ExprKind::kGreater:
      return Op::kGreater;
    case ExprKind::kGreaterEqual:
      return Op::kGreaterEqual;
    case ExprKind::kAdd:
      return Op::kAdd;
    case ExprKind::kSubtract:
      return Op::kSubtract;
    case ExprKind::kMultiply:
      return Op::kMultiply;
    case ExprKind::kDivide:
      return Op::kDivide;
    case ExprKind::kModulo:
      return Op::kModulo;
    default:
      TOCSIN_CHECK(false, "a binary operator with operands of one type");
  }
}

// What to write instead when two types cannot be compared.
std::string comparison_help(const Expr& left, const Expr& right) {
  const auto either = [&](Type type) { return left.type == type || right.type == type; };
  if (either(Type::kTimestamp) && either(Type::kString)) {
    return "a point in time is written timestamp('2026-03-01T10:00:00Z')";
  }
  if (either(Type::kTimestamp) && either(Type::kDuration)) {
    return "the difference of two timestamps is a duration: time() - v.at < 5m";
  }
  if (either(Type::kDuration) && (either(Type::kInt) || either(Type::kFloat))) {
    return "a duration is written with its unit: 5m, 30s";
  }
  if (either(Type::kString) && (either(Type::kInt) || either(Type::kFloat))) {
    return "text is written in quotes, numbers without; only int and float mix";
  }
  return "both sides need one type; only int and float mix";
}

std::optional<Expr> bind_numbers(ExprKind kind, Expr left, Expr right, Span span) {
  if (kind == ExprKind::kDivide || left.type == Type::kFloat || right.type == Type::kFloat) {
    left = to_float(std::move(left));
    right = to_float(std::move(right));
  }
  const Type type = left.type;
  return make_expr(op_of(kind), type, span, std::move(left), std::move(right));
}

// Timestamps and durations. The type of the result, or nothing.
std::optional<Type> time_result(ExprKind kind, Type left, Type right) {
  constexpr Type kTime = Type::kTimestamp;
  constexpr Type kSpan = Type::kDuration;
  switch (kind) {
    case ExprKind::kAdd:
      if (left == kSpan && right == kSpan) return kSpan;
      if ((left == kTime && right == kSpan) || (left == kSpan && right == kTime)) return kTime;
      return std::nullopt;
    case ExprKind::kSubtract:
      if (left == right) return kSpan;
      if (left == kTime && right == kSpan) return kTime;
      return std::nullopt;
    case ExprKind::kMultiply:
      if ((left == kSpan && is_number(right)) || (is_number(left) && right == kSpan)) return kSpan;
      return std::nullopt;
    case ExprKind::kDivide:
      if (left == kSpan && is_number(right)) return kSpan;
      if (left == kSpan && right == kSpan) return Type::kFloat;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string arithmetic_help(ExprKind kind, const Expr& left, const Expr& right) {
  if (left.type == Type::kString || right.type == Type::kString) {
    return kind == ExprKind::kAdd ? "texts are joined with concat(a, b)"
                                  : "arithmetic takes numbers, durations and timestamps";
  }
  if (left.type == Type::kTimestamp || right.type == Type::kTimestamp) {
    return "timestamp - timestamp is a duration; a duration is added to or taken from a timestamp";
  }
  if (left.type == Type::kDuration || right.type == Type::kDuration) {
    return "durations add to durations and timestamps, and multiply and divide by numbers; a "
           "duration is written with its unit: 5m";
  }
  return "arithmetic takes numbers, durations and timestamps";
}

}  // namespace

bool is_comparison(Op op) {
  return op >= Op::kEqual && op <= Op::kGreaterEqual;
}

Op mirrored(Op op) {
  switch (op) {
    case Op::kLess:
      return Op::kGreater;
    case Op::kLessEqual:
      return Op::kGreaterEqual;
    case Op::kGreater:
      return Op::kLess;
    case Op::kGreaterEqual:
      return Op::kLessEqual;
    default:
      return op;
  }
}

Expr make_expr(Op op, Type type, Span span, std::vector<Expr> operands) {
  Expr expr;
  expr.op = op;
  expr.type = type;
  expr.span = span;
  expr.operands = std::move(operands);
  fold(expr);
  return expr;
}

Expr make_expr(Op op, Type type, Span span, Expr operand) {
  std::vector<Expr> operands;
  operands.push_back(std::move(operand));
  return make_expr(op, type, span, std::move(operands));
}

Expr make_expr(Op op, Type type, Span span, Expr left, Expr right) {
  std::vector<Expr> operands;
  operands.reserve(2);
  operands.push_back(std::move(left));
  operands.push_back(std::move(right));
  return make_expr(op, type, span, std::move(operands));
}

Expr to_float(Expr expr) {
  if (expr.type != Type::kInt) return expr;
  const Span span = expr.span;
  return make_expr(Op::kToFloat, Type::kFloat, span, std::move(expr));
}

bool is_number(Type type) {
  return type == Type::kInt || type == Type::kFloat;
}

bool is_ordered(Type type) {
  return type != Type::kBool && type != Type::kNull;
}

std::optional<Type> common_type(std::span<const Expr> exprs, size_t& odd) {
  Type common = Type::kNull;
  for (size_t i = 0; i < exprs.size(); ++i) {
    const Type type = exprs[i].type;
    if (type == Type::kNull || type == common) continue;
    if (common == Type::kNull) {
      common = type;
    } else if (is_number(common) && is_number(type)) {
      common = Type::kFloat;
    } else {
      odd = i;
      return std::nullopt;
    }
  }
  return common;
}

void convert_all(std::span<Expr> exprs, Type type) {
  if (type != Type::kFloat) return;
  for (Expr& expr : exprs) expr = to_float(std::move(expr));
}

std::string type_text(Type type) {
  return std::string(to_string(type));
}

std::string_view operator_text(ExprKind kind) {
  switch (kind) {
    case ExprKind::kOr:
      return "or";
    case ExprKind::kAnd:
      return "and";
    case ExprKind::kNot:
      return "not";
    case ExprKind::kEqual:
      return "==";
    case ExprKind::kNotEqual:
      return "!=";
    case ExprKind::kLess:
      return "<";
    case ExprKind::kLessEqual:
      return "<=";
    case ExprKind::kGreater:
      return ">";
    case ExprKind::kGreaterEqual:
      return ">=";
    case ExprKind::kAdd:
      return "+";
    case ExprKind::kSubtract:
    case ExprKind::kNegate:
      return "-";
    case ExprKind::kMultiply:
      return "*";
    case ExprKind::kDivide:
      return "/";
    case ExprKind::kModulo:
      return "%";
    case ExprKind::kLike:
      return "like";
    case ExprKind::kILike:
      return "ilike";
    case ExprKind::kMatches:
      return "matches";
    default:
      TOCSIN_CHECK(false, "an operator");
  }
}

std::optional<Expr> bind_comparison(ExprKind kind, Expr left, Expr right, Span span,
                                    Diagnostics& diagnostics) {
  std::vector<Expr> operands;
  operands.push_back(std::move(left));
  operands.push_back(std::move(right));
  size_t odd = 0;
  const std::optional<Type> type = common_type(operands, odd);
  if (!type) {
    diagnostics.error(
        span, "type-mismatch",
        "cannot compare " + type_text(operands[0].type) + " with " + type_text(operands[1].type),
        comparison_help(operands[0], operands[1]));
    return std::nullopt;
  }
  if (*type == Type::kBool && kind != ExprKind::kEqual && kind != ExprKind::kNotEqual) {
    diagnostics.error(span, "type-mismatch",
                      "bool has no order, so there is no " + in_quotes(operator_text(kind)),
                      "bool has '==' and '!='");
    return std::nullopt;
  }
  convert_all(operands, *type);
  return make_expr(op_of(kind), Type::kBool, span, std::move(operands));
}

std::optional<Expr> bind_arithmetic(ExprKind kind, Expr left, Expr right, Span span,
                                    Diagnostics& diagnostics) {
  if (is_null_literal(left) || is_null_literal(right)) return null_literal(span);
  if (is_number(left.type) && is_number(right.type)) {
    return bind_numbers(kind, std::move(left), std::move(right), span);
  }
  const std::optional<Type> type = time_result(kind, left.type, right.type);
  if (!type) {
    diagnostics.error(span, "type-mismatch",
                      "cannot apply " + in_quotes(operator_text(kind)) + " to " +
                          type_text(left.type) + " and " + type_text(right.type),
                      arithmetic_help(kind, left, right));
    return std::nullopt;
  }
  // One form each: timestamp + duration, duration * number, duration / float.
  if (left.type == Type::kDuration && right.type == Type::kTimestamp) std::swap(left, right);
  if (is_number(left.type)) std::swap(left, right);
  if (kind == ExprKind::kDivide) right = to_float(std::move(right));
  return make_expr(op_of(kind), *type, span, std::move(left), std::move(right));
}

std::optional<Expr> bind_negate(Expr operand, Span span, Diagnostics& diagnostics) {
  const Type type = operand.type;
  if (type != Type::kNull && !is_number(type) && type != Type::kDuration) {
    diagnostics.error(operand.span, "type-mismatch",
                      "'-' takes an int, float or duration, not " + type_text(type),
                      "'not' is for bool");
    return std::nullopt;
  }
  return make_expr(Op::kNegate, type, span, std::move(operand));
}

std::optional<Expr> bind_in(std::vector<Expr> operands, Span span, Diagnostics& diagnostics) {
  size_t odd = 0;
  const std::optional<Type> type = common_type(operands, odd);
  if (!type) {
    size_t other = 0;  // an operand before `odd` that gave the common type
    while (operands[other].type == Type::kNull) ++other;
    diagnostics.error(operands[odd].span, "type-mismatch",
                      "cannot compare " + type_text(operands[other].type) + " with " +
                          type_text(operands[odd].type),
                      comparison_help(operands[other], operands[odd]));
    return std::nullopt;
  }
  convert_all(operands, *type);
  return make_expr(Op::kIn, Type::kBool, span, std::move(operands));
}

}  // namespace tocsin::patterns
