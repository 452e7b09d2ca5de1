#include "nfa/match_buffer.h"

#include <gtest/gtest.h>

#include <random>

#include "nfa/compiler.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

// A buffer of a pattern with a slot and a counter, and events "A1", "A2" … to bind.
class MatchBufferTest : public testing::Test {
 protected:
  MatchBufferTest() {
    std::string events;
    for (int i = 1; i <= 20; ++i) events += "A" + std::to_string(i) + ' ';
    batch_ = tests::JsonInput(set_.catalog, 0).decode(tests::letters(events));
    for (const eventtime::Row& row : batch_->rows) {
      TestedEvent event;
      event.batch = batch_.get();
      event.row = &row;
      event.sequence = tested_.size() + 1;
      tested_.push_back(event);
    }
  }

  // Binds the event with this number; the reference is the caller's.
  NodeId add(NodeId parent, size_t number, uint16_t edge = 0, uint16_t place = 1) {
    return buffer_.add(parent, place, edge, tested_[number - 1]);
  }
  // Without the references of the tested events, as the engine lets go of them.
  size_t live_events() {
    for (TestedEvent& event : tested_) {
      if (event.stored != kNoEvent) events_.release(event.stored);
      event.stored = kNoEvent;
    }
    return events_.live();
  }

  patterns::PatternSet set_ =
      tests::load_patterns(tests::letter_pattern("match a: A{2,3} then b: A emit total: sum(a.n)"));
  PredicateSet predicates_;
  Program program_ = *compile(set_.patterns[0], set_.catalog, predicates_);
  EventStore events_{set_.catalog.types.size(), true};
  MatchBuffer buffer_{program_, events_};
  std::shared_ptr<const eventtime::Batch> batch_;
  std::vector<TestedEvent> tested_;
};

TEST_F(MatchBufferTest, ANodeLivesAsLongAsItIsReached) {
  const NodeId first = add(kRootNode, 1);
  const NodeId second = add(first, 2);
  const NodeId other = add(first, 3);
  EXPECT_EQ(buffer_.live(), 3U);
  buffer_.release(first);  // its children hold it
  EXPECT_EQ(buffer_.live(), 3U);
  buffer_.release(second);
  EXPECT_EQ(buffer_.live(), 2U);
  buffer_.retain(other);
  buffer_.release(other);
  EXPECT_EQ(buffer_.live(), 2U);
  buffer_.release(other);
  EXPECT_EQ(buffer_.live(), 0U);
  EXPECT_EQ(live_events(), 0U);
}

TEST_F(MatchBufferTest, AChildBeginsWithItsParentsSlotsAndCounters) {
  const NodeId parent = add(kRootNode, 1);
  buffer_.slots(parent)[program_.layout.slot(0).word] = 42;
  buffer_.counters(parent)[0] = 2;
  const NodeId child = add(parent, 2);
  EXPECT_EQ(buffer_.slots(child)[program_.layout.slot(0).word], 42U);
  EXPECT_EQ(buffer_.counters(child)[0], 2U);
  buffer_.counters(child)[0] = 3;
  EXPECT_EQ(buffer_.counters(parent)[0], 2U);
  // A node that is used again has forgotten what it was.
  buffer_.release(child);
  const NodeId again = add(kRootNode, 3);
  EXPECT_EQ(again, child);
  EXPECT_EQ(buffer_.counters(again)[0], 0U);
  EXPECT_EQ(buffer_.node(again).depth, 1U);
  buffer_.release(again);
  buffer_.release(parent);
}

TEST_F(MatchBufferTest, PathsRunFromTheFirstBinding) {
  const NodeId first = add(kRootNode, 1);
  const NodeId second = add(first, 4);
  const NodeId third = add(second, 9);
  std::vector<NodeId> path;
  buffer_.path(third, path);
  EXPECT_EQ(path, (std::vector<NodeId>{first, second, third}));
  EXPECT_EQ(buffer_.event(second).sequence, 4U);
  for (const NodeId node : path) buffer_.release(node);
  EXPECT_EQ(buffer_.live(), 0U);
}

TEST_F(MatchBufferTest, PreferenceIsDecidedAtTheFirstDifference) {
  const NodeId start = add(kRootNode, 1);
  const NodeId loop = add(start, 2, 0);
  const NodeId leave = add(start, 2, 1, 2);
  const NodeId later = add(start, 3, 0);
  EXPECT_TRUE(buffer_.preferred(loop, leave));
  EXPECT_FALSE(buffer_.preferred(leave, loop));
  EXPECT_TRUE(buffer_.preferred(loop, later));   // the same step: the earlier event
  EXPECT_TRUE(buffer_.preferred(later, leave));  // an edge before an event
  const NodeId deep = add(add(loop, 4, 1), 5, 1);
  EXPECT_TRUE(buffer_.preferred(deep, leave));
  EXPECT_FALSE(buffer_.preferred(leave, deep));
  EXPECT_TRUE(buffer_.preferred(deep, add(add(loop, 5, 1), 6, 0)));
}

TEST_F(MatchBufferTest, BindingsAreVariablesAndEvents) {
  const NodeId start = add(kRootNode, 1);
  const NodeId left = add(start, 2, 0);
  EXPECT_TRUE(buffer_.same_bindings(left, left));
  EXPECT_TRUE(buffer_.same_bindings(left, add(start, 2, 1)));  // another way
  EXPECT_TRUE(buffer_.same_bindings(left, add(add(kRootNode, 1), 2)));
  EXPECT_FALSE(buffer_.same_bindings(left, add(start, 3, 0)));
  EXPECT_FALSE(buffer_.same_bindings(left, add(start, 2, 0, 2)));  // another variable
  EXPECT_FALSE(buffer_.same_bindings(left, start));
}

// Random trees, random releases, more nodes than a chunk holds: nothing is left in the end.
TEST_F(MatchBufferTest, NothingLeaks) {
  std::mt19937_64 random(5);
  std::vector<NodeId> held;
  for (int i = 0; i < 20'000; ++i) {
    if (held.empty() || random() % 5 < 3) {
      const NodeId parent =
          held.empty() || random() % 4 == 0 ? kRootNode : held[random() % held.size()];
      held.push_back(add(parent, 1 + random() % tested_.size()));
    } else {
      std::swap(held[random() % held.size()], held.back());
      buffer_.release(held.back());
      held.pop_back();
    }
  }
  EXPECT_GT(buffer_.live(), 2000U);
  EXPECT_GE(buffer_.live(), held.size());
  for (const NodeId node : held) buffer_.release(node);
  EXPECT_EQ(buffer_.live(), 0U);
  EXPECT_EQ(live_events(), 0U);
}

}  // namespace
}  // namespace tocsin::nfa
