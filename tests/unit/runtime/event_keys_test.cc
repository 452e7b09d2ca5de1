#include "runtime/event_keys.h"

#include <gtest/gtest.h>

#include "runtime/key_table.h"
#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

class EventKeysTest : public testing::Test {
 protected:
  EventKeysTest() : batch_(set_.catalog), rows_(2) {
    for (eventtime::TypeId type = 0; type < 2; ++type) {
      batch_.tables[type].resize(1);
      batch_.tables[type].columns[type].set_text(0, eventtime::Text(type == 0 ? "a" : "b"));
      rows_[type].type = type;
    }
  }
  nfa::TestedEvent event(size_t row) const {
    nfa::TestedEvent tested;
    tested.batch = &batch_;
    tested.row = &rows_[row];
    return tested;
  }
  const std::vector<patterns::KeyPart>& by(size_t pattern) const {
    return set_.patterns[pattern].by;
  }

  // The key is another column in each type.
  const patterns::PatternSet set_ = tests::load_patterns(
      "event E { s: string?, u: string?, at: timestamp } time at\n"
      "event F { u: string?, s: string?, at: timestamp } time at\n"
      "pattern p { by s match e: E }\n"
      "pattern q { by s match f: F }\n"
      "pattern r { by s, u match e: E }\n");
  eventtime::Batch batch_;
  std::vector<eventtime::Row> rows_;
};

TEST_F(EventKeysTest, ServePatternsByTheSameFieldsWhateverTheirTypes) {
  EventKeys keys(by(0));
  EXPECT_FALSE(keys.join(by(2)));
  EXPECT_TRUE(keys.join(by(1)));
  keys.begin(2);
  for (size_t i = 0; i < 2; ++i) {
    const EventKeys::Key key = keys.of(i, event(i));
    EXPECT_FALSE(key.is_null);
    EXPECT_EQ(key.text(), std::string(i == 0 ? "a" : "b") + std::string(2, '\0'));
    EXPECT_EQ(key.tag, tag_of(key.text()));
  }
}

TEST_F(EventKeysTest, AreMadeAnewForEachBlock) {
  EventKeys keys(by(0));
  keys.begin(1);
  EXPECT_FALSE(keys.of(0, event(0)).is_null);
  batch_.tables[0].columns[0].set_null(0);
  EXPECT_FALSE(keys.of(0, event(0)).is_null);
  keys.begin(1);
  EXPECT_TRUE(keys.of(0, event(0)).is_null);
}

// Keys that are written in place, and such as are not, in blocks of any size.
TEST_F(EventKeysTest, StayUntilTheNextBlock) {
  const std::vector<std::string> texts = {
      "", "card 1", "twelve bytes", "thirteen byte", std::string("a\0b", 3), std::string(100, 'x')};
  EventKeys keys(by(0));
  batch_.tables[0].resize(texts.size());
  rows_.assign(texts.size(), rows_[0]);
  for (uint32_t row = 0; row < texts.size(); ++row) {
    rows_[row].table_row = row;
    batch_.tables[0].columns[0].set_text(row, eventtime::Text(texts[row]));
  }
  for (const size_t events : {2, 6, 1, 6}) {
    keys.begin(events);
    std::vector<std::string_view> made;
    for (size_t i = 0; i < events; ++i) made.push_back(keys.of(i, event(i)).text());
    for (size_t i = 0; i < events; ++i) {
      std::string expected;
      ASSERT_TRUE(keys.encode(expected, event(i)));
      EXPECT_EQ(made[i], expected);
      EXPECT_EQ(keys.of(i, event(i)).tag, tag_of(expected));
    }
    keys.begin_given(1);
    EXPECT_TRUE(keys.of(0, event(0)).is_null);
  }
}

TEST_F(EventKeysTest, WithoutFieldsAllEventsHaveOne) {
  EventKeys keys({});
  for (size_t block = 0; block < 2; ++block) {
    keys.begin(2);
    for (size_t i = 0; i < 2; ++i) {
      const EventKeys::Key key = keys.of(i, event(i));
      EXPECT_FALSE(key.is_null);
      EXPECT_EQ(key.text(), "");
      EXPECT_EQ(key.tag, tag_of(""));
    }
  }
}

TEST_F(EventKeysTest, MayBeGivenInsteadOfMade) {
  EventKeys keys(by(0));
  EXPECT_TRUE(keys.takes(0));
  EXPECT_FALSE(keys.takes(1));
  std::string text;
  ASSERT_TRUE(keys.encode(text, event(0)));
  keys.begin_given(2);
  keys.give(0, text, tag_of(text));
  EXPECT_FALSE(keys.of(0, event(0)).is_null);
  EXPECT_EQ(keys.of(0, event(0)).text(), text);
  EXPECT_EQ(keys.of(0, event(0)).tag, tag_of(text));
  EXPECT_TRUE(keys.of(1, event(0)).is_null) << "none was given";
}

}  // namespace
}  // namespace tocsin::runtime
