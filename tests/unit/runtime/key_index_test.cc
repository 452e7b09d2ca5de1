#include "runtime/key_index.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>

namespace tocsin::runtime {
namespace {

TEST(KeyIndex, GrowsWithWhatItHolds) {
  constexpr uint32_t kMany = 340'000;
  KeyIndex index;
  const auto find = [&](uint32_t number) {
    return index.find(number * 2654435761U, [&](uint32_t found) { return found == number; });
  };
  for (uint32_t number = 1; number <= kMany; ++number) {
    ASSERT_EQ(find(number), KeyIndex::kNone);
    index.insert(number * 2654435761U, number);
  }
  EXPECT_EQ(index.size(), kMany);
  EXPECT_LT(index.bytes(), 20 * kMany);
  for (uint32_t number = 1; number <= kMany; ++number) ASSERT_EQ(find(number), number);
  for (uint32_t number = 1; number <= kMany; number += 2) {
    index.erase(number * 2654435761U, number);
  }
  for (uint32_t number = 1; number <= kMany; ++number) {
    ASSERT_EQ(find(number), number % 2 == 0 ? number : KeyIndex::kNone);
  }
}

// Tags of so many kinds, which belong to the beginning of the index, its end, or to any of its
// first sixteen buckets.
class KeyIndexErase : public testing::TestWithParam<uint32_t> {
 protected:
  uint32_t tag_of_key(uint32_t key) const {
    const uint32_t kind = key % GetParam();
    if (kind % 3 == 0) return kind;
    return kind % 3 == 1 ? UINT32_MAX - kind : std::rotr(kind << 28, KeyIndex::kShardBits);
  }
  void expect_all() const {
    ASSERT_EQ(index_.size(), numbers_.size());
    std::map<uint32_t, uint32_t> visited;  // from a number to its tag
    index_.for_each(
        [&](uint32_t tag, uint32_t number) { ASSERT_TRUE(visited.emplace(number, tag).second); });
    ASSERT_EQ(visited.size(), numbers_.size());
    for (const auto& [key, number] : numbers_) {
      const uint32_t wanted = number;
      ASSERT_EQ(visited[wanted], tag_of_key(key));
      ASSERT_EQ(index_.find(tag_of_key(key), [&](uint32_t each) { return each == wanted; }),
                wanted);
      ASSERT_NE(index_.find(tag_of_key(key), [](uint32_t) { return true; }), KeyIndex::kNone);
    }
  }

  KeyIndex index_;
  std::map<uint32_t, uint32_t> numbers_;  // by key
};

TEST_P(KeyIndexErase, LosesNothingElse) {
  std::mt19937_64 random(10);
  for (uint32_t number = 1; number < 3000; ++number) {
    const auto key = static_cast<uint32_t>(random() % 60);
    const uint32_t tag = tag_of_key(key);
    const auto known = numbers_.find(key);
    if (known == numbers_.end()) {
      index_.insert(tag, number);
      numbers_[key] = number;
    } else if (random() % 4 == 0) {
      index_.replace(tag, known->second, number);
      known->second = number;
    } else {
      index_.erase(tag, known->second);
      numbers_.erase(known);
    }
    expect_all();
    ASSERT_EQ(index_.find(tag_of_key(key), [](uint32_t) { return false; }), KeyIndex::kNone);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeyIndexErase, testing::Values(1, 2, 3, 7, 16, 60));

}  // namespace
}  // namespace tocsin::runtime
