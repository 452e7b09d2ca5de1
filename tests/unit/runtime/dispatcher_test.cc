#include "runtime/dispatcher.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

// Two types, whose rows stand in the batch in turn: n = 0, 10, 1, 11, 2, 12 ...
class DispatcherTest : public testing::Test {
 protected:
  DispatcherTest() : dispatcher_(set_.catalog.types.size()) {
    auto batch = std::make_shared<eventtime::Batch>(set_.catalog);
    for (eventtime::TypeId type = 0; type < 2; ++type) batch->tables[type].resize(3);
    for (uint32_t i = 0; i < 6; ++i) {
      eventtime::Row row;
      row.type = i % 2;
      row.table_row = i / 2;
      batch->rows.push_back(row);
      batch->tables[row.type].columns[0].set_integer(i / 2, (i % 2) * 10 + i / 2);
      batch->tables[row.type].rows = 3;
    }
    loaded_.batch = std::move(batch);
  }

  // The condition of a pattern's first step.
  nfa::StepPredicate predicate(eventtime::TypeId type, size_t pattern) {
    std::vector<const patterns::Expr*> conjuncts;
    nfa::split_conjuncts(*set_.patterns[pattern].match.elements.front().step.condition, conjuncts);
    return dispatcher_.predicates().add(type, conjuncts);
  }
  // Of each row its patterns.
  std::string decided() {
    dispatcher_.decide(loaded_);
    std::string out;
    for (size_t row = 0; row < loaded_.batch->rows.size(); ++row) {
      if (row > 0) out += ' ';
      EXPECT_EQ(loaded_.concerned.test(row), !loaded_.patterns(row).empty());
      const auto found = loaded_.patterns(row);
      for (const uint32_t pattern : std::set<uint32_t>(found.begin(), found.end())) {
        out += std::to_string(pattern);
      }
      if (loaded_.patterns(row).empty()) out += '-';
    }
    return out;
  }

  const patterns::PatternSet set_ = tests::load_patterns(
      "event E { n: int, at: timestamp } time at\n"
      "event F { n: int, at: timestamp } time at\n"
      "pattern p { match e: E[n >= 1] }\n"
      "pattern q { match e: E[n < 1] }\n"
      "pattern r { match f: F[n == 12] }\n");
  Dispatcher dispatcher_;
  LoadedBatch loaded_;
};

TEST_F(DispatcherTest, TellsOfEachRowThePatternsThatItConcerns) {
  const nfa::StepPredicate from_one = predicate(0, 0);
  const nfa::StepPredicate below_one = predicate(0, 1);
  dispatcher_.add(0, {from_one});
  dispatcher_.add(1, {below_one, from_one});
  dispatcher_.add(2, {predicate(1, 2)});
  EXPECT_EQ(decided(), "1 - 01 - 01 2");
  EXPECT_EQ(decided(), "1 - 01 - 01 2") << "again, with the memory of the last time";
}

TEST_F(DispatcherTest, SomePatternsWantEveryEvent) {
  dispatcher_.add(3, {predicate(0, 1)});
  dispatcher_.add_all(4, 0);
  dispatcher_.add(5, {});
  EXPECT_EQ(decided(), "34 - 4 - 4 -");
}

}  // namespace
}  // namespace tocsin::runtime
