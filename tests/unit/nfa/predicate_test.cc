#include "nfa/predicate.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using patterns::PatternSet;

constexpr const char* kPredicateEvents =
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

constexpr size_t kAllDense = SIZE_MAX;
constexpr size_t kAllIndexed = 0;
constexpr std::array<size_t, 3> kBorders = {kAllDense, PredicateSet::kMaxDense, kAllIndexed};

PatternSet patterns_with(const std::vector<std::string>& conditions) {
  std::string text = kPredicateEvents;
  for (size_t i = 0; i < conditions.size(); ++i) {
    text += "pattern p" + std::to_string(i) + " { match e: E[" + conditions[i] + "] }\n";
  }
  return tests::load_patterns(text);
}

const patterns::Expr& condition_of(const patterns::Pattern& pattern) {
  return *pattern.match.elements[0].step.condition;
}

std::vector<StepPredicate> add_all(PredicateSet& predicates, const PatternSet& set) {
  std::vector<StepPredicate> added;
  for (const patterns::Pattern& pattern : set.patterns) {
    std::vector<const patterns::Expr*> conjuncts;
    split_conjuncts(condition_of(pattern), conjuncts);
    added.push_back(predicates.add(0, conjuncts));
  }
  return added;
}

// The rows of E where code says that it holds.
eventtime::BitSet rows_by_code(const patterns::Pattern& pattern, const eventtime::Batch& batch) {
  const Code code = Code::compile(condition_of(pattern));
  EvalContext context;
  eventtime::Arena scratch;
  uint64_t errors = 0;
  context.table = batch.tables.data();
  context.scratch = &scratch;
  context.arithmetic_errors = &errors;
  eventtime::BitSet rows(batch.tables[0].rows);
  for (context.row = 0; context.row < batch.tables[0].rows; ++context.row) {
    if (code.holds(context)) rows.set(context.row);
  }
  return rows;
}

bool equal(const eventtime::BitSet& left, const eventtime::BitSet& right) {
  return left.size() == right.size() &&
         std::equal(left.words().begin(), left.words().end(), right.words().begin());
}

// All ways to ask agree with each other; the rows where it holds.
eventtime::BitSet rows_by_results(StepPredicate predicate, uint32_t rows,
                                  const PredicateResults& results) {
  eventtime::BitSet held(rows);
  for (uint32_t row = 0; row < rows; ++row) {
    if (results.holds(predicate, row)) held.set(row);
  }
  const auto dense = results.dense(0);
  const bool is_dense = std::find(dense.begin(), dense.end(), predicate) != dense.end();
  EXPECT_EQ(is_dense, !results.is_indexed(predicate));
  if (is_dense) {
    EXPECT_TRUE(equal(results.rows(predicate), held));
    return held;
  }
  for (uint32_t row = 0; row < rows; ++row) {
    const auto hits = results.hits(0, row);
    EXPECT_EQ(std::count(hits.begin(), hits.end(), predicate), held.test(row) ? 1 : 0);
  }
  return held;
}

// Each comparison as a pattern of its own, all in one set of predicates.
TEST(PredicateSet, DecidesABatchAsCodeDecidesARow) {
  const PatternSet set = patterns_with(comparisons());
  for (const size_t border : kBorders) {
    PredicateSet predicates(border);
    const std::vector<StepPredicate> added = add_all(predicates, set);
    std::mt19937_64 random(3);
    tests::JsonInput input(set.catalog, 0);
    PredicateResults results;  // reused from batch to batch, as the engine does
    for (const size_t rows : {200, 64, 1, 63, 65, 0, 128}) {
      const auto batch = input.decode(random_lines(rows, random));
      predicates.evaluate(*batch, results);
      for (size_t i = 0; i < added.size(); ++i) {
        ASSERT_TRUE(equal(rows_by_results(added[i], batch->tables[0].rows, results),
                          rows_by_code(set.patterns[i], *batch)))
            << comparisons()[i] << " in " << rows << " rows, border " << border;
      }
    }
  }
}

std::vector<std::string> random_conjunctions(size_t count, std::mt19937_64& random) {
  std::vector<std::string> parts = comparisons();
  for (const char* more : {"s like '%b%'",
                           "s like '%bcdefg%m%'",
                           "s like 'ab%'",
                           "s like 'abc'",
                           "s like '%'",
                           "s like '_bc'",
                           "s like '%m'",
                           "s like '%n%'",
                           "contains(s, 'cde')",
                           "contains(s, '')",
                           "starts_with(s, 'abcdefghijklm')",
                           "starts_with(s, '')",
                           "ends_with(s, 'n')",
                           "ends_with(s, 'c')",
                           "s like 'ü%'",
                           "s in ('abc', '', null)",
                           "f in (0, 1e300)",
                           "i in (2, 2, 3)",
                           "i not in (1, 2)",
                           "s ilike 'AB%'",
                           "1 / (k - 1) > 0.4",
                           "10 % (k - 2) >= 0"}) {
    parts.emplace_back(more);
  }
  std::vector<std::string> conjunctions;
  while (conjunctions.size() < count) {
    std::string text;
    if (random() % 2 == 0) text = "k == " + std::to_string(random() % 4);
    for (size_t left = 1 + random() % 3; left > 0; --left) {
      if (!text.empty()) text += " and ";
      text += "(" + parts[random() % parts.size()] + ")";
    }
    conjunctions.push_back(text);
  }
  return conjunctions;
}

// Whether it is looked up changes neither where a conjunction holds nor the count of errors.
TEST(PredicateSet, IndexedIsAsDense) {
  for (const uint64_t seed : {1, 2, 3}) {
    std::mt19937_64 random(seed);
    const std::vector<std::string> conditions = random_conjunctions(400, random);
    const PatternSet set = patterns_with(conditions);
    PredicateSet dense(kAllDense);
    PredicateSet indexed(kAllIndexed);
    const std::vector<StepPredicate> added = add_all(dense, set);
    ASSERT_EQ(add_all(indexed, set), added);
    tests::JsonInput input(set.catalog, 0);
    PredicateResults expected;
    PredicateResults results;
    for (const size_t rows : {3, 60, 300, 0, 1, 90}) {
      const auto batch = input.decode(random_lines(rows, random));
      dense.evaluate(*batch, expected);
      indexed.evaluate(*batch, results);
      ASSERT_EQ(dense.arithmetic_errors(), indexed.arithmetic_errors());
      for (size_t i = 0; i < added.size(); ++i) {
        ASSERT_FALSE(expected.is_indexed(added[i]));
        ASSERT_TRUE(equal(rows_by_results(added[i], batch->tables[0].rows, results),
                          expected.rows(added[i])))
            << conditions[i] << " in " << rows << " rows, seed " << seed;
      }
    }
    EXPECT_GT(indexed.arithmetic_errors(), 0U);
  }
}

TEST(PredicateSet, CountsTheSameErrorsInAnyBatches) {
  std::mt19937_64 random(9);
  const PatternSet set = patterns_with(random_conjunctions(300, random));
  const std::vector<std::string> lines = random_lines(240, random);
  std::vector<uint64_t> errors;
  for (const size_t border : kBorders) {
    for (const size_t size : {240, 100, 7}) {
      PredicateSet predicates(border);
      add_all(predicates, set);
      tests::JsonInput input(set.catalog, 0);
      PredicateResults results;
      for (size_t at = 0; at < lines.size(); at += size) {
        const auto part = std::span(lines).subspan(at, std::min(size, lines.size() - at));
        predicates.evaluate(*input.decode(part), results);
      }
      errors.push_back(predicates.arithmetic_errors());
    }
  }
  EXPECT_GT(errors[0], 0U);
  EXPECT_EQ(errors, std::vector<uint64_t>(errors.size(), errors[0]));
}

// Each condition holds for the rows for which its code says so.
void expect_as_code(const PatternSet& set, const std::vector<std::string>& conditions,
                    const eventtime::Batch& batch) {
  for (const size_t border : kBorders) {
    PredicateSet predicates(border);
    const std::vector<StepPredicate> added = add_all(predicates, set);
    PredicateResults results;
    predicates.evaluate(batch, results);
    for (size_t i = 0; i < added.size(); ++i) {
      EXPECT_TRUE(equal(rows_by_results(added[i], batch.tables[0].rows, results),
                        rows_by_code(set.patterns[i], batch)))
          << conditions[i];
    }
  }
}

// JSON has no such numbers, but the events that patterns emit can.
TEST(PredicateSet, ComparesWhatIsNoFiniteNumberAsCode) {
  std::vector<std::string> conditions;
  for (const char* constant : {"0", "-0.0", "1", "1e308"}) {
    for (const char* op : {" == ", " != ", " < ", " <= ", " > ", " >= "}) {
      conditions.push_back(std::string("f") + op + constant);
      conditions.push_back("k == 1 and f" + std::string(op) + constant + " and f > -5");
    }
  }
  const PatternSet set = patterns_with(conditions);
  const double infinity = std::numeric_limits<double>::infinity();
  eventtime::Batch batch(set.catalog);
  eventtime::EventTable& table = batch.tables[0];
  constexpr std::array<size_t, 3> kColumns = {1, 5, 6};  // f, k, at
  for (const double value : {std::nan(""), -std::nan(""), infinity, -infinity, 0.0, -0.0, 1.0}) {
    table.resize(table.rows + 1);
    table.columns[kColumns[0]].set_number(table.rows, value);
    table.columns[kColumns[1]].set_integer(table.rows, 1);
    table.columns[kColumns[2]].set_integer(table.rows, 0);
    ++table.rows;
  }
  expect_as_code(set, conditions, batch);
}

// Batches are used again: what a column held before a null was written may have pointed into memory
// that is no more.
TEST(PredicateSet, DoesNotReadTheTextsBehindNulls) {
  constexpr size_t kPage = 4096;
  void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  std::memcpy(page, "abcdefghijklm", 13);
  const eventtime::Text gone(std::string_view(static_cast<const char*>(page), 13));
  std::vector<std::string> conditions = comparisons();
  for (const char* more : {"s in ('abc', 'abcdefghijklm')", "s like 'abc%'", "contains(s, 'm')",
                           "starts_with(s, 'abcdefghijklm')", "s between 'a' and 'b'"}) {
    conditions.emplace_back(more);
  }
  const PatternSet set = patterns_with(conditions);
  eventtime::Batch batch(set.catalog);
  eventtime::EventTable& table = batch.tables[0];
  table.resize(2);
  for (; table.rows < 2; ++table.rows) {
    for (size_t i = 0; i < table.columns.size(); ++i) {
      eventtime::Column& column = table.columns[i];
      if (column.type() == eventtime::Type::kString) {
        column.set_text(table.rows, gone);
        column.set_null(table.rows);
      } else if (column.type() == eventtime::Type::kFloat) {
        column.set_number(table.rows, 1);
      } else {
        column.set_integer(table.rows, 1);
      }
    }
  }
  table.columns[2].set_text(1, eventtime::Text("abc"));
  ASSERT_EQ(::munmap(page, kPage), 0);
  expect_as_code(set, conditions, batch);
}

TEST(PredicateSet, IsDenseWhereFewAreIndexedWhereManyAre) {
  std::vector<std::string> conditions;
  for (size_t i = 0; i <= PredicateSet::kMaxDense; ++i) {
    conditions.push_back("i == " + std::to_string(i + 100));
  }
  conditions.emplace_back("i != 3");  // nothing to look it up by
  const PatternSet set = patterns_with(conditions);
  PredicateSet predicates;
  tests::JsonInput input(set.catalog, 0);
  std::mt19937_64 random(1);
  const auto batch = input.decode(random_lines(10, random));
  const auto add = [&](size_t number) {
    std::vector<const patterns::Expr*> conjuncts;
    split_conjuncts(condition_of(set.patterns[number]), conjuncts);
    return predicates.add(0, conjuncts);
  };
  for (size_t i = 0; i < PredicateSet::kMaxDense; ++i) add(i);
  PredicateResults before;
  predicates.evaluate(*batch, before);
  EXPECT_FALSE(before.is_indexed(0));
  const StepPredicate one_more = add(PredicateSet::kMaxDense);
  const StepPredicate unequal = add(conditions.size() - 1);
  PredicateResults after;
  predicates.evaluate(*batch, after);
  EXPECT_TRUE(after.is_indexed(0));
  EXPECT_TRUE(after.is_indexed(one_more));
  EXPECT_FALSE(after.is_indexed(unequal));
  EXPECT_FALSE(before.is_indexed(0));  // what was decided stays as it was
  EXPECT_FALSE(before.holds(0, 0));
}

// A bit for each row is smaller than an entry in most rows' lists.
TEST(PredicateSet, IsDenseWhereItHoldsForMany) {
  std::vector<std::string> conditions;
  for (size_t i = 0; i < 40; ++i) {
    conditions.push_back("k >= 0 and i > -" + std::to_string(i + 1));   // nearly always
    conditions.push_back("k >= 0 and i > " + std::to_string(i + 100));  // never
  }
  const PatternSet set = patterns_with(conditions);
  PredicateSet predicates;
  const std::vector<StepPredicate> added = add_all(predicates, set);
  std::mt19937_64 random(1);
  tests::JsonInput input(set.catalog, 0);
  PredicateResults results;
  predicates.evaluate(*input.decode(random_lines(40, random)), results);
  EXPECT_TRUE(results.is_indexed(added[0]));  // too few rows to tell
  predicates.evaluate(*input.decode(random_lines(400, random)), results);
  for (size_t i = 0; i < added.size(); ++i) EXPECT_EQ(results.is_indexed(added[i]), i % 2 == 1);
}

TEST(PredicateSet, SharesWhatIsEqualAcrossPatterns) {
  const PatternSet set = tests::load_patterns(std::string(kPredicateEvents) +
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
  const PatternSet set = patterns_with({"1 / k > 0 and i in (1, 7) and i < 7"});
  const auto batch = tests::JsonInput(set.catalog, 0)
                         .decode(std::vector<std::string>{
                             R"({"type":"E","i":1,"k":0,"at":"2026-01-01T00:00:00Z"})",
                             R"({"type":"E","i":2,"k":0,"at":"2026-01-01T00:00:00Z"})",
                             R"({"type":"E","i":7,"k":0,"at":"2026-01-01T00:00:00Z"})",
                             R"({"type":"E","i":1,"k":5,"at":"2026-01-01T00:00:00Z"})"});
  for (const size_t border : kBorders) {
    PredicateSet predicates(border);
    const StepPredicate predicate = add_all(predicates, set)[0];
    PredicateResults results;
    predicates.evaluate(*batch, results);
    for (const uint32_t row : {0, 1, 2, 3}) EXPECT_EQ(results.holds(predicate, row), row == 3);
    EXPECT_EQ(predicates.arithmetic_errors(), 1U);
  }
}

TEST(IsCorrelated, SaysWhetherARunIsRead) {
  const PatternSet set =
      tests::load_patterns(std::string(kPredicateEvents) +
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
