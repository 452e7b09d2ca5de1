// What the form of a condition promises, so that plans need not test it run by run. Tested by
// tests/unit/nfa/start_plan_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "patterns/pattern.h"

namespace tocsin::nfa {

// A conjunct `field OP capture`, both of one type.
struct CaptureComparison {
  patterns::Op op = patterns::Op::kEqual;
  uint32_t column = 0;  // of the tested event
  uint32_t slot = 0;
};

// Of the conjunction of `operands`.
std::vector<CaptureComparison> comparisons_of(const std::vector<patterns::Expr>& operands);

// A conjunct of `having` over a loop that stays true when the loop has more events, of a sum while
// none of them is negative: `aggregate >= bound` or `aggregate > bound`.
struct GrowingTerm {
  patterns::CaptureKind kind = patterns::CaptureKind::kCount;  // kCount, kDistinct or kSum
  uint32_t slot = 0;
  double bound = 0;
};

// The conjuncts of `having` if all of them are such and the pattern is nothing but a loop over one
// step; else nothing.
std::optional<std::vector<GrowingTerm>> growing_having(const patterns::Pattern& pattern);

}  // namespace tocsin::nfa
