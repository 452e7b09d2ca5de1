// Random cases whose patterns are nearly all such that first events are all their state
// (nfa/start_plan.h), over streams in which many of them wait, expire and look alike.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tests/model/generator.h"

namespace tocsin::model {

struct StartCaseSize {
  size_t events = 0;         // at most
  size_t events_of_key = 0;  // at most
  size_t keys = 0;           // at most
  size_t inputs = 0;         // at most
  // Numbers of which the model and the engine need not compute the same average or sum.
  bool extremes = false;
};

// What the model, which tries every subsequence, can take.
inline constexpr StartCaseSize kModelSize{60, 10, 6, 2, false};

GeneratedCase generate_start_case(uint64_t seed, const StartCaseSize& size);
// The same of patterns that are evaluated by stacks (nfa/stack_plan.h).
GeneratedCase generate_stack_case(uint64_t seed, const StartCaseSize& size);

}  // namespace tocsin::model
