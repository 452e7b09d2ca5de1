#include "connectors/state/record_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "connectors/state/child_task.h"
#include "connectors/state/shared_hashes.h"

namespace tocsin::connectors {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Keys that differ in their high halves only fall into one slot of the table.
std::vector<RecordHash> hashes(size_t count) {
  std::vector<RecordHash> made;
  for (size_t i = 0; i < count; ++i) made.push_back({{i / 4, i}, i});
  return made;
}

std::vector<uint64_t> vanished(const RecordIndex& index) {
  std::vector<uint64_t> keys;
  index.visit_vanished([&](const KeyHash& key) { keys.push_back(key.high); });
  return keys;
}

TEST(RecordIndex, TellsNewChangedSameAndVanishedInAnyOrder) {
  const std::vector<RecordHash> before = hashes(1000);
  for (const bool backwards : {false, true}) {
    std::vector<RecordHash> now = before;
    if (backwards) std::reverse(now.begin(), now.end());
    RecordIndex index(before);
    for (RecordHash record : now) {
      const uint64_t number = record.key.high;
      if (number == 5 || number == 999) continue;
      if (number == 7) record.value = 0;
      EXPECT_EQ(index.is_new(record), number == 7) << number;
    }
    EXPECT_TRUE(index.is_new({{1, 5000}, 1}));
    EXPECT_TRUE(index.is_new({{7777, 1}, 1}));
    EXPECT_THAT(vanished(index), ElementsAre(5, 999));
  }
}

TEST(RecordIndex, WithNothingBeforeAllIsNew) {
  RecordIndex index({});
  EXPECT_TRUE(index.is_new({{1, 1}, 1}));
  EXPECT_THAT(vanished(index), IsEmpty());
}

TEST(RecordIndexDeathTest, AKeyComesOnce) {
  const std::vector<RecordHash> before = hashes(3);
  RecordIndex index(before);
  index.is_new(before[0]);
  EXPECT_DEATH(index.is_new(before[0]), "a key is put once");
}

TEST(SharedHashes, WhatAChildAppendsItsParentHas) {
  const auto shared = SharedHashes::create().value();
  const std::vector<RecordHash> made = hashes(10'000);
  const auto child = ChildTask::start([&](const ChildTask::Say& say) {
    for (const RecordHash& hash : made) shared->append(hash);
    if (shared->finish()) say("done");
  });
  ASSERT_TRUE(child);
  ASSERT_EQ((*child)->wait().said, "done");
  const auto read = shared->read();
  ASSERT_TRUE(read);
  ASSERT_EQ(read->size(), made.size());
  for (size_t i = 0; i < made.size(); ++i) {
    ASSERT_EQ((*read)[i].key, made[i].key);
    ASSERT_EQ((*read)[i].value, made[i].value);
  }
}

TEST(SharedHashes, NoneAreNone) {
  const auto shared = SharedHashes::create().value();
  ASSERT_TRUE(shared->finish());
  EXPECT_THAT(shared->read().value(), IsEmpty());
}

}  // namespace
}  // namespace tocsin::connectors
