// Every workload of the benchmark at a small scale: what it finds, never how fast.
#include "tests/bench/workloads/cases.h"

#include <gtest/gtest.h>

#include "tests/bench/workloads/expected.h"
#include "tests/bench/workloads/work.h"

namespace tocsin::bench {
namespace {

// Little enough for sanitizers.
double small_scale(const Case& one) {
  if (one.variant == "10000 rules") return 0.0005;
  if (one.workload == "many") return one.variant == "1000 rules" ? 0.001 : 0.03;
  if (one.workload == "w2") return 0.05;
  if (one.workload == "w4") return 0.0025;
  if (one.workload == "windows") return 0.0015;
  if (one.workload == "keys") return 0.001;
  return 0.01;
}

class Workload : public testing::TestWithParam<const char*> {};

TEST_P(Workload, FindsWhatItMust) {
  uint64_t alerts = 0;
  for (const Case& one : all_cases()) {
    if (one.workload != GetParam()) continue;
    const Row row = run(one, {.scale = small_scale(one), .repeat = 1, .budget = kNoBudget});
    EXPECT_TRUE(row.right) << table_line(row);
    EXPECT_TRUE(row.whole) << table_line(row);
    EXPECT_TRUE(row.events > 0 || row.note.starts_with("skipped")) << table_line(row);
    alerts += row.alerts;
  }
  EXPECT_GT(alerts, 0U);
}

INSTANTIATE_TEST_SUITE_P(Each, Workload,
                         testing::Values("w1", "w2", "w3", "w4", "w5", "w6", "many", "keys",
                                         "windows", "matches"),
                         [](const auto& workload) { return workload.param; });

TEST(Workloads, WhatIsCutShortIsCountedToo) {
  for (const Case& one : all_cases()) {
    if (one.workload != "w1" && one.workload != "w5") continue;
    const Row row = run(one, {.scale = 0.05, .repeat = 1, .budget = 1e-6});
    EXPECT_FALSE(row.whole);
    EXPECT_TRUE(row.right) << table_line(row);
    EXPECT_EQ(row.events, kBatchRows) << one.variant;
  }
}

TEST(Workloads, ALogEventBeginsTheRuleThatItNames) {
  const Row row = measure<LogEvent>({.patterns = log_patterns(100),
                                     .stream = log_stream(0.01, 0.3),
                                     .expected = expected_log_matches(100)},
                                    {.repeat = 1, .budget = kNoBudget});
  EXPECT_TRUE(row.right) << table_line(row);
  EXPECT_GT(row.alerts, 100U);
}

TEST(Workloads, AWrongCountIsSeen) {
  Work<Event> work;
  work.patterns = std::string(kEventDeclaration) + "pattern p { match a: Event[kind == 'A'] }";
  work.stream = three_blocks(5);
  work.expected = [](const Event&) { return uint64_t{5}; };
  EXPECT_TRUE(measure(work, {}).right);
  work.expected = [](const Event&) { return uint64_t{6}; };
  const Row row = measure(work, {});
  EXPECT_FALSE(row.right);
  EXPECT_NE(table_line(row).find("WRONG"), std::string::npos);
}

TEST(Workloads, PlainCountsAreThoseByHand) {
  const auto last = [](const Stream<Event>& stream, Expected<Event> expected) {
    uint64_t alerts = 0;
    stream([&](const Event& event) { alerts = expected(event); });
    return alerts;
  };
  EXPECT_EQ(last(one_chain(4), expected_subsets()), 15U);
  EXPECT_EQ(last(three_blocks(3), expected_triples()), 27U);
}

}  // namespace
}  // namespace tocsin::bench
