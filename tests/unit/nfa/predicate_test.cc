#include "nfa/predicate.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using patterns::PatternSet;

constexpr const char* kEvents =
    "event E { i: int?, f: float?, s: string?, t: timestamp?, b: bool?, k: int, "
    "at: timestamp } time at\n"
    "event F { i: int?, at: timestamp } time at\n";

template <size_t N>
std::string pick(const std::array<const char*, N>& choices, std::mt19937_64& random) {
  return choices[random() % N];
}

// Values from small sets, so that all comparisons come out both ways; nulls; rows of both types.
std::vector<std::string> random_lines(size_t rows, std::mt19937_64& random) {
  constexpr std::array<const char*, 5> kInts = {"1", "2", "3", "-9007199254740993", "null"};
  constexpr std::array<const char*, 6> kFloats = {"1.0", "2.5", "-0.0", "0.0", "1e300", "null"};
  constexpr std::array<const char*, 6> kTexts = {
      R"("")", R"("abc")", R"("abcdefghijklm")", R"("abcdefghijklmn")", R"("ü")", "null"};
  constexpr std::array<const char*, 4> kTimes = {R"("2026-01-01T00:00:00Z")",
                                                 R"("2026-01-01T00:00:00.000001Z")",
                                                 R"("1969-12-31T00:00:00Z")", "null"};
  constexpr std::array<const char*, 3> kBools = {"true", "false", "null"};
  std::vector<std::string> lines;
  for (size_t row = 0; row < rows; ++row) {
    const std::string at = R"(,"at":"2026-01-01T00:00:00Z"})";
    if (random() % 8 == 0) {
      lines.push_back(R"({"type":"F","i":)" + pick(kInts, random) + at);
      continue;
    }
    lines.push_back(R"({"type":"E","i":)" + pick(kInts, random) + R"(,"f":)" +
                    pick(kFloats, random) + R"(,"s":)" + pick(kTexts, random) + R"(,"t":)" +
                    pick(kTimes, random) + R"(,"b":)" + pick(kBools, random) + R"(,"k":)" +
                    std::to_string(random() % 4) + at);
  }
  return lines;
}

std::vector<std::string> comparisons() {
  std::vector<std::string> result;
  const auto add = [&](const std::string& field, const std::vector<std::string>& constants) {
    for (const std::string& constant : constants) {
      for (const char* op : {" == ", " != ", " < ", " <= ", " > ", " >= "}) {
        result.push_back(field + op + constant);
        result.push_back(constant + op + field);
      }
    }
  };
  add("i", {"2", "-9007199254740993", "2.5"});
  add("f", {"0", "-0.0", "2.5", "1e300"});
  add("s", {"'abc'", "''", "'abcdefghijklm'", "'abcdefghijklmn'", "'ü'"});
  add("t", {"timestamp('2026-01-01T00:00:00Z')", "timestamp('1969-12-31T00:00:00Z')"});
  for (const char* other : {"b == true",
                            "b != true",
                            "b",
                            "not b",
                            "i == k",
                            "k > i",
                            "i is null",
                            "i in (1, 3, null)",
                            "s like 'abc%m'",
                            "i + 1 > 2",
                            "i > 1 and f < 2",
                            "f < 2 and i > 1 and s == 'abc'",
                            "s matches 'b.d'",
                            "s not matches 'b.d'",
                            "s matches '^$'",
                            "s matches 'm$' and i > 1",
                            "i > 1 and s not matches '^a' and 1 / k > 0.4",
                            "s matches 'b' or i == 1",
                            "not (s matches 'b' and s matches 'n')",
                            "lower(s) matches 'n'",
                            "s matches 'ab' and s matches 'n$' and not s matches '^ü'",
                            "i > 1 or f < 2",
                            "not (i > 1 and b)",
                            "i between 1 and 2",
                            "1 / k > 0.4 and i == 1"}) {
    result.emplace_back(other);
  }
  return result;
}

// Each comparison as a pattern of its own, all in one set of predicates.
TEST(PredicateSet, DecidesABatchAsCodeDecidesARow) {
  std::string text = kEvents;
  size_t number = 0;
  for (const std::string& condition : comparisons()) {
    text += "pattern p" + std::to_string(number++) + " { match e: E[" + condition + "] }\n";
  }
  const PatternSet set = tests::load_patterns(text);
  PredicateSet predicates;
  std::vector<StepPredicate> added;
  std::vector<Code> codes;
  for (const patterns::Pattern& pattern : set.patterns) {
    const patterns::Expr& condition = *pattern.match.elements[0].step.condition;
    std::vector<const patterns::Expr*> conjuncts;
    split_conjuncts(condition, conjuncts);
    added.push_back(predicates.add(0, conjuncts));
    codes.push_back(Code::compile(condition));
  }
  std::mt19937_64 random(3);
  tests::JsonInput input(set.catalog, 0);
  PredicateResults results;  // reused from batch to batch, as the engine does
  for (const size_t rows : {200, 64, 1, 63, 65, 0, 128}) {
    const auto batch = input.decode(random_lines(rows, random));
    predicates.evaluate(*batch, results);
    EvalContext context;
    eventtime::Arena scratch;
    uint64_t errors = 0;
    context.table = batch->tables.data();
    context.scratch = &scratch;
    context.arithmetic_errors = &errors;
    for (size_t i = 0; i < added.size(); ++i) {
      ASSERT_EQ(results.rows[added[i]].size(), batch->tables[0].rows);
      for (uint32_t row = 0; row < batch->tables[0].rows; ++row) {
        context.row = row;
        ASSERT_EQ(results.holds(added[i], row), codes[i].holds(context))
            << comparisons()[i] << " in row " << row << " of " << rows;
      }
    }
  }
}

TEST(PredicateSet, SharesWhatIsEqualAcrossPatterns) {
  const PatternSet set = tests::load_patterns(std::string(kEvents) +
                                              "pattern a { match e: E[i > 1 and s == 'x'] }\n"
                                              "pattern b { match e: E[s == 'x' and i > 1] }\n"
                                              "pattern c { match e: E[i > 1 and i > 1] }\n"
                                              "pattern d { match e: E[i > 1] }\n"
                                              "pattern e { match e: F[i > 1] }\n"
                                              "pattern f { match e: E }\n"
                                              "pattern g { match e: F }\n"
                                              "pattern h { match e: E[i > 2] }\n");
  PredicateSet predicates;
  std::vector<StepPredicate> added;
  for (const patterns::Pattern& pattern : set.patterns) {
    const patterns::Step& step = pattern.match.elements[0].step;
    std::vector<const patterns::Expr*> conjuncts;
    if (step.condition) split_conjuncts(*step.condition, conjuncts);
    added.push_back(predicates.add(step.type, conjuncts));
  }
  EXPECT_EQ(added[0], added[1]);
  EXPECT_EQ(added[2], added[3]);
  EXPECT_EQ(predicates.size(), 6U);
  EXPECT_EQ(predicates.distinct_conjuncts(), 4U);  // i > 1 of E and of F, i > 2, s == 'x'
  EXPECT_EQ(predicates.type(added[4]), 1);
}

TEST(PredicateSet, CountsErrorsOnlyWhereCheaperConjunctsHold) {
  const PatternSet set = tests::load_patterns(std::string(kEvents) +
                                              "pattern a { match e: E[1 / k > 0 and i == 1] }\n");
  PredicateSet predicates;
  std::vector<const patterns::Expr*> conjuncts;
  split_conjuncts(*set.patterns[0].match.elements[0].step.condition, conjuncts);
  EXPECT_EQ(conjuncts.size(), 2U);
  const StepPredicate predicate = predicates.add(0, conjuncts);
  const auto batch = tests::JsonInput(set.catalog, 0)
                         .decode(std::vector<std::string>{
                             R"({"type":"E","i":1,"k":0,"at":"2026-01-01T00:00:00Z"})",
                             R"({"type":"E","i":2,"k":0,"at":"2026-01-01T00:00:00Z"})",
                             R"({"type":"E","i":1,"k":5,"at":"2026-01-01T00:00:00Z"})"});
  PredicateResults results;
  predicates.evaluate(*batch, results);
  EXPECT_FALSE(results.holds(predicate, 0));
  EXPECT_FALSE(results.holds(predicate, 1));
  EXPECT_TRUE(results.holds(predicate, 2));
  EXPECT_EQ(predicates.arithmetic_errors(), 1U);
}

TEST(IsCorrelated, SaysWhetherARunIsRead) {
  const PatternSet set =
      tests::load_patterns(std::string(kEvents) +
                           "pattern p { match a: E[i > 1 and time() > t] then b: E[i > 1 and i > "
                           "a.i and (f > 1 or prev.f > 1)] }\n");
  const auto correlated = [&](size_t element) {
    std::vector<const patterns::Expr*> conjuncts;
    split_conjuncts(*set.patterns[0].match.elements[element].step.condition, conjuncts);
    std::vector<bool> result;
    for (const patterns::Expr* conjunct : conjuncts) result.push_back(is_correlated(*conjunct));
    return result;
  };
  EXPECT_EQ(correlated(0), (std::vector<bool>{false, false}));
  EXPECT_EQ(correlated(1), (std::vector<bool>{false, true, true}));
}

}  // namespace
}  // namespace tocsin::nfa
