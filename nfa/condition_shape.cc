#include "nfa/condition_shape.h"

#include <algorithm>

#include "nfa/predicate.h"
#include "patterns/operators.h"

namespace tocsin::nfa {

using eventtime::Type;
using patterns::Capture;
using patterns::CaptureKind;
using patterns::Expr;
using patterns::Op;

namespace {

// The comparison with `left` on its left side.
struct Sides {
  Op op;
  const Expr* left;
  const Expr* right;
};

std::optional<Sides> sides_of(const Expr& expr, Op left) {
  if (!patterns::is_comparison(expr.op)) return std::nullopt;
  Sides sides{expr.op, &expr.operands[0], &expr.operands[1]};
  if (sides.left->op != left) {
    std::swap(sides.left, sides.right);
    sides.op = patterns::mirrored(sides.op);
  }
  if (sides.left->op != left) return std::nullopt;
  return sides;
}

double number_of(const Expr& literal) {
  return literal.type == Type::kFloat ? literal.number : static_cast<double>(literal.integer);
}

std::optional<GrowingTerm> growing_term(const patterns::Pattern& pattern, const Expr& conjunct) {
  const std::optional<Sides> sides = sides_of(conjunct, Op::kCapture);
  if (!sides || sides->right->op != Op::kLiteral || sides->right->type == Type::kNull ||
      (sides->op != Op::kGreater && sides->op != Op::kGreaterEqual)) {
    return std::nullopt;
  }
  const Capture& capture = pattern.captures[sides->left->index];
  const bool grows = capture.kind == CaptureKind::kCount ||
                     capture.kind == CaptureKind::kDistinct || capture.kind == CaptureKind::kSum;
  if (!grows) return std::nullopt;
  return GrowingTerm{capture.kind, sides->left->index, number_of(*sides->right)};
}

}  // namespace

std::vector<CaptureComparison> comparisons_of(const std::vector<Expr>& operands) {
  std::vector<CaptureComparison> comparisons;
  for (const Expr& operand : operands) {
    const std::optional<Sides> sides = sides_of(operand, Op::kField);
    if (!sides || sides->right->op != Op::kCapture || sides->left->type != sides->right->type) {
      continue;
    }
    comparisons.push_back({sides->op, sides->left->index, sides->right->index});
  }
  return comparisons;
}

std::optional<std::vector<GrowingTerm>> growing_having(const patterns::Pattern& pattern) {
  const auto& elements = pattern.match.elements;
  if (!pattern.having || elements.size() != 1 || elements[0].kind != patterns::ElementKind::kStep) {
    return std::nullopt;
  }
  std::vector<const Expr*> conjuncts;
  split_conjuncts(*pattern.having, conjuncts);
  std::vector<GrowingTerm> terms;
  for (const Expr* conjunct : conjuncts) {
    const auto term = growing_term(pattern, *conjunct);
    if (!term) return std::nullopt;
    terms.push_back(*term);
  }
  return terms;
}

}  // namespace tocsin::nfa
