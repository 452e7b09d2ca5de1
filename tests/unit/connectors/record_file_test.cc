#include "connectors/state/record_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/state/digest.h"
#include "tests/support/memory_storage.h"

namespace tocsin::connectors {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using tests::MemoryStorage;

struct Entries {
  std::vector<std::pair<std::string, std::string>> records;
  std::vector<KeyHash> deletions;
  std::string error;
};

Entries read(MemoryStorage& storage) {
  Entries entries;
  const auto file = storage.open("file").value();
  const auto status =
      read_records(*file, {[&](std::string_view key, std::string_view value) {
                             entries.records.emplace_back(key, value);
                           },
                           [&](const KeyHash& key) { entries.deletions.push_back(key); }});
  if (!status) entries.error = status.error().message;
  return entries;
}

// Of the bytes as they are.
std::string error_of(const std::string& bytes) {
  MemoryStorage storage;
  storage.set_files({{"file", bytes}});
  return read(storage).error;
}

std::string small_file() {
  MemoryStorage storage;
  RecordFileWriter writer(storage.create("file").value());
  writer.put("key", "value");
  writer.erase({1, 2});
  EXPECT_TRUE(writer.finish());
  return storage.files()["file"];
}

TEST(RecordFile, GivesBackWhatWasPut) {
  MemoryStorage storage;
  RecordFileWriter writer(storage.create("file").value());
  const std::string large(3'000'000, 'x');
  writer.put("", "");
  writer.put(std::string(300, 'k'), large);
  writer.erase({UINT64_MAX, 1});
  writer.put("last", "one");
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(writer.records(), 3U);
  EXPECT_EQ(writer.deletions(), 1U);
  const Entries entries = read(storage);
  EXPECT_EQ(entries.error, "");
  EXPECT_THAT(entries.deletions, ElementsAre(KeyHash{UINT64_MAX, 1}));
  ASSERT_EQ(entries.records.size(), 3U);
  EXPECT_EQ(entries.records[0].second, "");
  EXPECT_EQ(entries.records[1].first, std::string(300, 'k'));
  EXPECT_EQ(entries.records[1].second, large);
  EXPECT_EQ(entries.records[2].first, "last");
}

TEST(RecordFile, GivesBackManyBlocks) {
  MemoryStorage storage;
  RecordFileWriter writer(storage.create("file").value());
  for (int i = 0; i < 100'000; ++i) writer.put(std::to_string(i), std::to_string(i * 7));
  ASSERT_TRUE(writer.finish());
  const Entries entries = read(storage);
  ASSERT_EQ(entries.records.size(), 100'000U);
  for (int i = 0; i < 100'000; ++i) {
    const auto& [key, value] = entries.records[static_cast<size_t>(i)];
    ASSERT_EQ(key, std::to_string(i));
    ASSERT_EQ(value, std::to_string(i * 7));
  }
}

TEST(RecordFile, AnEmptyOneIsWhole) {
  MemoryStorage storage;
  RecordFileWriter writer(storage.create("file").value());
  ASSERT_TRUE(writer.finish());
  EXPECT_EQ(read(storage).error, "");
  EXPECT_THAT(read(storage).records, IsEmpty());
}

TEST(RecordFile, KnowsSizeAndHashOfWhatItWrote) {
  MemoryStorage storage;
  RecordFileWriter writer(storage.create("file").value());
  writer.put("key", "value");
  ASSERT_TRUE(writer.finish());
  const auto digest = digest_of(storage, "file");
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->bytes, writer.bytes());
  EXPECT_EQ(digest->xxh3_128, writer.digest());
}

TEST(RecordFile, ItsFormatStaysAsItIs) {
  // What stands before and behind the block, which is zstd's. A change needs a new version.
  const std::string bytes = small_file();
  EXPECT_EQ(bytes.substr(0, 12), std::string("TOCSINRF\1\0\0\0", 12));
  EXPECT_EQ(bytes.substr(12, 4), std::string("\x1B\0\0\0", 4));  // 10 + 17 raw bytes
  EXPECT_EQ(bytes.substr(bytes.size() - 16), std::string(8, '\0') + '\2' + std::string(7, '\0'));
}

TEST(RecordFile, DamageIsNamed) {
  const std::string whole = small_file();
  EXPECT_EQ(error_of(whole), "");
  EXPECT_EQ(error_of("TOCSINXX\1\0\0\0"), "it ends too early");
  std::string bytes = whole;
  bytes[0] = 'X';
  EXPECT_EQ(error_of(bytes), "it is no file of records");
  bytes = whole;
  bytes[8] = 2;
  EXPECT_EQ(error_of(bytes), "its format has version 2, known is 1");
  bytes = whole;
  bytes[30] ^= 1;
  EXPECT_EQ(error_of(bytes), "the hash of a block is wrong");
  bytes = whole;
  bytes[12] ^= 1;
  EXPECT_EQ(error_of(bytes), "the size of a block is wrong");
  bytes = whole;
  bytes[bytes.size() - 8] ^= 1;
  EXPECT_EQ(error_of(bytes), "it has 2 entries of 3");
  EXPECT_EQ(error_of(whole + "x"), "it goes on behind its end");
}

TEST(RecordFile, EveryFlippedByteAndEveryTruncationIsFound) {
  const std::string whole = small_file();
  for (size_t i = 0; i < whole.size(); ++i) {
    EXPECT_NE(error_of(whole.substr(0, i)), "") << i;
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      EXPECT_NE(error_of(bytes), "") << i << ' ' << bit;
    }
  }
}

TEST(RecordFile, TheFirstErrorIsKept) {
  MemoryStorage storage;
  storage.set_capacity(20);
  RecordFileWriter writer(storage.create("file").value());
  for (int i = 0; i < 100'000; ++i) writer.put(std::to_string(i), "value");
  EXPECT_TRUE(writer.failed());
  EXPECT_EQ(writer.finish().error().message, "cannot write 'memory/file': No space left on device");
}

}  // namespace
}  // namespace tocsin::connectors
