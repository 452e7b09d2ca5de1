#include "runtime/key_index.h"

#include <gtest/gtest.h>

#include <algorithm>
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
    if (number > 100'000) {
      ASSERT_LE(index.bytes(), 20 * number);
    }
  }
  EXPECT_EQ(index.size(), kMany);
  for (uint32_t number = 1; number <= kMany; ++number) ASSERT_EQ(find(number), number);
  for (uint32_t number = 1; number <= kMany; number += 2) {
    index.erase(number * 2654435761U, number);
  }
  for (uint32_t number = 1; number <= kMany; ++number) {
    ASSERT_EQ(find(number), number % 2 == 0 ? number : KeyIndex::kNone);
  }
}

TEST(KeyIndex, OfARingTakesSixteenBytesForEach) {
  KeyIndex index;
  for (uint32_t number = 1; number < 200'000; ++number) {
    index.insert(number * 2654435761U, KeyIndex::Ring::kPlaces | number, {1, number});
    if (number > 100'000) {
      ASSERT_LE(index.bytes(), 16 * number + 64);
    }
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

// Places that come and go in order, and some in between; so many kinds of tags.
class KeyIndexRing : public testing::TestWithParam<uint32_t> {
 protected:
  static constexpr uint32_t kNumber = KeyIndex::Ring::kPlaces;

  KeyIndex::Ring ring() const {
    return {static_cast<uint32_t>(begin_) & (kNumber - 1), static_cast<uint32_t>(end_ - begin_)};
  }
  // By either way; what one look tells to be clear is so.
  void add() {
    const auto place = static_cast<uint32_t>(end_++) & (kNumber - 1);
    const uint32_t tag = place % GetParam() * 2654435761U;
    if (place % 3 == 0 || !index_.insert_if_clear(tag, kNumber | place, ring())) {
      index_.insert(tag, kNumber | place, ring());
    } else {
      const auto has_tag = [&](const auto& each) { return each.second == tag; };
      ASSERT_TRUE(std::none_of(live_.begin(), live_.end(), has_tag));
    }
    live_.emplace(place, tag);
  }
  void drop_front() {
    const auto place = static_cast<uint32_t>(begin_++) & (kNumber - 1);
    if (live_.erase(place) != 0) index_.forget();
  }
  void erase(uint32_t place) {
    const auto found = live_.find(place);
    if (found == live_.end()) return;
    index_.erase(found->second, kNumber | place);
    live_.erase(found);
  }
  // To places without gaps behind all others.
  void move_all() {
    std::map<uint32_t, uint32_t> moved;  // from old places
    std::map<uint32_t, uint32_t> tags;
    const uint64_t begin = end_;
    uint64_t end = end_;
    for (uint64_t i = begin_; i != end_; ++i) {
      const auto found = live_.find(static_cast<uint32_t>(i) & (kNumber - 1));
      if (found == live_.end()) continue;
      const auto place = static_cast<uint32_t>(end++) & (kNumber - 1);
      moved[found->first] = place;
      tags[place] = found->second;
    }
    index_.renumber([&](uint32_t number) {
      const auto found = moved.find(number & (kNumber - 1));
      return found == moved.end() ? KeyIndex::kNone : kNumber | found->second;
    });
    live_ = tags;
    begin_ = begin;
    end_ = end;
  }
  void expect_all() const {
    ASSERT_EQ(index_.size(), live_.size());
    for (const auto& live : live_) {
      const uint32_t number = kNumber | live.first;
      ASSERT_EQ(index_.find(live.second, [&](uint32_t each) { return each == number; }), number);
    }
    // What is found beside them has gone, or is free to be.
    std::map<uint32_t, uint32_t> found;
    index_.for_each([&](uint32_t tag, uint32_t number) {
      if (ring().has(number)) found.emplace(number & (kNumber - 1), tag);
    });
    ASSERT_EQ(found, live_);
    ASSERT_EQ(index_.find(7, [](uint32_t) { return false; }), KeyIndex::kNone);
  }

  KeyIndex index_;
  uint64_t begin_ = kNumber - 1500;  // so that places begin anew
  uint64_t end_ = begin_;
  std::map<uint32_t, uint32_t> live_;  // from places to tags
};

TEST_P(KeyIndexRing, ForgetsWhatHasGone) {
  std::mt19937_64 random(11);
  for (int i = 0; i < 4000; ++i) {
    // Few at first, then many, then few.
    const bool grows = i % 1000 < 500 ? random() % 3 != 0 : random() % 3 == 0;
    if (grows || begin_ == end_) {
      add();
    } else if (random() % 4 == 0) {
      erase(static_cast<uint32_t>(begin_ + random() % (end_ - begin_)) & (kNumber - 1));
    } else {
      drop_front();
    }
    if (i % 7 == 0) expect_all();
    if (i % 501 == 0) index_.clear_away(ring());
    if (i % 333 == 0) move_all();
  }
  expect_all();
}

TEST_P(KeyIndexRing, DoesNotGrowWhereAsManyGoAsCome) {
  for (int i = 0; i < 1000; ++i) add();
  expect_all();
  const size_t bytes = index_.bytes();
  for (int i = 0; i < 20'000; ++i) {
    drop_front();
    add();
  }
  EXPECT_EQ(index_.bytes(), bytes);
  expect_all();
  while (begin_ != end_) drop_front();
  expect_all();
}

INSTANTIATE_TEST_SUITE_P(Kinds, KeyIndexRing, testing::Values(3, 60, 1'000'000));

}  // namespace
}  // namespace tocsin::runtime
