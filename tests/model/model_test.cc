// The engine against the model, on random cases (random_cases.h) and in small worlds.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/model/small_worlds.h"

namespace tocsin::model {
namespace {

constexpr uint64_t kDefaultCases = 20000;
constexpr uint64_t kCasesOfState = 1000;  // each makes an engine for every batch
constexpr uint64_t kCasesOfPairs = 6000;

void judge_random_cases(uint64_t otherwise, const Judge& judge_case, const std::string& test) {
  const uint64_t cases = environment("TOCSIN_MODEL_CASES", otherwise);
  const uint64_t first = environment("TOCSIN_MODEL_SEED", kDefaultSeed);
  size_t failures = 0;
  size_t ran = 0;
  size_t with_alerts = 0;
  for (uint64_t seed = first; seed < first + cases && failures < kFailuresShown; ++seed, ++ran) {
    const GeneratedCase made = generate_case(seed);
    const Verdict verdict = judge_case(made.example, batch_size_of(seed));
    with_alerts += verdict.alerts > 0 ? 1 : 0;
    if (!verdict.difference) continue;
    ++failures;
    report(made.example, batch_size_of(seed), judge_case,
           "TOCSIN_MODEL_CASES=1 TOCSIN_MODEL_SEED=" + std::to_string(seed) +
               " model_test --gtest_filter=Model." + test);
  }
  std::cout << ran << " cases, " << with_alerts << " of them with alerts\n";
  if (ran >= 1000) {
    EXPECT_GE(with_alerts, ran / 3) << "too many cases say nothing";
  }
}

TEST(Model, EngineAgreesOnRandomCases) {
  judge_random_cases(kDefaultCases, judge, "EngineAgreesOnRandomCases");
}

TEST(Model, StateAndThreadsChangeNothing) {
  judge_random_cases(kCasesOfState, judge_state, "StateAndThreadsChangeNothing");
}

// Constructs of which a pattern has one only.
bool exclude_each_other(const std::string& a, const std::string& b) {
  const auto is_key = [](const std::string& name) {
    return name == "no key" || name.starts_with("by ");
  };
  const auto is_skip = [](const std::string& name) { return name.starts_with("skip "); };
  const auto are = [&](const char* one, const char* other) {
    return (a == one && b == other) || (a == other && b == one);
  };
  return (is_key(a) && is_key(b)) || (is_skip(a) && is_skip(b)) || are("skip none", "leftmost") ||
         are("not for", "timeout event");
}

TEST(Generator, CombinesEveryTwoConstructs) {
  std::set<std::string> constructs;
  std::set<std::pair<std::string, std::string>> pairs;
  for (uint64_t seed = kDefaultSeed; seed < kDefaultSeed + kCasesOfPairs; ++seed) {
    const GeneratedCase made = generate_case(seed);
    for (const std::string& a : made.constructs) {
      constructs.insert(a);
      for (const std::string& b : made.constructs) pairs.emplace(a, b);
    }
  }
  EXPECT_GE(constructs.size(), 58u);
  for (const std::string& a : constructs) {
    for (const std::string& b : constructs) {
      if (a == b || exclude_each_other(a, b)) continue;
      EXPECT_TRUE(pairs.contains({a, b})) << a << " never meets " << b;
    }
  }
}

// Cases without alerts say little: each construct must meet enough of the others.
TEST(Generator, LetsEveryConstructMatch) {
  std::map<std::string, size_t> used;
  std::map<std::string, size_t> matched;
  size_t timeouts = 0;
  size_t suppressed = 0;
  for (uint64_t seed = kDefaultSeed; seed < kDefaultSeed + 2000; ++seed) {
    const GeneratedCase made = generate_case(seed);
    const Compiled compiled = compile(made.example.patterns);
    ASSERT_TRUE(compiled.set) << made.example.patterns << compiled.error;
    const NaiveRun run = run_model(*compiled.set, made.example);
    for (const std::string& construct : made.constructs) {
      ++used[construct];
      matched[construct] += run.alerts.empty() ? 0 : 1;
    }
    for (const NaiveAlert& alert : run.alerts) {
      timeouts += alert.is_timeout ? 1 : 0;
      suppressed += alert.suppressed > 0 ? 1 : 0;
    }
  }
  for (const auto& [construct, count] : used) {
    EXPECT_GE(matched[construct] * 4, count) << construct << " seldom matches";
  }
  EXPECT_GE(timeouts, 100u);
  EXPECT_GE(suppressed, 10u);
}

TEST(Generator, GivesTheSameCaseForTheSameSeed) {
  for (const uint64_t seed : {1, 2, 3}) {
    EXPECT_EQ(to_string(generate_case(seed).example), to_string(generate_case(seed).example));
    EXPECT_NE(to_string(generate_case(seed).example), to_string(generate_case(seed + 1).example));
  }
}

using PatternsOf = std::string (*)(const std::string& sequence, size_t steps);

// Each sequence under all skip strategies, over all streams of its types up to the length. Streams
// of A and X alone say as much about sequences that name no B.
void check_worlds(const std::vector<std::string>& sequences, size_t steps, size_t length,
                  PatternsOf patterns_of = small_patterns) {
  size_t failures = 0;
  for (const std::string& sequence : sequences) {
    const bool names_b = sequence.find(": B") != std::string::npos;
    const auto streams = small_streams(names_b ? "ABX" : "AX", names_b ? length : length + 1);
    const Case world{small_declarations() + patterns_of(sequence, steps), {streams}, {}};
    constexpr size_t kBatchSize = 100;
    const Verdict verdict = judge_skip_variants(world, kBatchSize);
    if (!verdict.difference) continue;
    report(world, kBatchSize, judge_skip_variants, "model_test --gtest_filter=SmallWorlds.*");
    if (++failures == kFailuresShown) return;
  }
  std::cout << sequences.size() << " sequences\n";
}

TEST(SmallWorlds, OneStep) {
  check_worlds(small_sequences(1), 1, 5);
}

TEST(SmallWorlds, TwoSteps) {
  check_worlds(small_sequences(2), 2, 4);
}

// A seeded choice of those that are too many for every run: one for so many random cases.
std::vector<std::string> some_of(const std::vector<std::string>& all, uint64_t cases_each) {
  Random random(environment("TOCSIN_MODEL_SEED", kDefaultSeed));
  std::vector<std::string> chosen;
  for (uint64_t i = 0; i < environment("TOCSIN_MODEL_CASES", kDefaultCases) / cases_each; ++i) {
    chosen.push_back(random.one_of(all));
  }
  return chosen;
}

TEST(SmallWorlds, SomeOfThreeSteps) {
  check_worlds(some_of(small_sequences(3), 100), 3, 4);
}

TEST(SmallWorlds, SomeWithNegationsAndLongest) {
  auto one_step = some_of(small_extras(), 50);
  const auto two = std::ranges::partition(one_step, [](const std::string& sequence) {
    return sequence.find("v2: ") == std::string::npos;
  });
  const std::vector<std::string> two_steps(two.begin(), two.end());
  one_step.erase(two.begin(), two.end());
  check_worlds(one_step, 1, 4, small_patterns_in_window);
  check_worlds(two_steps, 2, 4, small_patterns_in_window);
}

}  // namespace
}  // namespace tocsin::model
