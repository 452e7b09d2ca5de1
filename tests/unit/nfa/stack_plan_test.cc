#include "nfa/stack_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "nfa/compiler.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

// "a: b, any c | b: c", the ways from each step, or why there is no plan.
std::string stack_plan_of(const std::string& clauses) {
  const patterns::PatternSet set = tests::load_patterns(tests::letter_pattern(clauses));
  PredicateSet predicates;
  const auto program = compile(set.patterns[0], set.catalog, predicates);
  EXPECT_TRUE(program) << clauses;
  const StackPlanning planning = plan_stacks(*program);
  if (!planning.plan) return planning.why_not;
  const auto name = [&](size_t stack) {
    return program->places[StackPlan::place_of(stack)].text.variable;
  };
  std::string out;
  for (size_t stack = 0; stack < planning.plan->stacks(); ++stack) {
    out += (stack == 0 ? "" : " | ") + name(stack) + ":";
    for (const StackPlan::Way& way : planning.plan->ways[stack]) {
      EXPECT_EQ(way.source, stack);
      out += (way.any ? " any " : " ") + name(way.target);
    }
  }
  return out;
}

TEST(StackPlan, WaysInTheOrderOfPreference) {
  EXPECT_EQ(stack_plan_of("match a: A then b: B then any c: C"), "a: b | b: any c");
  EXPECT_EQ(stack_plan_of("match a: A[n > 1] then any b: B then c: C within 9s skip to next"),
            "a: any b | b: c");
  EXPECT_EQ(stack_plan_of("match a: A then b: B+ then c: C"), "a: b | b: b c");
  EXPECT_EQ(stack_plan_of("match a: A then any b: B+ any then c: C skip none"),
            "a: any b | b: any b c");
  EXPECT_EQ(stack_plan_of("match a: A then b: B? then c: C"), "a: b c | b: c");
  EXPECT_EQ(stack_plan_of("match a: A then (b: B | d: D) then c: C"), "a: b d | b: c | d: c");
  EXPECT_EQ(stack_plan_of("match a: A then b: B then c: C having b.n > a.n skip none"),
            "a: b | b: c");
}

TEST(StackPlan, SaysWhyThereIsNone) {
  const std::map<std::string, std::string> reasons = {
      {"match a: A", "because it has one step only"},
      {"match a: A then b: B[n == a.n] then c: C", "because the condition of b reads other events"},
      {"match a: A then not x: X then b: B then c: C", "because a negation stands behind a"},
      {"match a: A next b: B then c: C", "because `next` reads every event of the key"},
      {"match a: A then b: B in 5s then c: C", "because more than a contiguity stands behind a"},
      {"match a: A then b: B then c: C+", "because its last step does not simply end the match"},
      {"match a: A then b: B then c: C?", "because it can end with more than one step"},
      {"match a: A+ then b: B then c: C", "because its first step is a loop"},
      {"match a: A? then b: B then c: C", "because its first step is one of several"},
      {"match a: A then b: B{2,3} then c: C", "because it counts rounds, or steps in any order"},
      {"match a: A then (b: B then d: D)+ then c: C", "because it has a loop over several steps"},
      {"match a: A then b: B then c: C having b.n > a.n",
       "because `having` may refuse the preferred match and not another"},
      {"match a: A then b: B then not x: X for 5s", "because it waits for absences"},
      {"match a: A then b: B then c: C skip past last leftmost",
       "because `leftmost` compares matches of different times"},
  };
  for (const auto& [clauses, reason] : reasons)
    EXPECT_EQ(stack_plan_of(clauses), reason) << clauses;
}

}  // namespace
}  // namespace tocsin::nfa
