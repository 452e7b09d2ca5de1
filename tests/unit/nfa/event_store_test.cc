#include "nfa/event_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

constexpr const char* kEvents =
    "event E { s: string?, u: string?, at: timestamp } time at\n"
    "pattern p { match e: E }\n";

class EventStoreTest : public testing::Test {
 protected:
  // Of the first row; the batch lives until the next call.
  TestedEvent tested(const std::string& line) {
    batch_ = input_.decode(std::vector<std::string>{line});
    TestedEvent event;
    event.batch = batch_.get();
    event.row = batch_->rows.data();
    event.sequence = ++sequence_;
    return event;
  }

  patterns::PatternSet set_ = tests::load_patterns(kEvents);
  tests::JsonInput input_{set_.catalog, 3};
  std::shared_ptr<const eventtime::Batch> batch_;
  uint64_t sequence_ = 0;
};

const std::string kLine =
    R"({"s":"a text of more than twelve bytes","u":"with \"escapes\" in it","at":1000})";

TEST_F(EventStoreTest, KeepsWhatOutlivesTheBatch) {
  EventStore store(1, true);
  store.keep_text(0, 0);
  store.keep_text(0, 1);
  store.keep_text(0, 0);
  TestedEvent event = tested(kLine);
  const EventId id = store.store(event);
  store.release(event.stored);  // the tested event's own
  batch_.reset();
  EXPECT_EQ(store.at(id).raw, kLine);
  EXPECT_EQ(store.text(id, 0).view(), "a text of more than twelve bytes");
  EXPECT_EQ(store.text(id, 1).view(), "with \"escapes\" in it");
  EXPECT_EQ(store.at(id).time, eventtime::Timestamp{1'000'000});
  EXPECT_EQ(store.at(id).sequence, 1U);
  EXPECT_EQ(store.at(id).input, 3U);
  EXPECT_EQ(store.at(id).record, 0U);
  EXPECT_EQ(store.live(), 1U);
  store.release(id);
  EXPECT_EQ(store.live(), 0U);
}

TEST_F(EventStoreTest, KeepsNoRawBytesWhereAlertsDoNotShowThem) {
  EventStore store(1, false);
  store.keep_text(0, 0);
  TestedEvent event = tested(kLine);
  const EventId id = store.store(event);
  batch_.reset();
  EXPECT_EQ(store.at(id).raw, "");
  EXPECT_EQ(store.text(id, 0).view(), "a text of more than twelve bytes");
  store.release(id);
  store.release(event.stored);
  EXPECT_EQ(store.live(), 0U);
}

TEST_F(EventStoreTest, StoresAnEventOnce) {
  EventStore store(1, true);
  TestedEvent event = tested(kLine);
  const EventId first = store.store(event);
  const EventId second = store.store(event);
  EXPECT_EQ(first, second);
  EXPECT_EQ(store.live(), 1U);
  store.retain(first);
  for (int references = 4; references > 0; --references) {
    EXPECT_EQ(store.live(), 1U);
    store.release(first);
  }
  EXPECT_EQ(store.live(), 0U);
}

TEST_F(EventStoreTest, NullsAndShortTexts) {
  EventStore store(1, true);
  store.keep_text(0, 0);
  store.keep_text(0, 1);
  TestedEvent event = tested(R"({"s":"short","at":1000})");
  const EventId id = store.store(event);
  batch_.reset();
  EXPECT_EQ(store.text(id, 0).view(), "short");
  EXPECT_EQ(store.text(id, 1).view(), "");
}

TEST_F(EventStoreTest, ReusesTheNumbersOfEventsThatAreGone) {
  EventStore store(1, true);
  EventId largest = 0;
  for (int i = 0; i < 1000; ++i) {
    TestedEvent event = tested(kLine);
    largest = std::max(largest, store.store(event));
    store.release(event.stored);
    store.release(event.stored);
  }
  EXPECT_EQ(largest, 1U);
  EXPECT_EQ(store.live(), 0U);
}

// A burst: some time later nothing stays of its numbers but those before one that lives.
TEST_F(EventStoreTest, GivesBackTheNumbersOfManyEventsThatAreGone) {
  constexpr EventId kMany = 200'000;
  constexpr EventId kLeft = 70'000;
  const auto light = [](uint64_t sequence) {
    LightEvent event;
    event.sequence = sequence;
    return event;
  };
  EventStore store(1, true);
  for (EventId id = 1; id <= kMany; ++id) ASSERT_EQ(store.store_light(light(id)), id);
  for (EventId id = 1; id <= kMany; ++id) {
    if (id != kLeft) store.release(id);
  }
  for (EventId i = 0; i < kMany / 4; ++i) store.release(store.store_light(light(i)));
  EXPECT_EQ(store.ids(), kLeft);
  EXPECT_EQ(store.at(kLeft).sequence, kLeft);
  EXPECT_EQ(store.store_light(light(1)), 1U) << "the lowest one";
  store.release(1);
  store.release(kLeft);
  EXPECT_EQ(store.ids(), 0U);
}

// Small and huge ones, released in any order: each keeps its bytes until it goes.
TEST_F(EventStoreTest, EventsOfAllSizesKeepTheirBytes) {
  EventStore store(1, true);
  store.keep_text(0, 0);
  std::mt19937_64 random(11);
  std::map<EventId, std::string> held;
  for (int i = 0; i < 600; ++i) {
    const size_t size = random() % 20 == 0 ? random() % 600'000 : random() % 5000;
    const std::string text(size, static_cast<char>('a' + random() % 26));
    TestedEvent event = tested(R"({"s":")" + text + R"(","at":1000})");
    held.emplace(store.store(event), text);
    store.release(event.stored);
    while (held.size() > random() % 100) {
      const auto gone = std::next(held.begin(), static_cast<ptrdiff_t>(random() % held.size()));
      ASSERT_EQ(store.text(gone->first, 0).view(), gone->second);
      store.release(gone->first);
      held.erase(gone);
    }
    ASSERT_EQ(store.live(), held.size());
  }
}

}  // namespace
}  // namespace tocsin::nfa
