#include "patterns/expression_printer.h"

#include <string>
#include <string_view>

#include "eventtime/value.h"
#include "patterns/token.h"

namespace tocsin::patterns {
namespace {

using ast::Expr;
using ast::ExprKind;

std::string_view operator_text(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kOr:
      return "or";
    case ExprKind::kAnd:
      return "and";
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
      return "-";
    case ExprKind::kMultiply:
      return "*";
    case ExprKind::kDivide:
      return "/";
    case ExprKind::kModulo:
      return "%";
    case ExprKind::kLike:
      return expr.negated ? "not like" : "like";
    case ExprKind::kILike:
      return expr.negated ? "not ilike" : "ilike";
    case ExprKind::kMatches:
      return expr.negated ? "not matches" : "matches";
    default:
      return "";
  }
}

std::string literal_text(const Expr& expr) {
  std::string out;
  switch (expr.kind) {
    case ExprKind::kBool:
      return expr.integer != 0 ? "true" : "false";
    case ExprKind::kInt:
      return std::to_string(expr.integer);
    case ExprKind::kFloat:
      eventtime::append_float(out, expr.number);
      return out;
    case ExprKind::kString:
      return write_string(expr.text);
    case ExprKind::kDuration:
      return eventtime::to_string(eventtime::Duration{expr.integer});
    default:
      return "null";
  }
}

class ExpressionPrinter {
 public:
  explicit ExpressionPrinter(Layout& layout) : layout_(layout) {}

  void print(const Expr& expr);

 private:
  void print_chain(const Expr& expr);
  void flatten(const Expr& expr, ExprKind kind, bool first);
  void print_arguments(const std::vector<Expr>& arguments, size_t first);
  void print_membership(const Expr& expr);

  Layout& layout_;
};

void ExpressionPrinter::print(const Expr& expr) {
  const uint32_t at = expr.span.begin;
  switch (expr.kind) {
    case ExprKind::kNull:
    case ExprKind::kBool:
    case ExprKind::kInt:
    case ExprKind::kFloat:
    case ExprKind::kString:
    case ExprKind::kDuration:
      layout_.text(literal_text(expr), at);
      break;
    case ExprKind::kField:
      layout_.text(write_name(expr.text), at);
      break;
    case ExprKind::kMember:
      layout_.text(write_name(expr.text, Before::kDotOrColon) + "." + write_name(expr.member.text),
                   at);
      break;
    case ExprKind::kCall:
      layout_.text(write_name(expr.text) + "(", at);
      print_arguments(expr.operands, 0);
      break;
    case ExprKind::kNot:
    case ExprKind::kNegate:
      layout_.text(expr.kind == ExprKind::kNot ? "not " : "-", at);
      print(expr.operands[0]);
      break;
    case ExprKind::kParenthesis:
      layout_.text("(", at);
      layout_.align();
      print(expr.operands[0]);
      layout_.outdent();
      layout_.text(")");
      break;
    case ExprKind::kOr:
    case ExprKind::kAnd:
      print_chain(expr);
      break;
    case ExprKind::kIn:
    case ExprKind::kInList:
    case ExprKind::kBetween:
    case ExprKind::kIsNull:
      print_membership(expr);
      break;
    default:
      print(expr.operands[0]);
      layout_.text(" " + std::string(operator_text(expr)) + " ", expr.operands[1].span.begin);
      print(expr.operands[1]);
  }
}

// `a and b and c`: on one line, or one operand on each.
void ExpressionPrinter::print_chain(const Expr& expr) {
  layout_.open();
  layout_.align();
  flatten(expr, expr.kind, true);
  layout_.outdent();
  layout_.close();
}

void ExpressionPrinter::flatten(const Expr& expr, ExprKind kind, bool first) {
  if (expr.kind == kind) {
    flatten(expr.operands[0], kind, first);
    flatten(expr.operands[1], kind, false);
    return;
  }
  if (!first) {
    layout_.line();
    layout_.text(kind == ExprKind::kAnd ? "and " : "or ", expr.span.begin);
  }
  print(expr);
}

void ExpressionPrinter::print_arguments(const std::vector<Expr>& arguments, size_t first) {
  layout_.align();
  for (size_t i = first; i < arguments.size(); ++i) {
    if (i > first) {
      layout_.text(",");
      layout_.fill();
    }
    print(arguments[i]);
  }
  layout_.outdent();
  layout_.text(")");
}

void ExpressionPrinter::print_membership(const Expr& expr) {
  print(expr.operands[0]);
  const std::string negation = expr.negated ? " not" : "";
  switch (expr.kind) {
    case ExprKind::kIn:
      layout_.text(negation + " in (");
      print_arguments(expr.operands, 1);
      break;
    case ExprKind::kInList:
      layout_.text(negation + " in " + write_name(expr.text));
      break;
    case ExprKind::kBetween:
      layout_.text(negation + " between ", expr.operands[1].span.begin);
      print(expr.operands[1]);
      layout_.text(" and ", expr.operands[2].span.begin);
      print(expr.operands[2]);
      break;
    default:
      layout_.text(expr.negated ? " is not null" : " is null");
  }
}

}  // namespace

void print_expression(const Expr& expr, Layout& layout) {
  ExpressionPrinter(layout).print(expr);
}

}  // namespace tocsin::patterns
