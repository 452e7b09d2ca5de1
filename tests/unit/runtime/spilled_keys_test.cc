#include "runtime/spilled_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "runtime/key_table.h"
#include "tests/support/memory_storage.h"

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr eventtime::Duration kSpan{64'000'000};  // moments are told apart by the second

Timestamp at(int64_t second) {
  return {second * 1'000'000};
}

class SpilledKeysTest : public testing::Test {
 protected:
  bool add(std::string_view key, std::string_view state, Timestamp moment, bool drops) {
    return keys_.add({key, moment, drops, state}, tag_of(key));
  }
  std::string take(std::string_view key) {
    const auto state = keys_.take(key, tag_of(key));
    return state ? std::string(*state) : "nothing";
  }
  std::vector<std::string> due(Timestamp now) {
    std::vector<std::string> taken;
    keys_.take_due(now, [&](std::string_view key, uint32_t tag, std::string_view state) {
      EXPECT_EQ(tag, tag_of(key));
      taken.push_back(std::string(key) + "=" + std::string(state));
    });
    return taken;
  }

  tests::MemoryStorage storage_;
  SpillFiles files_{storage_, {.transient = true, .segment_bytes = 1024}};
  SpillFiles::Writer writer_{files_};
  SpilledKeys keys_{files_, writer_, "kp.", kSpan};
};

TEST_F(SpilledKeysTest, AKeyIsTakenOnce) {
  ASSERT_TRUE(add("a", "1", eventtime::kMaxTimestamp, false));
  ASSERT_TRUE(add("b", "2", eventtime::kMaxTimestamp, false));
  EXPECT_EQ(keys_.size(), 2U);
  EXPECT_TRUE(keys_.may_have(tag_of("a")));
  EXPECT_EQ(take("c"), "nothing");
  EXPECT_EQ(take("a"), "1");
  EXPECT_EQ(take("a"), "nothing");
  EXPECT_FALSE(keys_.may_have(tag_of("a")));
  EXPECT_EQ(take("b"), "2");
  EXPECT_EQ(keys_.size(), 0U);
}

TEST_F(SpilledKeysTest, KeysWithTheSameHashAreToldApart) {
  ASSERT_TRUE(keys_.add({"a", eventtime::kMaxTimestamp, false, "1"}, 7));
  ASSERT_TRUE(keys_.add({"b", eventtime::kMaxTimestamp, false, "2"}, 7));
  EXPECT_FALSE(keys_.take("c", 7));
  EXPECT_EQ(keys_.take("b", 7), "2");
  EXPECT_EQ(keys_.take("a", 7), "1");
}

TEST_F(SpilledKeysTest, TimeBringsKeysBackALittleEarlyAndDropsThemALittleLate) {
  ASSERT_TRUE(add("back", "1", at(10) + eventtime::Duration{500'000}, false));
  ASSERT_TRUE(add("over", "2", at(10) + eventtime::Duration{500'000}, true));
  EXPECT_TRUE(keys_.is_soon(at(10) + eventtime::Duration{500'000}, at(10)));
  EXPECT_FALSE(keys_.is_soon(at(10), at(9)));
  EXPECT_THAT(due(at(9)), IsEmpty());
  EXPECT_THAT(due(at(10)), ElementsAre("back=1"));
  EXPECT_EQ(keys_.size(), 1U);
  EXPECT_THAT(due(at(11)), IsEmpty());
  EXPECT_EQ(keys_.size(), 0U);
}

TEST_F(SpilledKeysTest, MomentsBefore1970AreInOrder) {
  ASSERT_TRUE(add("a", "1", at(-10), false));
  ASSERT_TRUE(add("b", "2", Timestamp{-1}, false));
  ASSERT_TRUE(add("c", "3", Timestamp{1}, false));
  EXPECT_THAT(due(at(-11)), IsEmpty());
  EXPECT_THAT(due(at(-2)), ElementsAre("a=1"));
  EXPECT_THAT(due(at(-1)), ElementsAre("b=2"));
  EXPECT_THAT(due(at(0)), ElementsAre("c=3"));
}

// The timer of a key that was taken and came again, now for another time.
TEST_F(SpilledKeysTest, ATimerOfBeforeDoesNothing) {
  ASSERT_TRUE(add("a", "1", at(10), true));
  EXPECT_EQ(take("a"), "1");
  ASSERT_TRUE(add("a", "2", at(100), true));
  EXPECT_THAT(due(at(50)), IsEmpty());
  EXPECT_EQ(take("a"), "2");
}

// A place that was given back and is used again, by the same key.
TEST_F(SpilledKeysTest, APlaceIsKnownByItsSegment) {
  const std::string large(700, 'x');
  ASSERT_TRUE(add("a", large, at(10), true));
  EXPECT_EQ(take("a"), large);
  for (int i = 0; i < 3000; ++i) {  // more than there are slots for segments
    ASSERT_TRUE(add("a", large, at(100), true));
    EXPECT_EQ(take("a"), large);
    files_.collect();
  }
  ASSERT_TRUE(add("a", large, at(100), true));
  due(at(50));
  EXPECT_EQ(keys_.size(), 1U);
}

TEST_F(SpilledKeysTest, AllAreTakenWithPauses) {
  for (const char* key : {"a", "b", "c", "d", "e"}) {
    ASSERT_TRUE(add(key, "1", at(10), key[0] < 'c'));
  }
  std::string taken;
  keys_.take_all(
      2, [&](std::string_view key, uint32_t, std::string_view) { taken += key; },
      [&] { taken += ' '; });
  EXPECT_EQ(taken, "ab cd e");
  EXPECT_EQ(keys_.size(), 0U);
  EXPECT_THAT(due(at(100)), IsEmpty());
}

TEST_F(SpilledKeysTest, AMovedKeyIsFoundAtItsNewPlace) {
  ASSERT_TRUE(add("a", "1", at(10), false));
  std::string name;
  keys_.for_each([&](std::string_view key, std::string_view state) {
    EXPECT_EQ(state, "1");
    name = key;
  });
  EXPECT_EQ(name, "kp.a");
  files_.flush();
  SpillFiles::Place from = 0;
  (void)files_.visit_segment(1, 0, SIZE_MAX,
                             [&](SpillFiles::Place place, const SpilledRecord&) { from = place; });
  std::string bytes;
  const auto record = files_.read(from, bytes);
  ASSERT_TRUE(record);
  keys_.move(*record, tag_of("a"), from);
  EXPECT_EQ(keys_.size(), 1U);
  EXPECT_THAT(due(at(10)), ElementsAre("a=1"));
  EXPECT_THAT(due(at(1000)), IsEmpty());
}

}  // namespace
}  // namespace tocsin::runtime
