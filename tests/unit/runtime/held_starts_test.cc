#include "runtime/held_starts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nfa/compiler.h"
#include "runtime/derived_events.h"
#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

// Of a pattern whose first events are light: nobody reads a text of theirs.
class HeldStartsTest : public testing::Test {
 protected:
  static constexpr const char* kText =
      "event E { n: int?, at: timestamp } time at\n"
      "pattern p { match a: E then b: E[n == a.n] }\n";

  std::unique_ptr<HeldStarts> made(HeldStarts::Needs needs = {}) {
    return std::make_unique<HeldStarts>(program_.places[nfa::kFirstPlace], set_.catalog.types[0],
                                        store_, needs);
  }
  // Adds a first event with such a place to the chain of the one key.
  uint32_t add(HeldStarts& held, uint64_t sequence, uint64_t record, uint32_t input) {
    eventtime::Batch batch(set_.catalog);
    batch.input = input;
    eventtime::EventTable& table = batch.tables[0];
    table.make_room();
    table.columns[0].set_null(0);
    table.columns[1].set_integer(0, 17'000);
    table.rows = 1;
    batch.rows.push_back({.time = {17'000}, .record = record, .raw = {}});
    ReleasedEvent event;
    event.tested.batch = &batch;
    event.tested.row = batch.rows.data();
    event.tested.sequence = sequence;
    return held.add(chain(held), event);
  }
  static uint32_t chain(HeldStarts& held) {
    held.log().make_room(1);
    const uint32_t found = held.log().find("k", 5);
    return found == HeldStarts::kNone ? held.log().add_chain("k", 5) : found;
  }
  static std::string shown(const HeldStarts& held, uint32_t place) {
    const PendingEvent event = held.describe(place, "a");
    return std::to_string(held.sequence(place)) + " " + std::to_string(event.record) + " " +
           std::to_string(event.input) + " " + std::to_string(event.time.micros);
  }

  // As first events of matches they are from the same places.
  void expect_bound(HeldStarts& held, const std::vector<std::string>& expected) {
    nfa::Matcher matcher(program_, store_, 1000);
    std::vector<std::string> bound;
    held.log().for_each([&](uint32_t place) {
      const nfa::NodeId node = held.bind(matcher, nfa::kRootNode, 0, place);
      const nfa::StoredEvent& event = matcher.buffer().event(node);
      bound.push_back(std::to_string(event.sequence) + " " + std::to_string(event.record) + " " +
                      std::to_string(event.input) + " " + std::to_string(event.time.micros));
      matcher.buffer().release(node);
    });
    EXPECT_EQ(bound, expected);
  }

  patterns::PatternSet set_ = tests::load_patterns(kText);
  nfa::PredicateSet predicates_;
  nfa::Program program_ = *nfa::compile(set_.patterns[0], set_.catalog, predicates_);
  nfa::EventStore store_{1, false};
};

constexpr uint64_t kOrigins[] = {0, 1, (uint64_t{1} << 48) - 1, uint64_t{1} << 48, UINT64_MAX};
constexpr uint32_t kOriginInputs[] = {0, 1, UINT16_MAX, UINT16_MAX + 1, kDerivedInput};

// What does not fit the words of a first event is stored; nobody sees a difference.
TEST_F(HeldStartsTest, TellWhereAnyEventComesFrom) {
  for (const bool wide : {false, true}) {
    const auto held = made({.wide = wide});
    const auto again = made({.marks = true, .wide = wide});
    const nfa::SavedTypes types;
    std::vector<std::string> all;
    size_t large = 0;
    for (const uint64_t sequence : kOrigins) {
      for (const uint64_t record : kOrigins) {
        for (const uint32_t input : kOriginInputs) {
          const std::string expected = std::to_string(sequence) + " " + std::to_string(record) +
                                       " " + std::to_string(input) + " 17000";
          all.push_back(expected);
          const bool small = sequence >> 48 == 0 && record >> 48 == 0 && input <= UINT16_MAX;
          large += static_cast<size_t>(!wide && !small);
          const uint32_t place = add(*held, sequence, record, input);
          EXPECT_EQ(shown(*held, place), expected);
          EXPECT_TRUE(held->cells().read(held->log().words(place), 0).is_null());
          std::string bytes;
          eventtime::Encoder out(bytes);
          held->save(out, place);
          eventtime::Decoder from(bytes);
          nfa::RestoredEvents events(store_, types);
          const std::optional<HeldStarts::Saved> saved = again->read(from, events);
          ASSERT_TRUE(saved && from.is_complete());
          const uint32_t restored = again->add(chain(*again), *saved);
          again->set_mark(restored, 7);
          EXPECT_EQ(shown(*again, restored), expected);
          EXPECT_TRUE(again->cells().read(again->log().words(restored), 0).is_null());
        }
      }
    }
    EXPECT_EQ(held->stored_light(), large);
    EXPECT_EQ(again->stored_light(), large);
    EXPECT_EQ(store_.live(), 2 * large);
    again->log().make_room(100'000);  // into larger segments
    std::vector<std::string> kept;
    again->log().for_each([&](uint32_t place) { kept.push_back(shown(*again, place)); });
    EXPECT_EQ(kept, all);
    expect_bound(*again, all);
    for (HeldStarts* each : {held.get(), again.get()}) {
      while (each->log().size() > 0) (void)each->remove(each->log().front());
      EXPECT_EQ(each->stored_light(), 0U);
    }
    EXPECT_EQ(store_.live(), 0U);
  }
}

TEST_F(HeldStartsTest, OfAPairThatIsFoundByAValueFillACacheLine) {
  const auto held = made({.values = true});
  const uint32_t first = add(*held, 1, 1, 0);
  const uint32_t second = add(*held, 2, 2, 0);
  const auto bytes = reinterpret_cast<uintptr_t>(&held->log().at(second)) -
                     reinterpret_cast<uintptr_t>(&held->log().at(first));
  EXPECT_EQ(bytes, eventtime::kCacheLineBytes);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(&held->log().at(first)) % eventtime::kCacheLineBytes, 0U);
}

TEST_F(HeldStartsTest, AMarkIsZeroAtFirst) {
  const auto held = made({.values = true, .marks = true});
  const uint32_t first = add(*held, 1, 1, 0);
  held->set_mark(first, UINT32_MAX);
  EXPECT_EQ(shown(*held, first), "1 1 0 17000");
  (void)held->remove(first);
  for (uint64_t i = 2; i < 2000; ++i) {
    const uint32_t place = add(*held, i, i, 0);
    EXPECT_EQ(held->mark(place), 0U);
    held->set_mark(place, UINT32_MAX);
    (void)held->remove(place);
  }
}

}  // namespace
}  // namespace tocsin::runtime
