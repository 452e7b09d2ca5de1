#include "connectors/webhook/delivery_queue.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <cstring>

#include "tests/support/memory_storage.h"

namespace tocsin::connectors {
namespace {

using runtime::OutgoingAlert;
using tests::MemoryStorage;

std::string queued_json(int number) {
  return "{\"alert\":" + std::to_string(number) + "}";
}

std::string id_of(int number) {
  return "id-" + std::to_string(number);
}

void append(DeliveryQueue& queue, int number, const std::string& json) {
  const std::string id = id_of(number);
  const eventtime::Timestamp complete{number * 10LL};
  ASSERT_TRUE(queue.append({"p", id, "{}", complete, json}, {1000 + number}));
}

// Alerts from `begin` to `end`, flushed one by one.
void append(DeliveryQueue& queue, int begin, int end) {
  for (int number = begin; number < end; ++number) {
    append(queue, number, queued_json(number));
    ASSERT_TRUE(queue.flush());
  }
}

std::unique_ptr<DeliveryQueue> open(runtime::Storage& storage, uint64_t segment_bytes = 1 << 20) {
  auto queue = DeliveryQueue::open(storage, segment_bytes);
  EXPECT_TRUE(queue) << queue.error().message;
  return *std::move(queue);
}

// "0 1 (0) !2": alerts by their ids, copies in brackets, so many lost.
std::string content(DeliveryQueue& queue, uint64_t from = 0) {
  std::string text;
  auto place = queue.find(from);
  EXPECT_TRUE(place) << place.error().message;
  while (place) {
    const auto entry = queue.read(*place);
    EXPECT_TRUE(entry) << entry.error().message;
    if (!entry || entry->found == Found::kEnd) break;
    if (!text.empty()) text += ' ';
    if (entry->found == Found::kDamaged) {
      text += "!" + std::to_string(entry->lost);
      continue;
    }
    const std::string number = entry->alert.id.substr(3);
    EXPECT_EQ(entry->alert.queued.micros, 1000 + std::stoi(number));
    text += entry->alert.is_copy ? "(" + number + ")" : number;
  }
  return text;
}

TEST(WebhookQueue, HoldsWhatWasFlushed) {
  MemoryStorage storage;
  const auto queue = open(storage);
  EXPECT_EQ(content(*queue), "");
  EXPECT_EQ(queue->position(), "0");
  append(*queue, 0, queued_json(0));
  EXPECT_EQ(content(*queue), "");
  EXPECT_EQ(queue->position(), "1");
  ASSERT_TRUE(queue->flush());
  EXPECT_EQ(content(*queue), "0");
  append(*queue, 1, 4);
  EXPECT_EQ(content(*queue), "0 1 2 3");
  EXPECT_EQ(content(*queue, 2), "2 3");
  EXPECT_EQ(content(*queue, 4), "");
  EXPECT_EQ(queue->end(), 4U);
}

TEST(WebhookQueue, APlaceFollowsWhatIsAppended) {
  MemoryStorage storage;
  const auto queue = open(storage, 64);
  DeliveryQueue::Place place;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(queue->read(place)->found, Found::kEnd);
    append(*queue, i, i + 1);
    EXPECT_EQ(queue->read(place)->alert.json, queued_json(i));
    EXPECT_EQ(place.at.number, i + 1U);
  }
  EXPECT_GT(storage.files().size(), 2U);
}

TEST(WebhookQueue, GoesOnWhereItEnded) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  EXPECT_EQ(content(*open(storage)), "0 1 2");
  append(*open(storage), 3, 5);
  EXPECT_EQ(content(*open(storage)), "0 1 2 3 4");
  EXPECT_EQ(open(storage)->position(), "5");
}

TEST(WebhookQueue, ATornEndMeansNothing) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  const std::string bytes = storage.files().at("alerts-00000000000000000000");
  const size_t record = (bytes.size() - kSegmentHeaderBytes) / 3;
  for (size_t size = 0; size < bytes.size(); ++size) {
    storage.set_files({{"alerts-00000000000000000000", bytes.substr(0, size)}});
    const size_t whole = size < kSegmentHeaderBytes ? 0 : (size - kSegmentHeaderBytes) / record;
    const std::string before = std::string("0 1 2").substr(0, whole == 0 ? 0 : 2 * whole - 1);
    const auto queue = open(storage);
    ASSERT_EQ(content(*queue), before) << size;
    append(*queue, 7, 9);
    const std::string all = before + (before.empty() ? "7 8" : " 7 8");
    EXPECT_EQ(content(*queue), all) << size;
    EXPECT_EQ(content(*open(storage)), all) << size;
  }
}

// Whatever bit it is, the alerts that cannot be read are counted, and all others are there.
TEST(WebhookQueue, AFlippedBitCostsWhatItHits) {
  MemoryStorage storage;
  append(*open(storage), 0, 2);
  append(*open(storage), 2, 4);
  const auto files = storage.files();
  const std::string name = "alerts-00000000000000000000";
  const size_t bytes = files.at(name).size();
  const size_t record = (bytes - kSegmentHeaderBytes) / 2;
  for (size_t bit = 0; bit < bytes * 8; ++bit) {
    auto flipped = files;
    flipped[name][bit / 8] ^= static_cast<char>(1 << bit % 8);
    storage.set_files(flipped);
    const size_t at = bit / 8;
    std::string expected = "0 1 2 3";
    if (at >= kSegmentHeaderBytes) {
      const size_t number = (at - kSegmentHeaderBytes) / record;
      const bool in_size = (at - kSegmentHeaderBytes) % record < 8;
      expected = number == 1 ? "0 !1 2 3" : in_size ? "!2 2 3" : "!1 1 2 3";
    }
    EXPECT_EQ(content(*open(storage)), expected) << bit;
  }
}

TEST(WebhookQueue, InTheLastFileDamageBeforeAWholeAlertIsNoEnd) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  auto files = storage.files();
  files.begin()->second[kSegmentHeaderBytes + 20] ^= 1;
  storage.set_files(files);
  const auto queue = open(storage);
  EXPECT_EQ(content(*queue), "!1 1 2");
  append(*queue, 3, 4);
  EXPECT_EQ(content(*open(storage)), "!1 1 2 3");
}

TEST(WebhookQueue, AnotherVersionIsRefused) {
  MemoryStorage storage;
  std::string header = segment_header(0);
  header[8] = 2;
  const uint64_t hash = XXH3_64bits(header.data(), 24);
  std::memcpy(header.data() + 24, &hash, sizeof(hash));
  storage.set_files({{"alerts-00000000000000000000", header}});
  const auto queue = DeliveryQueue::open(storage);
  ASSERT_FALSE(queue);
  EXPECT_EQ(queue.error().message,
            "'alerts-00000000000000000000' has format version 2, this program knows 1");
}

TEST(WebhookQueue, WhatIsWrittenAgainIsACopy) {
  MemoryStorage storage;
  append(*open(storage), 0, 5);
  auto queue = open(storage);
  ASSERT_TRUE(queue->resume("2"));
  EXPECT_EQ(queue->position(), "2");
  append(*queue, 2, 4);
  EXPECT_EQ(queue->position(), "4");
  EXPECT_EQ(content(*queue), "0 1 2 3 4 (2) (3)");
  // Killed again: from a newer checkpoint and from the old one.
  const auto files = storage.files();
  for (const int from : {2, 4}) {
    storage.set_files(files);
    queue = open(storage);
    ASSERT_TRUE(queue->resume(std::to_string(from)));
    append(*queue, from, 7);
    EXPECT_EQ(queue->position(), std::to_string(queue->end()));
    EXPECT_EQ(content(*queue),
              from == 2 ? "0 1 2 3 4 (2) (3) (2) (3) (4) 5 6" : "0 1 2 3 4 (2) (3) (4) 5 6");
  }
}

// A source that cannot be read again: what comes is not what came, and both are delivered.
TEST(WebhookQueue, WhatIsNotTheSameIsNoCopy) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  const auto queue = open(storage);
  ASSERT_TRUE(queue->resume("1"));
  append(*queue, 1, "{\"other\":1}");
  append(*queue, 2, queued_json(2));
  append(*queue, 2, queued_json(2));
  ASSERT_TRUE(queue->flush());
  EXPECT_EQ(content(*queue), "0 1 2 1 (2) 2");
}

TEST(WebhookQueue, AfterTheTimeOfTheOldOnesNothingIsACopy) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  const auto queue = open(storage);
  ASSERT_TRUE(queue->resume("1"));
  append(*queue, 5, 6);
  EXPECT_EQ(queue->position(), "4");
  append(*queue, 2, 3);
  EXPECT_EQ(content(*queue), "0 1 2 5 2");
}

TEST(WebhookQueue, WithoutAPositionAllMayComeAgain) {
  MemoryStorage storage;
  append(*open(storage), 0, 2);
  const auto queue = open(storage);
  ASSERT_TRUE(queue->resume(""));
  EXPECT_EQ(queue->position(), "0");
  append(*queue, 0, 3);
  EXPECT_EQ(content(*queue), "0 1 (0) (1) 2");
}

// Also of what is no alert, and is named by a path.
TEST(WebhookQueue, AnIdThatCannotBeAHeaderIsHashed) {
  MemoryStorage storage;
  const std::vector<std::string> ids = {"", "a b", "a\r\nb: c", std::string(129, 'x'), "\xC3\xA4"};
  {
    const auto queue = open(storage);
    for (const std::string& id : ids) ASSERT_TRUE(queue->append({"p", id, "{}", {1}, "{}"}, {}));
    ASSERT_TRUE(queue->flush());
  }
  const auto queue = open(storage);
  ASSERT_TRUE(queue->resume("0"));
  for (const std::string& id : ids) ASSERT_TRUE(queue->append({"p", id, "{}", {1}, "{}"}, {}));
  ASSERT_TRUE(queue->flush());
  DeliveryQueue::Place place;
  for (size_t i = 0; i < 2 * ids.size(); ++i) {
    const auto entry = queue->read(place);
    EXPECT_EQ(entry->alert.id.size(), 32U);
    EXPECT_EQ(entry->alert.is_copy, i >= ids.size());
  }
}

TEST(WebhookQueue, AQueueThatWasLostIsTold) {
  MemoryStorage storage;
  append(*open(storage), 0, 2);
  auto queue = open(storage);
  const auto refused = queue->resume("3");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "the queue 'memory' ends with alert 2, but the state stands behind alert 3: put the "
            "folder back, or, if what it held is lost, make an empty file 'lost' in it to go on "
            "without");
  EXPECT_EQ(queue->resume("x").error().message,
            "the state has a place in the queue 'memory' that is none: 'x'");
  storage.set_files({{"lost", ""}});
  queue = open(storage);
  ASSERT_TRUE(queue->resume("3"));
  EXPECT_EQ(queue->position(), "3");
  EXPECT_TRUE(storage.files().empty());
  append(*queue, 3, 5);
  EXPECT_EQ(content(*open(storage)), "3 4");
  EXPECT_EQ(open(storage)->position(), "5");
}

TEST(WebhookQueue, FilesGoWhenNoCheckpointNeedsThem) {
  MemoryStorage storage;
  const auto queue = open(storage, 1);  // a file for each alert
  append(*queue, 0, 4);
  queue->remove_before(4, false);
  EXPECT_EQ(content(*queue), "0 1 2 3");
  ASSERT_TRUE(queue->sync());
  queue->remove_before(4, false);
  EXPECT_EQ(content(*queue), "0 1 2 3");  // the checkpoint may never be made
  append(*queue, 4, 6);
  ASSERT_TRUE(queue->sync());
  queue->remove_before(3, false);
  EXPECT_EQ(content(*queue), "3 4 5");  // 3 is not delivered
  EXPECT_EQ(queue->begin(), 3U);
  queue->remove_before(6, false);
  EXPECT_EQ(content(*queue), "4 5");
  queue->remove_before(6, true);
  EXPECT_EQ(content(*queue), "5");
  EXPECT_EQ(storage.files().size(), 1U);
  EXPECT_EQ(open(storage)->position(), "6");
}

TEST(WebhookQueue, SyncedAlertsOutliveACrash) {
  for (const tests::Loss loss : {tests::Loss::kUnsynced, tests::Loss::kBytes, tests::Loss::kTorn}) {
    MemoryStorage storage;
    {
      const auto queue = open(storage, 100);
      append(*queue, 0, 9);
      ASSERT_TRUE(queue->sync());
      append(*queue, 9, 12);
    }
    storage.crash(loss);
    const auto queue = open(storage);
    ASSERT_TRUE(queue->resume("9"));
    EXPECT_TRUE(content(*queue).starts_with("0 1 2 3 4 5 6 7 8")) << content(*queue);
    append(*queue, 9, 12);
    std::string delivered = content(*queue);
    for (const std::string number : {"9", "10", "11"}) {
      EXPECT_NE((" " + delivered + " ").find(" " + number + " "), std::string::npos) << delivered;
    }
  }
}

// A queue that cannot be written is an error of the writer, and what was there stays.
TEST(WebhookQueue, AFullDiskIsTold) {
  MemoryStorage storage;
  append(*open(storage), 0, 3);
  storage.set_capacity(storage.bytes() + 40);
  const auto queue = open(storage);
  append(*queue, 3, queued_json(3));
  EXPECT_FALSE(queue->flush());
  storage.set_capacity(UINT64_MAX);
  EXPECT_EQ(content(*open(storage)), "0 1 2");
}

}  // namespace
}  // namespace tocsin::connectors
