#include "runtime/key_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tocsin::runtime {
namespace {

TEST(KeyIndex, GrowsWithWhatItHolds) {
  constexpr uint32_t kNumbers = 10'000;
  KeyIndex index;
  const auto find = [&](uint32_t number) {
    return index.find(number * 2654435761U, [&](uint32_t found) { return found == number; });
  };
  for (uint32_t number = 1; number <= kNumbers; ++number) {
    ASSERT_EQ(find(number), KeyIndex::kNone);
    index.insert(number * 2654435761U, number);
  }
  EXPECT_EQ(index.size(), kNumbers);
  for (uint32_t number = 1; number <= kNumbers; ++number) ASSERT_EQ(find(number), number);
}

// Tags that lie together, or are all the same, also around the end of the index.
TEST(KeyIndex, ErasingMovesUpWhatStandsBehind) {
  std::mt19937_64 random(10);
  for (const uint32_t spread : {1, 2, 5, 16, 1000}) {
    KeyIndex index;
    std::map<uint32_t, uint32_t> expected;  // from a key to its number
    for (uint32_t number = 1; number < 3000; ++number) {
      const auto key = static_cast<uint32_t>(random() % 40);
      const uint32_t tag = 13 + key % spread;
      const bool present = expected.contains(key);
      const uint32_t found =
          index.find(tag, [&](uint32_t other) { return present && other == expected[key]; });
      ASSERT_EQ(found, present ? expected[key] : KeyIndex::kNone);
      if (!present) {
        index.insert(tag, number);
        expected[key] = number;
      } else if (random() % 2 == 0) {
        index.replace(tag, found, number);
        expected[key] = number;
      } else {
        index.erase(tag, found);
        expected.erase(key);
      }
      ASSERT_EQ(index.size(), expected.size());
    }
  }
}

}  // namespace
}  // namespace tocsin::runtime
