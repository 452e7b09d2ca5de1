#include "runtime/event_router.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "nfa/compiler.h"
#include "runtime/key_table.h"
#include "runtime/shard.h"
#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

constexpr uint32_t kShards = 3;

// Keys: 0 by k, 1 by u, 2 none, which is one key.
const std::string kRoutedPatterns =
    "event E { k: string?, u: string, n: int, at: timestamp } time at\n"
    "event F { u: string, n: int, at: timestamp } time at\n"
    "pattern p { by k match a: E[n == 1] then b: E[n == 2] within 5s }\n"
    "pattern q { by k match a: E[n == 2] then b: E[n == 1] within 5s }\n"
    "pattern r { by u match a: E[n == 2] then b: F[n == 7] within 5s }\n"
    "pattern s { match a: F[n == 9] next b: F[n == 9] within 5s }\n";

class EventRouterTest : public testing::Test {
 protected:
  EventRouterTest() : shard_({0, kShards}, set_, levels_, options_, formats_, shelf_.holder(1)) {
    std::vector<nfa::Program> programs;
    for (const patterns::Pattern& pattern : set_.patterns) {
      programs.push_back(*nfa::compile(pattern, set_.catalog, shard_.dispatcher().predicates()));
    }
    shard_.build(programs);
  }

  // As the engine does before its shards see them.
  void load(const tests::Lines& lines) {
    LoadedBatch& loaded = shelf_.add(input_.decode(lines));
    shard_.dispatcher().decide(loaded);
    for (const eventtime::Row& row : loaded.batch->rows) {
      ReleasedEvent event;
      event.tested.batch = loaded.batch.get();
      event.tested.row = &row;
      event.loaded = &loaded;
      event.row = static_cast<uint32_t>(&row - loaded.batch->rows.data());
      events_.push_back(event);
    }
  }

  // What a shard gets: places of events with "set=key" of each of its keys.
  std::string portion(const EventRouter& router, uint32_t shard) {
    std::string out;
    for (const EventRouter::Slice& slice : router.slices()) {
      const EventRouter::Portion& portion = slice.of(shard);
      const EventRouter::Key* key = portion.keys.data();
      for (const EventRouter::Event& event : portion.events) {
        out += std::to_string(event.place);
        for (uint32_t i = 0; i < event.keys; ++i, ++key) {
          const std::string_view text = slice.text(*key);
          EXPECT_EQ(key->tag, tag_of(text));
          EXPECT_TRUE((KeyShare{shard, kShards}.has(key->tag)));
          out +=
              " " + std::to_string(key->set) + "=" + std::string(text.substr(0, text.find('\0')));
        }
        out += '\n';
      }
      EXPECT_EQ(key, portion.keys.data() + portion.keys.size());
    }
    return out;
  }

  const patterns::PatternSet set_ = tests::load_patterns(kRoutedPatterns);
  const PatternLevels levels_{set_.patterns};
  const EngineOptions options_;
  const std::vector<const eventtime::RecordFormat*> formats_;
  tests::JsonInput input_{set_.catalog, 0};
  BatchShelf shelf_{2};
  Shard shard_;
  std::vector<ReleasedEvent> events_;
};

std::string record(const std::string& fields) {
  return "{" + fields + ",\"at\":5}";
}

TEST_F(EventRouterTest, MakesTheKeysThatAConditionAsksForEachOnce) {
  load({record(R"("type":"E","k":"a","u":"x","n":1)"),
        record(R"("type":"E","k":"b","u":"x","n":2)"),
        record(R"("type":"E","k":"b","u":"x","n":3)"), record(R"("type":"F","u":"y","n":7)"),
        record(R"("type":"E","k":null,"u":"x","n":1)"), record(R"("type":"F","u":"y","n":9)"),
        record(R"("type":"E","k":null,"u":"z","n":2)")});
  EventRouter router(shard_, levels_, kShards);
  router.begin(1);
  router.fill(0, events_, 0);
  std::map<std::string, std::string> shards_of;  // by event and key
  for (uint32_t shard = 0; shard < kShards; ++shard) {
    std::istringstream lines(portion(router, shard));
    for (std::string place, rest; lines >> place && std::getline(lines, rest);) {
      std::istringstream keys(rest);
      for (std::string key; keys >> key;) shards_of[place + " " + key] += std::to_string(shard);
    }
  }
  std::vector<std::string> found;
  for (const auto& [key, shards] : shards_of) {
    found.push_back(key);
    EXPECT_EQ(shards.size(), 1U) << key;
  }
  // Pattern s wants every F.
  EXPECT_EQ(found, (std::vector<std::string>{"0 0=a", "1 0=b", "1 1=x", "3 1=y",
                                             "3 2=", "5 2=", "6 1=z"}));
}

TEST_F(EventRouterTest, SlicesPlayNoPart) {
  tests::Lines lines;
  for (size_t i = 0; i < 200; ++i) {
    const std::string key = std::to_string(i * 7919 % 31);
    lines.push_back(record(R"("type":"E","k":"k)" + key + R"(","u":"u)" + key + R"(","n":)" +
                           std::to_string(i % 4)));
  }
  load(lines);
  EventRouter router(shard_, levels_, kShards);
  std::vector<std::string> whole;
  for (const size_t slices : {1, 2, 3, 7, 500, 2}) {
    router.begin(slices);
    for (size_t slice = slices; slice-- > 0;) router.fill(0, events_, slice);
    std::vector<std::string> portions;
    for (uint32_t shard = 0; shard < kShards; ++shard) portions.push_back(portion(router, shard));
    if (whole.empty()) whole = portions;
    EXPECT_EQ(portions, whole) << slices << " slices";
    EXPECT_FALSE(portions.front().empty());
  }
}

}  // namespace
}  // namespace tocsin::runtime
