// Constant folding where it is exact: the value is the one that the engine would compute for
// every event. What the engine counts (overflow, division by zero) or what may depend on rounding
// twice is left alone. Tested by tests/unit/patterns/expression_checker_test.cc.
#pragma once

#include "patterns/pattern.h"

namespace tocsin::patterns {

Expr null_literal(Span span);
Expr bool_literal(bool value, Span span);
inline bool is_null_literal(const Expr& expr) {
  return expr.op == Op::kLiteral && expr.type == Type::kNull;
}

inline bool is_true_literal(const Expr& expr) {
  return expr.op == Op::kLiteral && expr.type == Type::kBool && expr.integer != 0;
}

// Folds the root of `expr`, whose operands are folded already.
void fold(Expr& expr);

}  // namespace tocsin::patterns
