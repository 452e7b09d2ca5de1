#include "runtime/spill_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/support/memory_storage.h"

namespace tocsin::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using tests::MemoryStorage;
using Place = SpillFiles::Place;

constexpr size_t kSegmentBytes = 1024;
constexpr SpillFiles::Options kKept{.transient = false, .segment_bytes = kSegmentBytes};

SpilledRecord record_of(std::string_view key, std::string_view value) {
  return {key, eventtime::Timestamp{-5}, true, value};
}

std::string value_at(SpillFiles& files, Place place) {
  std::string bytes;
  const auto record = files.read(place, bytes);
  return record ? std::string(record->key) + "=" + std::string(record->value) : "nothing";
}

std::vector<std::string> records_of(MemoryStorage& storage, const SpillSegment& segment) {
  std::vector<std::string> records;
  const auto file = storage.open(spill_segment_name(segment.number)).value();
  const auto read =
      read_spill_segment(*file, segment.bytes, [&](uint32_t unit, const SpilledRecord& record) {
        records.push_back(std::to_string(unit) + " " + std::string(record.key));
      });
  EXPECT_TRUE(read) << read.error().message;
  return records;
}

TEST(SpillFiles, GivesBackWhatWasAppended) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  const Place first = writer.append(record_of("a", "first"));
  const Place large = writer.append(record_of("b", std::string(700, 'x')));
  const Place empty = writer.append(record_of("", ""));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(value_at(files, first), "a=first");
    EXPECT_EQ(value_at(files, large), "b=" + std::string(700, 'x'));
    EXPECT_EQ(value_at(files, empty), "=");
    files.flush();
  }
  std::string bytes;
  const auto record = files.read(first, bytes);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->moment, eventtime::Timestamp{-5});
  EXPECT_TRUE(record->drops);
}

TEST(SpillFiles, ARecordThatFitsIntoNoSegmentIsRefusedAndNothingIsWrong) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  EXPECT_EQ(writer.append(record_of("a", std::string(kSegmentBytes, 'x'))), 0U);
  EXPECT_TRUE(files.status());
  EXPECT_NE(writer.append(record_of("a", "b")), 0U);
}

TEST(SpillFiles, SegmentsAreNamedAsFarAsTheyAreWritten) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  std::vector<Place> places;
  for (int i = 0; i < 40; ++i) places.push_back(writer.append(record_of("key", "0123456789")));
  files.flush();
  const std::vector<SpillSegment> two = files.segments();
  ASSERT_EQ(two.size(), 2U);
  EXPECT_EQ(two[0].number, 1U);
  EXPECT_EQ(two[0].bytes, kSegmentBytes);
  EXPECT_EQ(two[0].records, 31U);
  EXPECT_EQ(two[1].records, 9U);
  EXPECT_EQ(records_of(storage, two[1]).size(), 9U);
  EXPECT_EQ(records_of(storage, two[1]).front(), "1 key");

  (void)writer.append(record_of("more", "of it"));
  EXPECT_EQ(files.segments()[1].bytes, two[1].bytes) << "what is not flushed is not there yet";
  files.flush();
  EXPECT_GT(files.segments()[1].bytes, two[1].bytes);
  EXPECT_EQ(records_of(storage, two[1]).size(), 9U) << "its beginning stays as it is";
}

TEST(SpillFiles, ASegmentGoesWithItsLastRecord) {
  MemoryStorage storage;
  SpillFiles files(storage, {.transient = true, .segment_bytes = kSegmentBytes});
  SpillFiles::Writer writer(files);
  std::vector<Place> places;
  for (int i = 0; i < 40; ++i) places.push_back(writer.append(record_of("key", "0123456789")));
  EXPECT_TRUE(storage.files().empty()) << "files of nobody else have no names";
  const uint64_t both = files.live_bytes();
  for (int i = 0; i < 31; ++i) files.drop(places[i]);
  files.collect();
  EXPECT_EQ(files.live_bytes(), both - kSegmentBytes);
  EXPECT_EQ(files.segment_of(places[0]), 0U);
  EXPECT_EQ(value_at(files, places[35]), "key=0123456789");
}

TEST(SpillFiles, AnotherTakesOverWhatLives) {
  MemoryStorage storage;
  std::vector<SpillSegment> segments;
  std::map<uint64_t, std::string> live;
  {
    SpillFiles files(storage, kKept);
    SpillFiles::Writer writer(files);
    (void)writer.append(record_of("a", "1"));
    files.drop(writer.append(record_of("b", "2")));
    (void)writer.append(record_of("c", "3"));
    files.flush();
    segments = files.segments();
    files.visit_live([&](uint64_t segment, uint32_t piece, std::string_view bits) {
      EXPECT_EQ(piece, 0U);
      live[segment] = bits;
    });
  }
  ASSERT_EQ(segments.size(), 1U);
  EXPECT_EQ(segments[0].records, 2U);
  EXPECT_THAT(records_of(storage, segments[0]), ElementsAre("1 a", "2 b", "3 c"));
  ASSERT_EQ(live[1].size(), sizeof(uint64_t));
  EXPECT_EQ(live[1][0], 0b1010) << "the second is dead";

  SpillFiles files(storage, kKept);
  ASSERT_TRUE(files.adopt(segments[0]));
  EXPECT_EQ(files.next_number(), 2U);
  EXPECT_TRUE(files.segments().empty()) << "nothing lives until it is revived";
  EXPECT_EQ(value_at(files, files.revive(1, 1)), "a=1");
  const Place third = files.revive(1, 3);
  EXPECT_EQ(files.segments(), segments);
  SpillFiles::Writer writer(files);
  EXPECT_EQ(files.segment_of(writer.append(record_of("d", "4"))), 2U) << "not behind the others";
  EXPECT_EQ(value_at(files, third), "c=3");
}

TEST(SpillFiles, WhatLivesInASparseSegmentIsFound) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  std::vector<Place> places;
  for (int i = 0; i < 32; ++i) places.push_back(writer.append(record_of("key", "0123456789")));
  EXPECT_FALSE(files.sparse());
  for (int i = 0; i < 21; ++i) files.drop(places[i]);
  ASSERT_EQ(files.sparse(), 1U);
  std::vector<Place> found;
  std::optional<uint32_t> unit = 0;
  size_t steps = 0;
  for (; unit; ++steps) {
    unit = files.visit_segment(1, *unit, 128, [&](Place place, const SpilledRecord& record) {
      EXPECT_EQ(record.key, "key");
      found.push_back(place);
    });
  }
  EXPECT_EQ(steps, 8U);
  EXPECT_EQ(found, std::vector<Place>(places.begin() + 21, places.begin() + 31));
}

TEST(SpillFiles, AnErrorOfTheDiskIsKept) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  const Place place = writer.append(record_of("a", "1"));
  storage.set_capacity(10);
  files.flush();
  ASSERT_FALSE(files.status());
  EXPECT_THAT(files.status().error().message, HasSubstr("No space left on device"));
  EXPECT_EQ(writer.append(record_of("b", "1")), 0U);
  EXPECT_EQ(value_at(files, place), "nothing");
}

TEST(SpillFiles, ARecordThatWasChangedIsRefused) {
  MemoryStorage storage;
  std::string bytes;
  {
    SpillFiles files(storage, kKept);
    SpillFiles::Writer writer(files);
    (void)writer.append(record_of("a", "12"));
    files.flush();
    bytes = storage.files()[spill_segment_name(1)];
  }
  for (size_t at = SpillFiles::kUnitBytes; at < SpillFiles::kUnitBytes + 14; ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    storage.set_files({{spill_segment_name(1), changed}});
    const auto file = storage.open(spill_segment_name(1)).value();
    EXPECT_FALSE(read_spill_segment(*file, changed.size(), [](uint32_t, const SpilledRecord&) {}))
        << at;
    SpillFiles files(storage, kKept);
    ASSERT_TRUE(files.adopt({1, changed.size(), 1, ""}));
    EXPECT_EQ(value_at(files, files.revive(1, 1)), "nothing") << at;
    EXPECT_THAT(files.status().error().message, HasSubstr("spill-000001.state' is damaged")) << at;
  }
}

TEST(SpillFiles, ASegmentThatIsShorterIsRefused) {
  MemoryStorage storage;
  SpillFiles files(storage, kKept);
  SpillFiles::Writer writer(files);
  (void)writer.append(record_of("a", "12"));
  files.flush();
  const std::string bytes = storage.files()[spill_segment_name(1)];
  for (size_t size = 0; size < bytes.size(); ++size) {
    storage.set_files({{spill_segment_name(1), bytes.substr(0, size)}});
    const auto file = storage.open(spill_segment_name(1)).value();
    EXPECT_FALSE(read_spill_segment(*file, bytes.size(), [](uint32_t, const SpilledRecord&) {}));
  }
}

}  // namespace
}  // namespace tocsin::runtime
