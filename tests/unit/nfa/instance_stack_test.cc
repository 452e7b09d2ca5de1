#include "nfa/instance_stack.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace tocsin::nfa {
namespace {

InstanceStack::Instance instance(uint64_t sequence) {
  InstanceStack::Instance made;
  made.sequence = sequence;
  made.event = static_cast<EventId>(sequence * 3);
  return made;
}

TEST(InstanceStack, KnowsWhatWent) {
  InstanceStack stack(1);
  EXPECT_TRUE(stack.empty());
  EXPECT_EQ(stack.newest(), 0U);
  stack.push(instance(4));
  stack.push(instance(9));
  EXPECT_EQ(stack.newest(), 9U);
  EXPECT_EQ(stack.dropped(), 0U);
  stack.pop_front();
  EXPECT_EQ(stack.dropped(), 4U);
  stack.pop_front();
  EXPECT_EQ(stack.dropped(), 9U);
  EXPECT_EQ(stack.newest(), 9U) << "though it is gone";
}

// Against a deque.
TEST(InstanceStack, KeepsInstancesAndTheirWords) {
  for (const size_t words : {0U, 1U, 3U}) {
    std::mt19937_64 random(7);
    InstanceStack stack(words);
    std::deque<uint64_t> expected;
    uint64_t sequence = 0;
    for (int i = 0; i < 3000; ++i) {
      if (random() % 5 < (i < 1500 ? 3U : 2U)) {
        sequence += 1 + random() % 3;
        expected.push_back(sequence);
        stack.push(instance(sequence));
        if (words > 0) stack.words(stack.size() - 1)[words - 1] = 5 * sequence;
      } else if (!expected.empty()) {
        expected.pop_front();
        stack.pop_front();
      }
      ASSERT_EQ(stack.size(), expected.size());
      for (size_t at = 0; at < expected.size(); ++at) {
        ASSERT_EQ(stack.at(at).sequence, expected[at]);
        ASSERT_EQ(stack.at(at).event, expected[at] * 3);
        if (words == 0) continue;
        ASSERT_EQ(stack.words(at)[words - 1], 5 * expected[at]);
      }
      const uint64_t wanted = random() % (sequence + 2);
      const auto behind = std::upper_bound(expected.begin(), expected.end(), wanted);
      ASSERT_EQ(stack.behind(wanted), static_cast<size_t>(behind - expected.begin()));
    }
  }
}

}  // namespace
}  // namespace tocsin::nfa
