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

// Short texts are appended in another way than long ones.
TEST(AppendKey, EscapesZerosInTextsOfAnyLength) {
  const patterns::PatternSet set = tests::load_patterns(
      "event E { s: string, at: timestamp } time at\npattern p { by s match e: E }\n");
  Batch batch(set.catalog);
  batch.tables[0].resize(1);
  std::mt19937_64 random(8);
  for (size_t i = 0; i < 4'000; ++i) {
    std::string text;
    std::string expected;
    for (size_t left = random() % 20; left > 0; --left) {
      text += random() % 8 == 0 ? '\0' : static_cast<char>(1 + random() % 255);
      expected += text.back();
      if (text.back() == '\0') expected += '\xFF';
    }
    expected.append(2, '\0');
    batch.tables[0].columns[0].set_text(0, eventtime::Text(text));
    std::string key;
    ASSERT_TRUE(append_key(key, set.patterns[0].by, batch.tables[0], 0, 0));
    ASSERT_EQ(key, expected) << text.size();
    // The same bytes, where they are few.
    char bytes[kShortKeyBytes];
    const bool is_short =
        text.size() <= eventtime::Text::kInlineBytes && text.find('\0') == std::string::npos;
    const ShortKey made = put_short_key(bytes, batch.tables[0].columns[0], 0);
    ASSERT_EQ(made.size, is_short ? expected.size() : 0);
    if (!is_short) continue;
    ASSERT_EQ(std::string_view(bytes, made.size), expected);
    ASSERT_EQ(made.tag, tag_of(expected));
  }
}

TEST(AppendKey, AKeyOfOneColumnIsThatOfOneField) {
  const patterns::PatternSet set = keyed();
  Batch batch(set.catalog);
  batch.tables[0].resize(1);
  std::mt19937_64 random(12);
  for (size_t i = 0; i < 500; ++i) {
    write(batch, 0, random_key(random));
    for (size_t field = 1; field < 6; ++field) {
      if (field == 3) continue;  // a text
      std::string key;
      ASSERT_TRUE(append_key(key, {set.patterns[0].by[field]}, batch.tables[0], 0, 0));
      char bytes[kShortKeyBytes];
      const ShortKey made = put_short_key(bytes, batch.tables[0].columns[field], 0);
      ASSERT_EQ(std::string_view(bytes, made.size), key) << field;
      ASSERT_EQ(made.tag, tag_of(key)) << field;
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

const std::vector<patterns::KeyPart> kNoFields;

KeyEntry* find(KeyTable& table, std::string_view key) {
  const KeyRef found = table.find(key, tag_of(key));
  return found.is_none() ? nullptr : &table.at(found.slot());
}
KeyEntry& add(KeyTable& table, std::string_view key) {
  return table.add(key, tag_of(key));
}

TEST(KeyTable, FindsWhatWasAddedUntilItIsErased) {
  KeyTable table(kNoFields);
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

TEST(KeyTable, ATimerStaysWithItsSlot) {
  KeyTable table(kNoFields);
  KeyEntry& entry = add(table, "a");
  entry.has_timer = true;
  entry.state.runs.emplace_back();
  table.erase(entry);
  KeyEntry& again = add(table, "another key of more than sixteen bytes");
  EXPECT_EQ(&again, &entry);
  EXPECT_TRUE(again.has_timer);
  EXPECT_TRUE(again.state.empty());
  EXPECT_EQ(again.key, "another key of more than sixteen bytes");
}

TEST(KeyTable, EqualsAMapUnderRandomUse) {
  KeyTable table(kNoFields);
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

// A batch whose rows are keys of all lengths around those that are kept inline.
class WaitingKeys : public testing::Test {
 protected:
  static constexpr uint32_t kKeys = 40;

  WaitingKeys() {
    auto batch = std::make_shared<Batch>(set_.catalog);
    batch->tables[0].resize(kKeys);
    for (uint32_t i = 0; i < kKeys; ++i) {
      const std::string text = std::string(i, 'k') + std::to_string(i % 10);
      batch->tables[0].columns[0].set_text(i, eventtime::Text(batch->strings.copy(text)));
      eventtime::Row row;
      row.table_row = i;
      batch->rows.push_back(row);
      keys_.emplace_back();
      append_key(keys_.back(), by(), batch->tables[0], 0, i);
    }
    loaded_.batch = std::move(batch);
  }

  const std::vector<patterns::KeyPart>& by() const { return set_.patterns[0].by; }
  KeyRef find(uint32_t key) const { return table_.find(keys_[key], tag_of(keys_[key])); }
  void wait(uint32_t key, uint64_t sequence) {
    WaitingStart start;
    start.sequence = sequence;
    start.loaded = &loaded_;
    start.row = key;
    table_.wait(find(key), keys_[key], tag_of(keys_[key]), start);
  }
  // The sequences that wait at a key, by its chain.
  std::vector<uint64_t> chain(uint32_t key) {
    std::vector<uint64_t> sequences;
    const KeyRef found = find(key);
    if (!found.waits()) return sequences;
    uint32_t place = found.place();
    for (uint32_t left = table_.oldest(found).chain; left > 0; --left) {
      sequences.push_back(table_.waiting().at(place).sequence);
      place = table_.waiting().at(place).next;
    }
    return sequences;
  }

  const patterns::PatternSet set_ = tests::load_patterns(
      "event E { s: string, at: timestamp } time at\n"
      "pattern p { by s match e: E }\n");
  LoadedBatch loaded_;
  std::vector<std::string> keys_;
  KeyTable table_{by()};
};

TEST_F(WaitingKeys, EqualAMapUnderRandomUse) {
  std::map<uint32_t, std::vector<uint64_t>> expected;
  std::mt19937_64 random(9);
  for (uint64_t sequence = 1; sequence <= 20'000; ++sequence) {
    const auto key = static_cast<uint32_t>(random() % kKeys);
    const KeyRef found = find(key);
    ASSERT_EQ(chain(key), expected[key]);
    if (!found.waits() || random() % 2 == 0) {
      wait(key, sequence);
      expected[key].push_back(sequence);
    } else if (random() % 2 == 0) {
      const KeyRef rest = table_.take_oldest(found);
      expected[key].erase(expected[key].begin());
      ASSERT_EQ(rest.is_none(), expected[key].empty());
    } else {
      KeyEntry& entry = table_.begin(found);
      expected[key].clear();
      ASSERT_EQ(entry.key, keys_[key]);
      ASSERT_EQ(find(key).slot(), entry.slot);
      table_.erase(entry);
    }
    // As the operator does it: those that are gone leave at the front.
    WaitingStarts& waiting = table_.waiting();
    while (!waiting.empty() && waiting.at(waiting.place(0)).chain == 0) waiting.pop();
  }
  const auto keys = std::count_if(expected.begin(), expected.end(),
                                  [](const auto& key) { return !key.second.empty(); });
  EXPECT_EQ(table_.size(), static_cast<size_t>(keys));
}

// Equal tags: only the bytes tell the keys apart.
TEST_F(WaitingKeys, AreToldApartByAllTheirBytes) {
  WaitingStart start;
  start.loaded = &loaded_;
  for (uint32_t key = 0; key < kKeys; ++key) {
    ASSERT_TRUE(table_.find(keys_[key], 7).is_none());
    start.row = key;
    table_.wait({}, keys_[key], 7, start);
  }
  for (uint32_t key = 0; key < kKeys; ++key) {
    const KeyRef found = table_.find(keys_[key], 7);
    ASSERT_TRUE(found.waits());
    EXPECT_EQ(table_.oldest(found).row, key);
  }
}

}  // namespace
}  // namespace tocsin::runtime
