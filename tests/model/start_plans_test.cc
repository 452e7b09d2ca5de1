// Patterns that are evaluated by first events alone (nfa/start_plan.h) against the definition and
// against the evaluation run by run, on random cases (random_cases.h).
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>

#include "nfa/compiler.h"
#include "nfa/start_plan.h"
#include "tests/model/random_cases.h"
#include "tests/model/start_generator.h"

namespace tocsin::model {
namespace {

using nfa::StartPlan;

constexpr uint64_t kStartCases = 4000;
constexpr size_t kNoLimit = 100'000;

std::optional<nfa::Program> program_of(const Case& example) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return std::nullopt;
  nfa::PredicateSet predicates;
  auto program = nfa::compile(compiled.set->patterns[0], compiled.set->catalog, predicates);
  if (!program) return std::nullopt;
  return *std::move(program);
}

std::string plan_name(const Case& example) {
  const auto program = program_of(example);
  const auto plan = program ? nfa::plan_starts(*program).plan : std::nullopt;
  if (!plan) return "none";
  const std::string found = plan->equal_column ? " by value" : plan->order ? " in order" : "";
  switch (plan->kind) {
    case StartPlan::Kind::kPair:
      return (plan->stays ? "pair of any" : "pair") + found +
             (plan->kill_by_value ? " of its negation" : "");
    case StartPlan::Kind::kAbsence:
      return "absence" + found;
    case StartPlan::Kind::kLoop:
      if (plan->maximum == 1) return "single step";
      return std::string("loop") + (plan->growing.empty() ? "" : " that grows") +
             (plan->value_slot ? " by distinct values" : "");
    case StartPlan::Kind::kLoopThen:
      return "loop and step";
  }
  return "unknown";
}

// How many cases had which plan, and how many of these gave alerts.
class Tally {
 public:
  void add(const std::string& plan, const Verdict& verdict) {
    ++cases_[plan];
    alerts_[plan] += verdict.alerts > 0 ? 1 : 0;
    ++all_;
  }
  void check() const {
    for (const auto& [plan, count] : cases_) {
      std::cout << count << " cases of " << plan << ", " << alerts_.at(plan) << " with alerts\n";
    }
    if (all_ < 1000) return;
    for (const char* plan :
         {"pair", "pair by value", "pair by value of its negation", "pair in order", "pair of any",
          "pair of any by value", "pair of any in order", "absence", "absence by value", "loop",
          "loop that grows", "loop that grows by distinct values", "loop and step",
          "single step"}) {
      const auto found = alerts_.find(plan);
      EXPECT_GE(found == alerts_.end() ? 0 : found->second, all_ / 600) << plan;
    }
  }

 private:
  std::map<std::string, size_t> cases_;
  std::map<std::string, size_t> alerts_;
  size_t all_ = 0;
};

// Whether first events beyond a limit are the same run by run: these count also what ends with the
// present event, and not what `having` will refuse.
bool limits_alike(const Case& example) {
  const auto program = program_of(example);
  const auto plan = program ? nfa::plan_starts(*program).plan : std::nullopt;
  if (!plan) return false;
  if (plan->kind == StartPlan::Kind::kLoop) return !plan->sum;
  return !program->having && !plan->stays && plan->kind != StartPlan::Kind::kLoopThen;
}

// Every third case forgets first events where it can.
size_t max_starts_of(uint64_t seed, const Case& example) {
  return seed % 3 == 0 && limits_alike(example) ? 1 + seed % 5 : kNoLimit;
}

struct Cases {
  const char* test;
  uint64_t count;
  StartCaseSize size;
};

void run(const Cases& cases, const std::function<Judge(uint64_t, const Case&)>& judge_of) {
  const uint64_t first = environment("TOCSIN_MODEL_SEED", kDefaultSeed);
  size_t failures = 0;
  Tally tally;
  for (uint64_t seed = first; seed < first + cases.count && failures < kFailuresShown; ++seed) {
    const GeneratedCase made = generate_start_case(seed, cases.size);
    const Judge judge_case = judge_of(seed, made.example);
    const Verdict verdict = judge_case(made.example, batch_size_of(seed));
    tally.add(plan_name(made.example), verdict);
    if (!verdict.difference) continue;
    ++failures;
    report(made.example, batch_size_of(seed), judge_case,
           "TOCSIN_MODEL_CASES=1000 TOCSIN_MODEL_SEED=" + std::to_string(seed) +
               " model_test --gtest_filter=Model." + cases.test);
  }
  tally.check();
}

TEST(Model, StartPlansAgreeWithTheDefinition) {
  const uint64_t count = environment("TOCSIN_MODEL_CASES", kStartCases);
  run({"StartPlansAgreeWithTheDefinition", count, kModelSize},
      [](uint64_t, const Case&) { return judge; });
}

TEST(Model, StateAndThreadsChangeNothingOfStartPlans) {
  const uint64_t count = environment("TOCSIN_MODEL_CASES", kStartCases) / 20;
  run({"StateAndThreadsChangeNothingOfStartPlans", count, kModelSize},
      [](uint64_t, const Case&) { return judge_state; });
}

// Longer streams, in which first events are moved, expire in great numbers and are found by value
// among many; with limits, too.
TEST(Model, StartPlansAgreeRunByRun) {
  const uint64_t count = environment("TOCSIN_MODEL_CASES", kStartCases) / 2;
  run({"StartPlansAgreeRunByRun", count, {240, 80, 12, 3, true}},
      [](uint64_t seed, const Case& made) -> Judge {
        const size_t max_starts = max_starts_of(seed, made);
        return [max_starts](const Case& example, size_t batch_size) {
          return judge_plans(example, batch_size, max_starts);
        };
      });
}

TEST(Model, StartPlansAgreeOnLongStreams) {
  const uint64_t count = environment("TOCSIN_MODEL_CASES", kStartCases) / 200;
  run({"StartPlansAgreeOnLongStreams", count, {5000, 120, 200, 3, true}},
      [](uint64_t, const Case&) -> Judge {
        return [](const Case& example, size_t batch_size) {
          return judge_plans(example, batch_size, kNoLimit);
        };
      });
}

// Few keys with many first events, which are brought into order and move.
TEST(Model, StartPlansAgreeOnLongKeys) {
  const uint64_t count = environment("TOCSIN_MODEL_CASES", kStartCases) / 40;
  run({"StartPlansAgreeOnLongKeys", count, {600, 250, 3, 2, true}},
      [](uint64_t, const Case&) -> Judge {
        return [](const Case& example, size_t batch_size) {
          return judge_plans(example, batch_size, kNoLimit);
        };
      });
}

}  // namespace
}  // namespace tocsin::model
