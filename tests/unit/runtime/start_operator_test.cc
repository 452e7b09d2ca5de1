#include "runtime/start_operator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "tests/support/json_run.h"
#include "tests/support/open_run.h"

namespace tocsin::runtime {
namespace {

using tests::bound_ids;
using tests::letter_pattern;
using tests::letters;
using tests::Lines;
using tests::OpenRun;

EngineOptions limited(size_t max_starts) {
  EngineOptions options;
  options.max_starts = max_starts;
  return options;
}

TEST(StartOperator, DropsTheOldestBeyondTheLimit) {
  OpenRun pair(letter_pattern("match a: A then b: B skip none"), limited(2));
  pair.push(letters("A1 A2 A3 A4 B1 A5"));
  pair.pass("7s");
  EXPECT_EQ(pair.ids(), "a=A3 b=B1 | a=A4 b=B1");
  EXPECT_EQ(pair.dropped(), 2U);
  EXPECT_EQ(pair.stats().live_events, 1U);

  OpenRun equal(letter_pattern("match a: A then b: B[n == a.n] skip none"), limited(2));
  equal.push(letters("A1 A2 A3 B1@4s B3@5s B2@6s"));
  equal.pass("7s");
  EXPECT_EQ(equal.ids(), "a=A3 b=B3 | a=A2 b=B2") << "nor are they found by their value";
}

TEST(StartOperator, WhatAnEventCompletesDoesNotCountForTheLimit) {
  OpenRun loop(letter_pattern("match a: A{3} skip to next"), limited(2));
  loop.push(letters("A1 A2 A3 A4"));
  loop.pass("5s");
  EXPECT_EQ(loop.ids(), "a=A1,A2,A3 | a=A2,A3,A4");
  EXPECT_EQ(loop.dropped(), 0U);
}

// All that a key has expires between two of its events of one block, which no other comes between.
TEST(StartOperator, ALoopBeginsAnewWhenAllOfItsKeyIsOver) {
  for (const char* key : {"", "by id "}) {
    const auto set = tests::load_patterns(
        letter_pattern(std::string(key) + "match a: A{3} within 10s skip to next"));
    const Lines events = letters("A1@1s A1@2s A1@100s A1@101s A1@103s A1@104s");
    for (const size_t batch_size : {1, 4, 6}) {
      tests::RunSettings settings;
      settings.batch_size = batch_size;
      EXPECT_EQ(bound_ids(tests::run_json(set, {events}, settings).alerts),
                "a=A1,A1,A1 | a=A1,A1,A1")
          << key << batch_size;
    }
  }
}

TEST(StartOperator, CountsEventsOfOtherPatternsOnce) {
  EngineOptions options;
  options.events = EventDetail::kNone;
  OpenRun run(
      "event A { id: int, at: timestamp } time at\n"
      "event D { id: int, at: timestamp } time at\n"
      "pattern p { match a: A emit D { id: a.id } }\n"
      "pattern q { match a: D then b: D[id == a.id] }\n",
      options);
  run.push({R"({"type":"A","id":1,"at":1000})", R"({"type":"A","id":2,"at":2000})"});
  run.advance(10);
  EXPECT_EQ(run.stats().live_events, 2U);
}

TEST(StartOperator, LeavesEventsInTheirBatchUntilItIsOld) {
  OpenRun run(letter_pattern("by id match a: A then b: B within 10s"));
  run.push(letters("A1 A2 A3 A4@4s"));
  EXPECT_EQ(run.stats().live_batches, 4U);
  for (int i = 1; i <= 64; ++i) run.push(letters("X1@" + std::to_string(4000 + i) + "ms"));
  EXPECT_EQ(run.stats().live_batches, 1U) << "that of A4; the others are old, or hold nothing";
  run.push(letters("X1@4100ms"));
  EXPECT_EQ(run.stats().live_batches, 0U) << "what was left has been stored";
  EXPECT_EQ(run.stats().live_events, 4U);
  EXPECT_EQ(run.stats().live_keys, 4U);
  EXPECT_EQ(run.stats().timers, 0U);
  run.advance(12);
  EXPECT_EQ(run.stats().live_events, 3U) << "the first has expired, the second at 12s has not";
  run.advance(60);
  EXPECT_EQ(run.stats().live_events, 0U);
  EXPECT_EQ(run.stats().live_keys, 0U);
}

TEST(StartOperator, ForgetsWhatIsDecided) {
  const auto left = [](const std::string& clauses, const std::string& events) {
    OpenRun run(letter_pattern(clauses));
    run.push(letters(events));
    run.pass("9s");
    return run.stats().live_events;
  };
  EXPECT_EQ(left("match a: A then b: B", "A1 A2 B1"), 0U);
  EXPECT_EQ(left("match a: A then any b: B skip none", "A1 A2 B1"), 2U);
  EXPECT_EQ(left("match a: A then not x: X then b: B", "A1 A2 X1 A3"), 1U);
  EXPECT_EQ(left("match a: A then not x: X[n == a.n] for 1m", "A1 A2 X1"), 1U);
  EXPECT_EQ(left("match a: A{2} skip to next", "A1 A2 A3"), 1U);
  EXPECT_EQ(left("match a: A{2,3} then b: B", "A1 A2 A3 A4 B1"), 0U);
  // A match that is out stays as long as an older first event may go through it.
  const std::string sums = "match a: A+ having sum(a.n) >= 5 ";
  EXPECT_EQ(left(sums + "skip to next", "A-9 A6"), 2U);
  EXPECT_EQ(left(sums + "skip to next", "A-9 A6 A9"), 0U);
  EXPECT_EQ(left(sums + "skip to last a", "A4 A-3 A6"), 0U);
  EXPECT_EQ(left(sums + "within 2s skip to next", "A-9@6s A6@7s A1@9s"), 1U) << "nor longer";
}

// What `having` refuses of a single step is decided at once.
TEST(StartOperator, ASingleStepKeepsNothing) {
  for (const std::string having : {"count(a) >= 2", "sum(a.n) > 100", "distinct(a.n) >= 2"}) {
    OpenRun run(letter_pattern("match a: A having " + having), limited(3));
    run.push(letters("A1 A2 A3 A4 A200 A5"));
    run.pass("9s");
    EXPECT_EQ(run.stats().live_events, 0U) << having;
    EXPECT_EQ(run.dropped(), 0U) << having;
    EXPECT_EQ(run.ids(), having.starts_with("sum") ? "a=A200" : "");
  }
}

TEST(StartOperator, AbsencesAreCompleteWhenTimeHasPassed) {
  OpenRun run(letter_pattern("match a: A then not x: X[n == a.n] for 5s"));
  run.push(letters("A1@1s A2@2s X2@6s X1@6s"));
  EXPECT_EQ(run.ids(), "") << "at 6s still counts";
  run.push(letters("A3@10s"));
  run.advance(15);
  EXPECT_EQ(run.ids(), "");
  run.advance(16);
  EXPECT_EQ(run.ids(), "a=A3");
  run.push(letters("A4@20s"));
  run.finish();
  EXPECT_EQ(run.ids(), "a=A3 | a=A4");
}

TEST(StartOperator, ASumThatOverflowsIsNoSum) {
  const std::string clauses = "match a: A+ having count(a) >= 2 and sum(a.n) > 5 skip to next";
  EXPECT_EQ(tests::letter_matches(clauses, "A9223372036854775807 A1 A7"), "a=A1,A7");
  // The one of the overflow is not forgotten: it is a number again as soon as it has expired.
  EXPECT_EQ(tests::letter_matches(clauses, "A9223372036854775807 A1 A2 A3"), "a=A1,A2,A3");
}

TEST(StartOperator, SumsMayFall) {
  const std::string clauses = "match a: A+ having sum(a.n) >= 5 skip to next";
  EXPECT_EQ(tests::letter_matches(clauses, "A4 A-3 A4"), "a=A4,A-3,A4") << "4 - 3 + 4 = 5";
  EXPECT_EQ(tests::letter_matches(clauses, "A-9 A6 A1 A8"),
            "a=A6 | a=A-9,A6,A1,A8 | a=A1,A8 | a=A8");
  EXPECT_EQ(tests::letter_matches(clauses, "A-9 A-1 A0"), "");
}

const std::string kFloats = "event E { id: string, f: float?, at: timestamp } time at\n";

Lines floats(const std::vector<std::string>& values) {
  Lines lines;
  for (const std::string& value : values) {
    const std::string number = std::to_string(lines.size() + 1);
    lines.push_back(R"({"id":")" + number + R"(","f":)" + value + R"(,"at":)" + number + "000}");
  }
  return lines;
}

std::string float_matches(const std::string& clauses, const std::vector<std::string>& values) {
  const patterns::PatternSet set = tests::load_patterns(kFloats + "pattern p { " + clauses + " }");
  return bound_ids(tests::run_json(set, {floats(values)}).alerts);
}

// 0.1 + 0.1 + 0.1 is more than 0.3, and ten times 0.1 is less than 1, one after the other.
TEST(StartOperator, SumsAtTheirBoundAreAddedUpInOrder) {
  const std::vector<std::string> tenths(11, "0.1");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) > 0.3", {"0.1", "0.1", "0.1"}), "a=1,2,3");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) >= 1", tenths), "a=1,2,3,4,5,6,7,8,9,10,11");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) >= 0.6", {"0.1", "0.2", "0.3"}), "a=1,2,3");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) >= 0.6", {"0.3", "0.2", "0.1"}), "a=1,2,3");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) > 0.6", {"0.3", "0.2", "0.1"}), "");
  EXPECT_EQ(float_matches("match a: E+ having sum(a.f) > 0.6", {"0.1", "0.2", "0.3"}), "a=1,2,3");
}

// A large number that has come and gone leaves its rounding behind in a sum that is only kept.
TEST(StartOperator, WhatHasGoneLeavesNothingInASum) {
  std::vector<std::string> values = {"1e17"};
  for (int i = 0; i < 30; ++i) values.emplace_back("0.1");
  EXPECT_EQ(
      float_matches("match a: E+ having sum(a.f) >= 0.9 and count(a) >= 9 within 10s", values),
      "a=1,2,3,4,5,6,7,8,9 | a=10,11,12,13,14,15,16,17,18,19 | "
      "a=20,21,22,23,24,25,26,27,28,29");
}

// Over windows that slide, at every bound that a sum can just reach or just miss.
TEST(StartOperator, SumsAreWhatTheyAreRunByRun) {
  std::mt19937_64 random(5);
  size_t alerts = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<std::string> values;
    const bool falls = round % 3 == 0;
    for (int i = 0; i < 200; ++i) {
      const uint64_t tenths = random() % 10;
      values.push_back((falls && random() % 4 == 0 ? "-0." : "0.") + std::to_string(tenths));
      if (random() % 40 == 0) values.back() = random() % 2 == 0 ? "null" : "1e9";
    }
    const std::string bound = std::to_string(random() % 6) + "." + std::to_string(random() % 10);
    const patterns::PatternSet set = tests::load_patterns(
        kFloats + "pattern p { match a: E+ having sum(a.f) " + (round % 2 == 0 ? ">= " : "> ") +
        bound + " within " + std::to_string(3 + random() % 20) + "s skip to next }");
    tests::RunSettings settings;
    const std::string best = tests::run_json(set, {floats(values)}, settings).alerts;
    settings.options.plan = PlanChoice::kPlain;
    ASSERT_EQ(best, tests::run_json(set, {floats(values)}, settings).alerts) << "bound " << bound;
    alerts += best.empty() ? 0 : 1;
  }
  EXPECT_GT(alerts, 40U);
}

// More of one key than are read one by one, found by the order of a value, in the order of events.
TEST(StartOperator, FindsManyByTheOrderOfAValue) {
  std::string starts;
  for (int n = 40; n > 0; --n) starts += "A" + std::to_string(n % 10) + " ";
  const std::map<std::string, size_t> matches = {{"n > a.n", 8},
                                                 {"n >= a.n", 12},
                                                 {"n < a.n", 28},
                                                 {"n <= a.n", 32},
                                                 {"n > a.n and a.n != 1", 4}};
  for (const auto& [condition, count] : matches) {
    const std::string clauses = "match a: A then b: B[" + condition + "] skip to next";
    const std::string found = tests::letter_matches(clauses, starts + "B2 B2");
    EXPECT_EQ(std::ranges::count(found, '=') / 2, static_cast<std::ptrdiff_t>(count)) << condition;
    const std::string any = "match a: A then any b: B[" + condition + "] skip none";
    const std::string twice = tests::letter_matches(any, starts + "B2 B2");
    EXPECT_EQ(std::ranges::count(twice, '=') / 2, static_cast<std::ptrdiff_t>(2 * count))
        << condition;
  }
  // Those for which the rest of the condition does not hold come back.
  EXPECT_EQ(tests::letter_matches("match a: A then b: B[n > a.n and id != a.id] skip to next",
                                  "A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A9 A1 B1 B2"),
            "a=A1 b=B2");
}

std::string repeated(const std::string& event, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += event + " ";
  return text;
}

// Once an order has been made, more first events make the log move all it has.
TEST(StartOperator, OrdersSurviveThatPlacesMove) {
  for (const std::string clauses : {"match a: A then b: B[n > a.n] skip to next",
                                    "match a: A then any b: B[n > a.n] skip to next"}) {
    for (const int questions : {1, 3, 200}) {
      const std::string events = repeated("A1000", 30) + repeated("B1", questions) +
                                 repeated("A2000", 400) + "B1500 B1500";
      const std::string found = tests::letter_matches(clauses, events);
      EXPECT_EQ(std::ranges::count(found, '=') / 2, 30) << clauses << ", " << questions;
    }
  }
}

// Those that have matched are not looked at again; those that have not, are.
TEST(StartOperator, OrdersForgetWhatHasGone) {
  const std::string found = tests::letter_matches(
      "match a: A then any b: B[n > a.n] skip to next",
      repeated("A1", 200) + repeated("A8", 200) + repeated("B5", 5) + "A2 B5 B9");
  EXPECT_EQ(std::ranges::count(found, '=') / 2, 401);
}

TEST(StartOperator, FindsEqualValuesOfAllTypes) {
  const std::string events =
      "event E { id: string, b: bool?, i: int?, f: float?, s: string?, "
      "t: timestamp?, at: timestamp } time at\n";
  const std::string values[][3] = {
      {"b", "true", "false"},
      {"i", "7", "-7"},
      {"f", "0.0", "0.5"},
      {"s", R"("a long text, the first")", R"("a long text, the second")"},
      {"t", "1767225600000", "1767225600001"},
  };
  for (const auto& [field, one, other] : values) {
    const patterns::PatternSet set = tests::load_patterns(
        events +
        "pattern p { match a: E[starts_with(id, 'a')] then b: E[starts_with(id, 'b') and a." +
        field + " == " + field + "] skip none }");
    int64_t time = 0;
    const auto line = [&](const std::string& id, const std::string& value) {
      return R"({"id":")" + id + R"(",")" + field + R"(":)" + value + R"(,"at":)" +
             std::to_string(++time) + "}";
    };
    const std::string same = field == "f" ? "-0.0" : one;
    const Lines lines = {line("a1", one),  line("a2", other),  line("a3", "null"), line("a4", same),
                         line("b1", same), line("b2", "null"), line("b3", other)};
    EXPECT_EQ(bound_ids(tests::run_json(set, {lines}).alerts), "a=a1 b=b1 | a=a4 b=b1 | a=a2 b=b3")
        << field;
  }
}

// Also in what a match becomes, which is made of the key before it is written.
TEST(StartOperator, BothZerosAreOneKey) {
  const patterns::PatternSet set = tests::load_patterns(
      "event E { id: string, f: float, at: timestamp } time at\n"
      "event D { f: float?, at: timestamp } time at\n"
      "pattern p { by f match a: E[id == 'a'] then b: E[id == 'b'] emit D { f: f } }\n"
      "pattern q { match d: D emit f: d.f }\n");
  const Lines lines = {R"({"type":"E","id":"a","f":0.0,"at":1000})",
                       R"({"type":"E","id":"b","f":-0.0,"at":2000})"};
  tests::RunSettings settings;
  for (const PlanChoice plan : {PlanChoice::kBest, PlanChoice::kPlain}) {
    settings.options.plan = plan;
    const std::string alerts = tests::run_json(set, {lines}, settings).alerts;
    EXPECT_NE(alerts.find(R"("pattern":"q")"), std::string::npos);
    EXPECT_EQ(alerts.find(R"("values":{"f":-0.0})"), std::string::npos) << alerts;
  }
}

TEST(StartOperator, CountsWhatItLooksAt) {
  OpenRun run(letter_pattern("match a: A then b: B"));
  run.push(letters("X1 B1 A1 X2 B2"));
  run.pass("6s");
  EXPECT_EQ(run.ids(), "a=A1 b=B2");
  const EngineStats stats = run.stats();
  EXPECT_EQ(stats.events, 6U);
  EXPECT_EQ(stats.patterns[0].alerts, 1U);
  EXPECT_EQ(stats.patterns[0].events_considered, 2U) << "nothing waited when B1 came";
}

}  // namespace
}  // namespace tocsin::runtime
