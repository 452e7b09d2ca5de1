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
  // So many that an index finds them: s0 has n == 0, s1 has n == 1 ...
  static constexpr uint32_t kMany = 40;
  static std::string many_patterns() {
    std::string all;
    for (uint32_t i = 0; i < kMany; ++i) {
      all += "pattern s" + std::to_string(i) + " { match e: E[n == " + std::to_string(i) + "] }\n";
    }
    return all;
  }
  // Of each row its patterns.
  std::string decided() {
    dispatcher_.decide(loaded_);
    std::string out;
    for (size_t row = 0; row < loaded_.batch->rows.size(); ++row) {
      std::set<uint32_t> patterns;
      const auto visit_seat = [&](const Dispatcher::Seat& seat, uint32_t pattern, bool) {
        patterns.insert(pattern + 10 * (seat.number + 1));
      };
      const auto visit = [&](uint32_t pattern, bool) { patterns.insert(pattern); };
      dispatcher_.visit(loaded_, row, visit, visit, visit_seat);
      if (row > 0) out += ' ';
      for (const uint32_t pattern : patterns) out += std::to_string(pattern);
      if (patterns.empty()) out += loaded_.concerned.test(row) ? '?' : '-';
    }
    return out;
  }

  const patterns::PatternSet set_ = tests::load_patterns(
      "event E { n: int, at: timestamp } time at\n"
      "event F { n: int, at: timestamp } time at\n"
      "pattern p { match e: E[n >= 1] }\n"
      "pattern q { match e: E[n < 1] }\n"
      "pattern r { match f: F[n == 12] }\n" +
      many_patterns());
  Dispatcher dispatcher_;
  LoadedBatch loaded_;
};

// The batch before had all rows, so that there are old places to be mistaken for new ones.
TEST_F(DispatcherTest, RowsThatAreLeftOutConcernNobody) {
  const nfa::StepPredicate from_one = predicate(0, 0);
  const nfa::StepPredicate twelve = predicate(1, 2);
  dispatcher_.add(0, {from_one}, {});
  dispatcher_.add(2, {twelve}, {});
  dispatcher_.add_all(4, 1);
  EXPECT_EQ(decided(), "- 4 0 4 0 24");
  auto& rows = std::const_pointer_cast<eventtime::Batch>(loaded_.batch)->rows;
  rows.erase(rows.begin() + 2, rows.begin() + 4);
  rows.erase(rows.begin());
  EXPECT_EQ(decided(), "4 0 24");
  rows.clear();
  EXPECT_EQ(decided(), "");
}

TEST_F(DispatcherTest, TellsOfEachRowThePatternsThatItCanBegin) {
  const nfa::StepPredicate from_one = predicate(0, 0);
  const nfa::StepPredicate below_one = predicate(0, 1);
  dispatcher_.add(0, {from_one}, {});
  dispatcher_.add(1, {below_one, from_one}, {});
  dispatcher_.add(2, {predicate(1, 2)}, {});
  EXPECT_EQ(decided(), "1 - 01 - 01 2");
  EXPECT_EQ(decided(), "1 - 01 - 01 2") << "again, with the memory of the last time";
}

TEST_F(DispatcherTest, AndThoseThatItCanContinueWhileTheyAreActive) {
  const nfa::StepPredicate from_one = predicate(0, 0);
  const nfa::StepPredicate twelve = predicate(1, 2);
  for (uint32_t pattern = 0; pattern < 3; ++pattern)
    dispatcher_.add(pattern, {}, {from_one, twelve});
  EXPECT_EQ(decided(), "- - ? - ? ?");
  dispatcher_.activate(2);
  dispatcher_.activate(0);
  dispatcher_.activate(1);
  dispatcher_.activate(1);
  EXPECT_EQ(decided(), "- - 012 - 012 012");
  dispatcher_.deactivate(2);
  EXPECT_EQ(decided(), "- - 01 - 01 01");
  dispatcher_.deactivate(0);
  dispatcher_.deactivate(0);
  EXPECT_EQ(dispatcher_.active(), std::vector<uint32_t>{1});
  EXPECT_EQ(decided(), "- - 1 - 1 1");
  dispatcher_.deactivate(1);
  EXPECT_EQ(decided(), "- - ? - ? ?");
}

// Shown as ten times the number of the seat, from one, and the pattern.
TEST_F(DispatcherTest, LeadsToTheSeatOfThePatternThatAloneHasACondition) {
  const nfa::StepPredicate twelve = predicate(1, 2);
  dispatcher_.add(0, {predicate(0, 0)}, {});
  dispatcher_.add(1, {}, {predicate(0, 1)});
  dispatcher_.add(2, {twelve}, {});
  dispatcher_.add(3, {twelve}, {});
  for (uint32_t pattern = 0; pattern < 3; ++pattern) dispatcher_.seat(pattern, {0, pattern});
  dispatcher_.take_seats();
  EXPECT_EQ(decided(), "? - 10 - 10 23");
  dispatcher_.activate(1);
  EXPECT_EQ(decided(), "21 - 10 - 10 23");
  dispatcher_.deactivate(1);
  EXPECT_EQ(decided(), "? - 10 - 10 23");
  dispatcher_.activate(1);
  dispatcher_.clear_seats(1);
  EXPECT_EQ(decided(), "21 - 10 - 10 23") << "there is no such group";
  dispatcher_.clear_seats(0);
  EXPECT_EQ(decided(), "1 - 0 - 0 23");
}

// Shown as `b` where the event may begin the pattern, `c` where it may continue it.
TEST_F(DispatcherTest, AConditionThatBeginsAPatternNeedNotContinueIt) {
  const nfa::StepPredicate from_one = predicate(0, 0);
  const auto visits = [&] {
    dispatcher_.decide(loaded_);
    std::string out;
    const auto visit = [&](uint32_t, bool begins) { out += begins ? 'b' : 'c'; };
    const auto visit_seat = [&](const Dispatcher::Seat&, uint32_t pattern, bool begins) {
      visit(pattern, begins);
    };
    dispatcher_.visit(loaded_, 2, visit, visit, visit_seat);
    return out;
  };
  dispatcher_.add(0, {from_one}, {from_one, predicate(1, 2)});
  dispatcher_.activate(0);
  EXPECT_EQ(visits(), "b");
  dispatcher_.deactivate(0);
  dispatcher_.seat(0, {0, 0});
  dispatcher_.take_seats();
  EXPECT_EQ(visits(), "b");
  dispatcher_.activate(0);
  EXPECT_EQ(visits(), "bc") << "a group takes it as two";
}

// Most of the conditions are nobody's.
TEST_F(DispatcherTest, TakesTheListsThatAnIndexHasMade) {
  std::vector<nfa::StepPredicate> equal;
  for (uint32_t i = 0; i < kMany; ++i) equal.push_back(predicate(0, 3 + i));
  dispatcher_.add(0, {equal[0]}, {});
  dispatcher_.add(1, {equal[2]}, {equal[1]});
  dispatcher_.add(2, {equal[2]}, {equal[2]});
  EXPECT_EQ(decided(), "0 - ? - 12 -");
  dispatcher_.activate(1);
  EXPECT_EQ(decided(), "0 - 1 - 12 -");
  dispatcher_.add_all(4, 1);
  EXPECT_EQ(decided(), "0 4 1 4 12 4");
  // Two users: the one that it begins and continues is one of them.
  dispatcher_.seat(0, {0, 0});
  dispatcher_.seat(2, {0, 1});
  dispatcher_.take_seats();
  EXPECT_EQ(decided(), "10 4 1 4 12 4");
  auto& rows = std::const_pointer_cast<eventtime::Batch>(loaded_.batch)->rows;
  rows.erase(rows.begin(), rows.begin() + 3);
  EXPECT_EQ(decided(), "4 12 4") << "rows that are left out";
}

TEST_F(DispatcherTest, SomePatternsWantEveryEvent) {
  dispatcher_.add(3, {predicate(0, 1)}, {});
  dispatcher_.add_all(4, 0);
  EXPECT_EQ(decided(), "34 - 4 - 4 -");
}

}  // namespace
}  // namespace tocsin::runtime
