// Patterns that are evaluated by stacks (nfa/stack_plan.h) against the definition and against the
// evaluation run by run, on random cases (random_cases.h).
#include <gtest/gtest.h>

#include <cstddef>
#include <iostream>
#include <map>
#include <string>

#include "nfa/compiler.h"
#include "nfa/stack_plan.h"
#include "nfa/start_plan.h"
#include "tests/model/random_cases.h"
#include "tests/model/start_generator.h"

namespace tocsin::model {
namespace {

constexpr uint64_t kStackCases = 3000;

bool has_plan(const Case& example) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return false;
  nfa::PredicateSet predicates;
  const auto program = nfa::compile(compiled.set->patterns[0], compiled.set->catalog, predicates);
  return program && !nfa::plan_starts(*program).plan && nfa::plan_stacks(*program).plan;
}

void run(const char* test, uint64_t count, const StartCaseSize& size, const Judge& judge_case) {
  const uint64_t first = environment("TOCSIN_MODEL_SEED", kDefaultSeed);
  size_t failures = 0;
  size_t planned = 0;
  std::map<std::string, size_t> alerts;  // cases with alerts, by construct
  for (uint64_t seed = first; seed < first + count && failures < kFailuresShown; ++seed) {
    const GeneratedCase made = generate_stack_case(seed, size);
    if (!has_plan(made.example)) continue;
    ++planned;
    const Verdict verdict = judge_case(made.example, batch_size_of(seed));
    if (verdict.alerts > 0) {
      for (const std::string& construct : made.constructs) ++alerts[construct];
    }
    if (!verdict.difference) continue;
    ++failures;
    report(made.example, batch_size_of(seed), judge_case,
           "TOCSIN_MODEL_CASES=1000 TOCSIN_MODEL_SEED=" + std::to_string(seed) +
               " model_test --gtest_filter=Model." + test);
  }
  std::cout << planned << " of " << count << " cases by stacks\n";
  if (count < 1500) return;
  EXPECT_GE(planned, count / 2);
  for (const char* construct :
       {"then", "then any", "stack loop", "stack loop of any", "optional step",
        "stack loop or none", "alternatives", "having", "within", "by step", "suppress",
        "skip to next", "skip to first", "skip to last", "skip none", "skip past last"}) {
    EXPECT_GE(alerts[construct], count / 500) << construct;
  }
}

TEST(Model, StacksAgreeWithTheDefinition) {
  run("StacksAgreeWithTheDefinition", environment("TOCSIN_MODEL_CASES", kStackCases),
      {40, 9, 6, 2, false}, judge);
}

TEST(Model, StateAndThreadsChangeNothingOfStacks) {
  run("StateAndThreadsChangeNothingOfStacks", environment("TOCSIN_MODEL_CASES", kStackCases) / 20,
      {40, 9, 6, 2, false}, judge_state);
}

TEST(Model, StacksAgreeRunByRun) {
  constexpr size_t kNoLimit = 100'000;
  run("StacksAgreeRunByRun", environment("TOCSIN_MODEL_CASES", kStackCases) / 2,
      {160, 16, 12, 3, true}, [](const Case& example, size_t batch_size) {
        return judge_plans(example, batch_size, kNoLimit);
      });
}

}  // namespace
}  // namespace tocsin::model
