#include "patterns/expression_checker.h"

#include <utility>

#include "patterns/fold.h"
#include "patterns/operators.h"

namespace tocsin::patterns {
namespace {

using ast::ExprKind;

constexpr const char* kCompareHelp = "compare it with something: '==', '<', 'is not null'";
// `between` doubles its operand, so nested ones could grow without bound.
constexpr size_t kMaxCopiedNodes = 10'000;

size_t count_nodes(const Expr& expr) {
  size_t count = 1;
  for (const Expr& operand : expr.operands) count += count_nodes(operand);
  return count;
}

Expr literal(const ast::Expr& expr, Type type) {
  Expr literal;
  literal.type = type;
  literal.span = expr.span;
  literal.integer = expr.integer;
  literal.number = expr.number;
  if (type == Type::kString) literal.text = expr.text;
  return literal;
}

// Why Hyperscan does not take what other engines do.
std::string help_for_regex(std::string_view text) {
  for (const std::string_view around : {"(?=", "(?!", "(?<=", "(?<!"}) {
    if (text.find(around) != std::string_view::npos) {
      return "a search in linear time has no look-around; write a second condition: 'and not x "
             "matches ...'";
    }
  }
  for (char digit = '1'; digit <= '9'; ++digit) {
    if (text.find(std::string{'\\', digit}) != std::string_view::npos) {
      return "a search in linear time has no back-references";
    }
  }
  return {};
}

std::optional<Expr> negate_if(bool negated, std::optional<Expr> expr) {
  if (!negated || !expr) return expr;
  const Span span = expr->span;
  return make_expr(Op::kNot, Type::kBool, span, std::move(*expr));
}

}  // namespace

const ast::Expr& without_parentheses(const ast::Expr& expr) {
  const ast::Expr* inner = &expr;
  while (inner->kind == ExprKind::kParenthesis) inner = &inner->operands[0];
  return *inner;
}

std::optional<Expr> ExpressionChecker::value(const ast::Expr& expr, const Place& place) {
  place_ = place;

  copied_nodes_ = 0;
  whole_ = &without_parentheses(expr);
  return check(expr);
}

std::optional<Expr> ExpressionChecker::condition(const ast::Expr& expr, const Place& place) {
  std::optional<Expr> checked = value(expr, place);
  if (!checked) return std::nullopt;
  if (checked->type == Type::kNull) return bool_literal(false, checked->span);  // never holds
  if (checked->type != Type::kBool) {
    context_.diagnostics.error(checked->span, "type-mismatch",
                               "a condition must be bool, not " + type_text(checked->type),
                               kCompareHelp);
    return std::nullopt;
  }
  return checked;
}

std::optional<Expr> ExpressionChecker::check(const ast::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNull:
      return null_literal(expr.span);
    case ExprKind::kBool:
      return literal(expr, Type::kBool);
    case ExprKind::kInt:
      return literal(expr, Type::kInt);
    case ExprKind::kFloat:
      return literal(expr, Type::kFloat);
    case ExprKind::kString:
      return literal(expr, Type::kString);
    case ExprKind::kDuration:
      return literal(expr, Type::kDuration);
    case ExprKind::kField:
      return place_.result ? check_key(expr) : check_field(expr);
    case ExprKind::kMember:
      return check_member(expr);
    case ExprKind::kCall:
      return check_call(expr);
    case ExprKind::kNot:
      return check_not(expr);
    case ExprKind::kOr:
    case ExprKind::kAnd:
      return check_logic(expr);
    case ExprKind::kEqual:
    case ExprKind::kNotEqual:
    case ExprKind::kLess:
    case ExprKind::kLessEqual:
    case ExprKind::kGreater:
    case ExprKind::kGreaterEqual:
      return check_comparison(expr);
    case ExprKind::kNegate:
    case ExprKind::kAdd:
    case ExprKind::kSubtract:
    case ExprKind::kMultiply:
    case ExprKind::kDivide:
    case ExprKind::kModulo:
      return check_arithmetic(expr);
    case ExprKind::kIn:
      return check_in(expr);
    case ExprKind::kInList:
      return check_in_list(expr);
    case ExprKind::kBetween:
      return check_between(expr);
    case ExprKind::kLike:
    case ExprKind::kILike:
    case ExprKind::kMatches:
      return check_like(expr);
    case ExprKind::kIsNull:
      return check_is_null(expr);
    case ExprKind::kParenthesis:
      return check(expr.operands[0]);
  }
  return std::nullopt;
}

std::optional<std::vector<Expr>> ExpressionChecker::check_all(const std::vector<ast::Expr>& exprs) {
  std::vector<Expr> checked;
  bool good = true;
  for (const ast::Expr& expr : exprs) {
    std::optional<Expr> one = check(expr);
    if (one) {
      checked.push_back(std::move(*one));
    } else {
      good = false;
    }
  }
  if (!good) return std::nullopt;
  return checked;
}

bool ExpressionChecker::check_operand(const std::optional<Expr>& operand, Type type,
                                      std::string_view operation) {
  if (!operand) return false;
  if (operand->type == type || operand->type == Type::kNull) return true;
  context_.diagnostics.error(
      operand->span, "type-mismatch",
      in_quotes(operation) + " needs " + type_text(type) + ", not " + type_text(operand->type),
      type == Type::kBool ? kCompareHelp : "");
  return false;
}

std::optional<Expr> ExpressionChecker::check_logic(const ast::Expr& expr) {
  const std::string_view operation = operator_text(expr.kind);
  std::optional<Expr> left = check(expr.operands[0]);
  std::optional<Expr> right = check(expr.operands[1]);
  const bool left_fits = check_operand(left, Type::kBool, operation);
  const bool right_fits = check_operand(right, Type::kBool, operation);
  if (!left_fits || !right_fits) return std::nullopt;
  const Op op = expr.kind == ExprKind::kAnd ? Op::kAnd : Op::kOr;
  return make_expr(op, Type::kBool, expr.span, std::move(*left), std::move(*right));
}

std::optional<Expr> ExpressionChecker::check_not(const ast::Expr& expr) {
  std::optional<Expr> operand = check(expr.operands[0]);
  if (!check_operand(operand, Type::kBool, "not")) return std::nullopt;
  return make_expr(Op::kNot, Type::kBool, expr.span, std::move(*operand));
}

std::optional<Expr> ExpressionChecker::check_comparison(const ast::Expr& expr) {
  std::optional<std::vector<Expr>> operands = check_all(expr.operands);
  for (size_t i = 0; i < 2; ++i) {
    if (without_parentheses(expr.operands[i]).kind != ExprKind::kNull) continue;
    const std::string other(context_.source.text(expr.operands[1 - i].span));
    const bool equal = expr.kind != ExprKind::kNotEqual;
    context_.diagnostics.warning(expr.span, "null-comparison",
                                 "a comparison with null is never true",
                                 "write '" + other + (equal ? " is null'" : " is not null'"));
    break;
  }
  if (!operands) return std::nullopt;
  return bind_comparison(expr.kind, std::move((*operands)[0]), std::move((*operands)[1]), expr.span,
                         context_.diagnostics);
}

std::optional<Expr> ExpressionChecker::check_arithmetic(const ast::Expr& expr) {
  std::optional<std::vector<Expr>> operands = check_all(expr.operands);
  if (!operands) return std::nullopt;
  if (expr.kind == ExprKind::kNegate) {
    return bind_negate(std::move((*operands)[0]), expr.span, context_.diagnostics);
  }
  return bind_arithmetic(expr.kind, std::move((*operands)[0]), std::move((*operands)[1]), expr.span,
                         context_.diagnostics);
}

std::optional<Expr> ExpressionChecker::check_in(const ast::Expr& expr) {
  std::optional<std::vector<Expr>> operands = check_all(expr.operands);
  if (!operands) return std::nullopt;
  return negate_if(expr.negated, bind_in(std::move(*operands), expr.span, context_.diagnostics));
}

std::optional<Expr> ExpressionChecker::check_in_list(const ast::Expr& expr) {
  const ListRef* list = context_.declarations.list(expr.text);
  if (list == nullptr && !context_.declarations.is_unread(expr.text)) {
    context_.diagnostics.error(
        expr.span, "unknown-list", "there is no list " + in_quotes(expr.text),
        context_.declarations.list_names().empty()
            ? "declare it: list " + expr.text + ": string from \"" + expr.text +
                  ".txt\"; or write the values: x in ('a', 'b')"
            : help_for_unknown(expr.text, context_.declarations.list_names(), "the lists are"));
  }
  std::optional<Expr> operand = check(expr.operands[0]);
  if (!operand || list == nullptr || !list->type) return std::nullopt;
  const Type asked = list->type->asked;
  if (asked == Type::kFloat) operand = to_float(*std::move(operand));
  const bool fits = operand->type == asked || operand->type == Type::kNull ||
                    (asked == Type::kInt && operand->type == Type::kFloat);
  if (!fits) {
    context_.diagnostics.error(operand->span, "type-mismatch",
                               "list " + in_quotes(expr.text) + " holds " +
                                   std::string(to_string(*list->type)) + ", not " +
                                   type_text(operand->type),
                               list->type->networks ? "an address is a string" : "");
    return std::nullopt;
  }
  if (!list->values) return std::nullopt;
  Expr in = make_expr(Op::kInList, Type::kBool, expr.span, *std::move(operand));
  if (in.op == Op::kInList) {  // not folded
    in.text = expr.text;
    in.list = list->values;
  }
  return negate_if(expr.negated, std::move(in));
}

bool ExpressionChecker::fits(size_t copied_nodes, Span span) {
  copied_nodes_ += copied_nodes;
  if (copied_nodes_ <= kMaxCopiedNodes) return true;
  context_.diagnostics.error(span, "too-many", "too many 'between' in one another",
                             "write '>=' and '<='");
  return false;
}

std::optional<Expr> ExpressionChecker::check_between(const ast::Expr& expr) {
  std::optional<std::vector<Expr>> operands = check_all(expr.operands);
  if (!operands) return std::nullopt;
  Expr& tested = (*operands)[0];
  if (!fits(count_nodes(tested), expr.span)) return std::nullopt;
  std::optional<Expr> low = bind_comparison(
      ExprKind::kGreaterEqual, tested, std::move((*operands)[1]), expr.span, context_.diagnostics);
  if (!low) return std::nullopt;  // what is wrong with one bound is often wrong with both
  std::optional<Expr> high =
      bind_comparison(ExprKind::kLessEqual, std::move(tested), std::move((*operands)[2]), expr.span,
                      context_.diagnostics);
  if (!high) return std::nullopt;
  return negate_if(expr.negated,
                   make_expr(Op::kAnd, Type::kBool, expr.span, std::move(*low), std::move(*high)));
}

std::optional<Expr> ExpressionChecker::check_like(const ast::Expr& expr) {
  const std::string_view operation = operator_text(expr.kind);
  std::optional<Expr> text = check(expr.operands[0]);
  std::optional<Expr> pattern = check(expr.operands[1]);
  const bool text_fits = check_operand(text, Type::kString, operation);
  if (!check_operand(pattern, Type::kString, operation)) return std::nullopt;
  if (pattern->op != Op::kLiteral) {
    context_.diagnostics.error(
        pattern->span, "bad-literal",
        "the pattern of " + in_quotes(operation) + " must be a text in quotes",
        "to look for another field's text, use contains, starts_with or "
        "ends_with");
    return std::nullopt;
  }
  if (!text_fits) return std::nullopt;
  if (expr.kind == ExprKind::kMatches) {
    return negate_if(expr.negated, check_matches(*std::move(text), *std::move(pattern), expr.span));
  }
  const Op op = expr.kind == ExprKind::kLike ? Op::kLike : Op::kILike;
  return negate_if(expr.negated,
                   make_expr(op, Type::kBool, expr.span, std::move(*text), std::move(*pattern)));
}

std::optional<Expr> ExpressionChecker::check_matches(Expr text, Expr pattern, Span span) {
  std::shared_ptr<const Regex> regex;
  if (pattern.type == Type::kString) {
    const auto& checked = context_.regexes.check(pattern.text);
    if (!checked) {
      context_.diagnostics.error(pattern.span, "bad-regex",
                                 "bad regular expression: " + checked.error().message,
                                 help_for_regex(pattern.text));
      return std::nullopt;
    }
    regex = *checked;
  }
  Expr matches = make_expr(Op::kMatches, Type::kBool, span, std::move(text), std::move(pattern));
  if (matches.op == Op::kMatches) matches.regex = std::move(regex);  // not folded
  return matches;
}

std::optional<Expr> ExpressionChecker::check_is_null(const ast::Expr& expr) {
  std::optional<Expr> operand = check(expr.operands[0]);
  if (!operand) return std::nullopt;
  const Op op = expr.negated ? Op::kIsNotNull : Op::kIsNull;
  return make_expr(op, Type::kBool, expr.span, std::move(*operand));
}

}  // namespace tocsin::patterns
