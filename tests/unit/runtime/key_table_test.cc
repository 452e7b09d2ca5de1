#include "runtime/key_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>
#include <tuple>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using eventtime::Batch;
using eventtime::Column;

// In the order of the key fields.
using Key = std::tuple<std::string, int64_t, double, std::string, bool, int64_t>;

patterns::PatternSet keyed() {
  return tests::load_patterns(
      "event E { s: string?, i: int?, f: float?, u: string?, b: bool?, t: timestamp?, "
      "at: timestamp } time at\n"
      "pattern p { by s, i, f, u, b, t match e: E }\n");
}

std::string random_text(std::mt19937_64& random) {
  constexpr std::string_view kBytes("\0\x01z\x7F\xC3\xBC\xFF", 7);
  std::string out;
  for (size_t left = random() % 4; left > 0; --left) out += kBytes[random() % kBytes.size()];
  return out;
}

Key random_key(std::mt19937_64& random) {
  constexpr std::array<double, 10> kFloats = {0.0,     -0.0,  1,      -1,  5e-324,
                                              -5e-324, 1e300, -1e300, 0.1, -0.1};
  constexpr std::array<int64_t, 8> kInts = {0, 1, -1, 255, 256, -256, INT64_MAX, INT64_MIN};
  const std::string first = random_text(random);
  const int64_t integer = kInts[random() % kInts.size()];
  const double number = kFloats[random() % kFloats.size()];
  const std::string second = random_text(random);
  return {first, integer, number, second, random() % 2 == 0, kInts[random() % kInts.size()]};
}

void write(Batch& batch, uint32_t row, const Key& key) {
  std::vector<Column>& columns = batch.tables[0].columns;
  columns[0].set_text(row, eventtime::Text(batch.strings.copy(std::get<0>(key))));
  columns[1].set_integer(row, std::get<1>(key));
  columns[2].set_number(row, std::get<2>(key));
  columns[3].set_text(row, eventtime::Text(batch.strings.copy(std::get<3>(key))));
  columns[4].set_integer(row, std::get<4>(key) ? 1 : 0);
  columns[5].set_integer(row, std::get<5>(key));
}

TEST(AppendKey, TheOrderOfBytesIsTheOrderOfValues) {
  const patterns::PatternSet set = keyed();
  std::mt19937_64 random(6);
  constexpr uint32_t kRows = 400;
  Batch batch(set.catalog);
  batch.tables[0].resize(kRows);
  std::vector<Key> keys;
  std::vector<std::string> encoded(kRows);
  for (uint32_t row = 0; row < kRows; ++row) {
    keys.push_back(random_key(random));
    // Neighbours often share their first fields.
    if (row > 0 && random() % 2 == 0) std::get<0>(keys[row]) = std::get<0>(keys[row - 1]);
    if (row > 0 && random() % 2 == 0) std::get<1>(keys[row]) = std::get<1>(keys[row - 1]);
    write(batch, row, keys[row]);
    ASSERT_TRUE(append_key(encoded[row], set.patterns[0].by, batch.tables[0], 0, row));
  }
  for (uint32_t left = 0; left < kRows; ++left) {
    for (uint32_t right = 0; right < kRows; ++right) {
      ASSERT_EQ(encoded[left] < encoded[right], keys[left] < keys[right]) << left << ' ' << right;
      ASSERT_EQ(encoded[left] == encoded[right], keys[left] == keys[right]) << left << ' ' << right;
    }
  }
}

TEST(AppendKey, ANullInAnyFieldIsNoKey) {
  const patterns::PatternSet set = keyed();
  Batch batch(set.catalog);
  batch.tables[0].resize(1);
  std::mt19937_64 random(7);
  for (size_t field = 0; field < 6; ++field) {
    write(batch, 0, random_key(random));
    std::string key;
    EXPECT_TRUE(append_key(key, set.patterns[0].by, batch.tables[0], 0, 0));
    batch.tables[0].columns[field].set_null(0);
    EXPECT_FALSE(append_key(key, set.patterns[0].by, batch.tables[0], 0, 0)) << field;
  }
}

TEST(AppendKey, WithoutKeyFieldsAllRowsAreOne) {
  const patterns::PatternSet set = keyed();
  const Batch batch(set.catalog);
  std::string key;
  EXPECT_TRUE(append_key(key, {}, batch.tables[0], 0, 0));
  EXPECT_EQ(key, "");
}

KeyEntry* find(KeyTable& table, std::string_view key) {
  return table.find(key, hash_key(key));
}
KeyEntry& add(KeyTable& table, std::string_view key) {
  return table.add(key, hash_key(key));
}

TEST(KeyTable, FindsWhatWasAddedUntilItIsErased) {
  KeyTable table;
  EXPECT_EQ(find(table, "a"), nullptr);
  KeyEntry& a = add(table, "a");
  KeyEntry& b = add(table, "b");
  EXPECT_EQ(find(table, "a"), &a);
  EXPECT_EQ(find(table, "b"), &b);
  EXPECT_EQ(table.size(), 2U);
  EXPECT_EQ(&table.at(a.slot), &a);
  table.erase(a);
  EXPECT_EQ(find(table, "a"), nullptr);
  EXPECT_EQ(find(table, "b"), &b);
  EXPECT_EQ(table.size(), 1U);
}

TEST(KeyTable, ASlotThatIsUsedAgainIsANewGeneration) {
  KeyTable table;
  KeyEntry& entry = add(table, "a");
  const uint32_t generation = entry.generation;
  entry.has_timer = true;
  entry.state.runs.emplace_back();
  table.erase(entry);
  KeyEntry& again = add(table, "another key of more than sixteen bytes");
  EXPECT_EQ(again.slot, entry.slot);
  EXPECT_NE(again.generation, generation);
  EXPECT_TRUE(again.has_timer);  // it belongs to the place
  EXPECT_TRUE(again.state.empty());
  EXPECT_EQ(again.key, "another key of more than sixteen bytes");
}

TEST(KeyTable, EqualsAMapUnderRandomUse) {
  KeyTable table;
  std::map<std::string, size_t> expected;  // to the number of runs
  std::mt19937_64 random(8);
  for (int i = 0; i < 20'000; ++i) {
    const std::string key = "a key that is not kept inline " + std::to_string(random() % 300);
    KeyEntry* found = find(table, key);
    ASSERT_EQ(found != nullptr, expected.contains(key));
    if (found != nullptr && random() % 2 == 0) {
      table.erase(*found);
      expected.erase(key);
      continue;
    }
    KeyEntry& entry = found != nullptr ? *found : add(table, key);
    entry.state.runs.emplace_back();
    ASSERT_EQ(entry.state.runs.size(), ++expected[key]);
    ASSERT_EQ(table.size(), expected.size());
  }
}

// Hashes that lie together, or are all the same, also around the end of the index.
TEST(KeyTable, ErasingMovesUpWhatStandsBehind) {
  std::mt19937_64 random(10);
  for (const uint64_t spread : {1, 2, 5, 16, 1000}) {
    KeyTable table;
    std::map<std::string, KeyEntry*> expected;
    for (int i = 0; i < 3000; ++i) {
      const uint64_t number = random() % 40;
      const std::string key = std::to_string(number);
      const uint64_t hash = 13 + number % spread;
      KeyEntry* found = table.find(key, hash);
      ASSERT_EQ(found, expected.contains(key) ? expected[key] : nullptr);
      if (found == nullptr) {
        expected[key] = &table.add(key, hash);
      } else {
        table.erase(*found);
        expected.erase(key);
      }
      ASSERT_EQ(table.size(), expected.size());
    }
  }
}

}  // namespace
}  // namespace tocsin::runtime
