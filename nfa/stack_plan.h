// Patterns of several steps whose conditions look at the present event only. The partial matches of
// a key are not kept one by one: a stack for each step holds the events that it has taken, and the
// matches are read off the stacks when an event completes some.
//
// After the active instance stacks of Wu, Diao and Rizvi, "High-Performance Complex Event
// Processing over Streams", SIGMOD 2006, here with any order of `then` and `then any`, with
// alternatives and loops, and with all skip strategies. Why it is exact stands in
// docs/architecture.md. Tested by tests/unit/nfa/stack_plan_test.cc and, against the definition, by
// tests/model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nfa/program.h"

namespace tocsin::nfa {

struct StackPlan {
  // An edge from one step to another that an event takes. The stack of a step is that of its place
  // less one; the last step has none, and `target` of the edges to it is the number of stacks.
  struct Way {
    uint16_t edge = 0;    // of the place that it leaves
    uint16_t source = 0;  // a stack
    uint16_t target = 0;  // a stack, or the last step
    bool any = false;     // `then any`: not only the first event that fits
  };
  std::vector<std::vector<Way>> ways;     // by source, in the order of preference
  std::vector<std::vector<Way>> sources;  // the same by target, the last step's at the end

  size_t stacks() const { return ways.size(); }
  static uint16_t place_of(size_t stack) { return static_cast<uint16_t>(stack + 1); }
  uint16_t last() const { return place_of(stacks()); }  // the place of the last step
};

// The plan of a program, or in a few words why there is none: "because ...".
struct StackPlanning {
  std::optional<StackPlan> plan;
  std::string why_not;
};
StackPlanning plan_stacks(const Program& program);

}  // namespace tocsin::nfa
