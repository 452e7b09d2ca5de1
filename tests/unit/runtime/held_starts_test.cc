#include "runtime/held_starts.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/huge_pages.h"
#include "nfa/compiler.h"
#include "runtime/derived_events.h"
#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

uint32_t no_tag() {
  return 0;
}

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

  static std::vector<std::string> all_shown(const HeldStarts& held) {
    std::vector<std::string> all;
    held.log().for_each([&](uint32_t place) { all.push_back(shown(held, place)); });
    return all;
  }

  // And when no lower bits tell the sequence of any.
  void expect_all(HeldStarts& held, std::vector<std::string> all, bool wide) {
    EXPECT_EQ(all_shown(held), all);
    all.push_back(shown(held, add(held, UINT64_MAX, 0, 0)));
    EXPECT_EQ(all_shown(held), all);
    expect_bound(held, all);
    EXPECT_EQ(held.stored_light(), wide ? 0 : all.size() - 1);
    while (held.log().size() > 0) (void)held.remove(held.log().front(), no_tag);
    EXPECT_EQ(held.stored_light(), 0U);
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

// In the order in which they come; whether their lower bits tell them when all have come.
struct Sequence {
  uint64_t number = 0;
  bool is_near = false;
};
constexpr uint64_t kFar = uint64_t{1} << 34;
constexpr uint64_t kBase = uint64_t{1} << 48;
constexpr Sequence kSequences[] = {{0, false},    {1, false},         {kFar, false},
                                   {kBase, true}, {kBase + 1, true},  {kBase + kFar - 1, true},
                                   {5, false},    {kBase - 1, false}, {kBase + 7, true}};
constexpr uint64_t kMostRecords = uint64_t{1} << 42;
constexpr uint64_t kRecords[] = {0, 1, kMostRecords - 1, kMostRecords, UINT64_MAX};
constexpr uint32_t kInputs[] = {0, 1, 511, 512, kDerivedInput};

// What does not fit the words of a first event is stored; nobody sees a difference.
TEST_F(HeldStartsTest, TellWhereAnyEventComesFrom) {
  for (const bool wide : {false, true}) {
    const auto held = made({.wide = wide});
    const auto again = made({.marks = true, .wide = wide});
    const nfa::SavedTypes types;
    std::vector<std::string> all;
    size_t large = 0;
    for (const auto& [sequence, is_near] : kSequences) {
      for (const uint64_t record : kRecords) {
        for (const uint32_t input : kInputs) {
          const std::string expected = std::to_string(sequence) + " " + std::to_string(record) +
                                       " " + std::to_string(input) + " 17000";
          all.push_back(expected);
          const bool small = is_near && record < kMostRecords && input < 512;
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
    expect_all(*held, all, wide);
    expect_all(*again, all, wide);
    EXPECT_EQ(store_.live(), 0U);
  }
}

TEST_F(HeldStartsTest, OfAPairThatIsFoundByAValueTakeSixWords) {
  const auto held = made({.values = StartLog::Values::kFound});
  const uint32_t first = add(*held, 1, 1, 0);
  const uint32_t second = add(*held, 2, 2, 0);
  const auto bytes = reinterpret_cast<uintptr_t>(&held->log().at(second)) -
                     reinterpret_cast<uintptr_t>(&held->log().at(first));
  EXPECT_EQ(bytes, 6 * sizeof(uint64_t));
}

TEST_F(HeldStartsTest, AMarkIsZeroAtFirst) {
  const auto held = made({.values = StartLog::Values::kFound, .marks = true});
  const uint32_t first = add(*held, 1, 1, 0);
  held->set_mark(first, UINT32_MAX);
  EXPECT_EQ(shown(*held, first), "1 1 0 17000");
  (void)held->remove(first, no_tag);
  for (uint64_t i = 2; i < 2000; ++i) {
    const uint32_t place = add(*held, i, i, 0);
    EXPECT_EQ(held->mark(place), 0U);
    held->set_mark(place, UINT32_MAX);
    (void)held->remove(place, no_tag);
  }
}

// An event that only its first event held goes with it, and its text goes with the event; but the
// index asks for the value of what leaves it.
TEST(HeldStarts, AValueIsThereUntilItHasLeftTheIndex) {
  const patterns::PatternSet set = tests::load_patterns(
      "event E { s: string, at: timestamp } time at\n"
      "pattern p { match a: E then b: E[s == a.s] }\n");
  nfa::PredicateSet predicates;
  const nfa::Program program = *nfa::compile(set.patterns[0], set.catalog, predicates);
  nfa::EventStore store(1, false);
  store.keep_text(0, 0);
  HeldStarts held(program.places[nfa::kFirstPlace], set.catalog.types[0], store,
                  {.values = StartLog::Values::kFound});
  held.log().make_room(3);
  const uint32_t chain = held.log().add_chain("k", 5);
  std::vector<uint32_t> places;
  const std::string large(3 * eventtime::kHugePageBytes / 2, 'x');  // has a segment of its own
  for (const std::string& text : {std::string("first"), large, std::string("last")}) {
    eventtime::Batch batch(set.catalog);
    eventtime::EventTable& table = batch.tables[0];
    table.make_room();
    table.columns[0].set_text(0, eventtime::Text(text));
    table.columns[1].set_integer(0, 17'000);
    table.rows = 1;
    batch.rows.push_back({.time = {17'000}, .record = 1, .raw = {}});
    ReleasedEvent event;
    event.tested.batch = &batch;
    event.tested.row = batch.rows.data();
    event.tested.sequence = places.size();
    const nfa::EventId id = store.store(event.tested);
    places.push_back(held.add(chain, event));
    store.release(id);
    store.release(event.tested.stored);  // as at the end of a block
    held.log().set_value(places.back(), static_cast<uint32_t>(text.size()),
                         [](uint32_t) { return false; });
  }
  size_t asked = 0;
  const auto tag_of_value = [&] {
    const eventtime::Text text = held.cells().read(held.log().words(places[1]), 0).cell.text;
    EXPECT_EQ(text.view(), large);
    ++asked;
    return static_cast<uint32_t>(text.size());
  };
  EXPECT_TRUE(held.remove(places[1], tag_of_value));
  EXPECT_EQ(asked, 1U);
  EXPECT_EQ(store.live(), 2U);
}

}  // namespace
}  // namespace tocsin::runtime
