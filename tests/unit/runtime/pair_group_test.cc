#include "runtime/pair_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/json_run.h"
#include "tests/support/saved_engine.h"
#include "tests/support/spill_disk.h"

namespace tocsin::runtime {
namespace {

using tests::Lines;
using Random = std::mt19937_64;

const std::string kGroupEvents =
    "event E { id: string, k: int?, kind: string, n: int, m: int?, at: timestamp } time at\n";

size_t below(Random& random, size_t end) {
  return random() % end;
}

std::string one_of(Random& random, const std::vector<std::string>& texts) {
  return texts[below(random, texts.size())];
}

// A pattern of two steps. Most are alike in what a group asks for, and differ in all else.
std::string random_pattern(Random& random, size_t number) {
  const auto bound = [&] { return std::to_string(below(random, 100)); };
  std::string text = "pattern p" + std::to_string(number) + " { by k match a: E[kind == 'a' and n ";
  text += one_of(random, {"<", ">="}) + bound() + "] then ";
  if (below(random, 12) == 0) text += "not x: E[kind == 'x'] then ";  // no group takes these
  text += one_of(random, {"", "any "});
  text += one_of(random, {"b: E[kind == 'b' and n ", "b: E[n "}) + one_of(random, {"<", ">="}) +
          bound() + "]";
  text += one_of(random, {"", "", "", " having b.n > 50 or a.n < 20", " having a.n < b.n",
                          " having 100 / (a.n - b.n) >= 0"});
  text += " within " + one_of(random, {"20s", "20s", "20s", "3s"});
  text += one_of(random, {"", " skip none", " skip to next", " skip to first a", " skip to last b",
                          " skip to last a", " skip past last"});
  text += one_of(random, {"", "", "", " emit sum: a.n + b.n", " emit sum: a.n + b.m",
                          " emit sum: b.n + a.n, first: a.id"});
  return text + " }\n";
}

struct World {
  size_t patterns = 0;
  size_t events = 0;
  size_t keys = 1;
  size_t pace = 1;        // seconds from event to event, at most
  size_t seconds_of = 3;  // one event of so many is of the second kind
};

Lines random_events(Random& random, const World& world) {
  Lines lines;
  size_t time = 1;
  for (size_t i = 1; i <= world.events; ++i) {
    const std::string kind =
        below(random, world.seconds_of) == 0 ? "b" : one_of(random, {"a", "a", "a", "x"});
    std::string key = std::to_string(below(random, world.keys));
    if (below(random, 20) == 0) key = "null";
    lines.push_back(R"({"id":")" + kind + std::to_string(i) + R"(","k":)" + key + R"(,"kind":")" +
                    kind + R"(","n":)" + std::to_string(below(random, 100)) + R"(,"m":)" +
                    std::to_string(below(random, 9)) + R"(,"at":)" + std::to_string(time * 1000) +
                    "}");
    time += below(random, world.pace + 1);
  }
  return lines;
}

std::string name_of(size_t pattern) {
  return "p" + std::to_string(pattern);
}

// The lines of one pattern.
std::string alerts_of(const std::string& alerts, size_t pattern) {
  const std::string wanted = R"("pattern":")" + name_of(pattern) + "\"";
  std::string found;
  for (size_t begin = 0; begin < alerts.size();) {
    const size_t end = alerts.find('\n', begin) + 1;
    const std::string line = alerts.substr(begin, end - begin);
    if (line.find(wanted) != std::string::npos) found += line;
    begin = end;
  }
  return found;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string text = kGroupEvents;
  for (const std::string& each : texts) text += each;
  return text;
}

// What patterns find together, against what each finds alone.
class Comparison {
 public:
  Comparison(Random& random, const World& world)
      : world_(world), lines_(random_events(random, world)) {
    for (size_t i = 0; i < world.patterns; ++i) patterns_.push_back(random_pattern(random, i));
    together_ = tests::load_patterns(joined(patterns_));
    for (const std::string& each : patterns_)
      alone_.push_back(tests::load_patterns(joined({each})));
  }

  void check(const tests::RunSettings& settings) {
    const tests::JsonRun all = tests::run_json(together_, {lines_}, settings);
    ASSERT_EQ(all.stats.patterns.size(), world_.patterns);
    uint64_t live_keys = 0;
    uint64_t errors = 0;
    for (size_t i = 0; i < world_.patterns; ++i) {
      const tests::JsonRun one = tests::run_json(alone_[i], {lines_}, settings);
      ASSERT_EQ(alerts_of(all.alerts, i), one.alerts) << patterns_[i];
      const PatternStats& stats = all.stats.patterns[i];
      const PatternStats& wanted = one.stats.patterns[0];
      EXPECT_EQ(stats.alerts, wanted.alerts) << patterns_[i];
      EXPECT_EQ(stats.events_considered, wanted.events_considered) << patterns_[i];
      EXPECT_EQ(stats.dropped_starts, wanted.dropped_starts) << patterns_[i];
      EXPECT_EQ(stats.live_keys, wanted.live_keys) << patterns_[i];
      live_keys += wanted.live_keys;
      errors += one.stats.arithmetic_errors;
      alerts_ += wanted.alerts;
      dropped_ += wanted.dropped_starts;
    }
    EXPECT_EQ(all.stats.live_keys, live_keys);
    EXPECT_EQ(all.stats.arithmetic_errors, errors);
    EXPECT_EQ(all.stats.live_events, 0U);
    EXPECT_EQ(all.stats.live_batches, 0U);
  }
  void check_run_by_run(tests::RunSettings settings) {
    const std::string best = tests::run_json(together_, {lines_}, settings).alerts;
    settings.options.plan = PlanChoice::kPlain;
    ASSERT_EQ(best, tests::run_json(together_, {lines_}, settings).alerts);
  }

  size_t alerts() const { return alerts_; }
  size_t dropped() const { return dropped_; }

 private:
  World world_;
  Lines lines_;
  std::vector<std::string> patterns_;
  patterns::PatternSet together_;
  std::vector<patterns::PatternSet> alone_;
  size_t alerts_ = 0;
  size_t dropped_ = 0;
};

tests::RunSettings settings_of(Random& random) {
  tests::RunSettings settings;
  settings.batch_size = size_t{1} << below(random, 9);
  settings.options.events = below(random, 2) == 0 ? EventDetail::kFull : EventDetail::kNone;
  return settings;
}

TEST(PairGroup, FindsWhatEachPatternFindsAlone) {
  Random random(1);
  size_t alerts = 0;
  for (int round = 0; round < 60; ++round) {
    Comparison comparison(random, {2 + below(random, 9), 200, 1 + below(random, 6), 2});
    const tests::RunSettings settings = settings_of(random);
    comparison.check(settings);
    comparison.check_run_by_run(settings);
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
    alerts += comparison.alerts();
  }
  EXPECT_GT(alerts, 3000U);
}

TEST(PairGroup, AShareOfTheKeysForEachThread) {
  Random random(2);
  for (int round = 0; round < 10; ++round) {
    Comparison comparison(random, {6, 300, 20, 1});
    tests::RunSettings settings = settings_of(random);
    settings.options.threads = 3;
    settings.batch_size = 128;
    comparison.check(settings);
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

// One key with so many first events that they are found by their pattern, and one that is seldom
// asked and looked through.
TEST(PairGroup, ManyFirstEventsOfOneKey) {
  Random random(3);
  size_t alerts = 0;
  for (int round = 0; round < 8; ++round) {
    World world{12, 400, 1 + below(random, 2), 0};
    world.seconds_of = round % 2 == 0 ? 4 : 60;
    Comparison comparison(random, world);
    comparison.check(settings_of(random));
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
    alerts += comparison.alerts();
  }
  EXPECT_GT(alerts, 3000U);
}

TEST(PairGroup, DropsTheOldestOfAPatternBeyondTheLimit) {
  Random random(4);
  size_t dropped = 0;
  for (int round = 0; round < 30; ++round) {
    Comparison comparison(random, {2 + below(random, 6), 200, 1 + below(random, 2), 1, 9});
    tests::RunSettings settings = settings_of(random);
    settings.options.max_starts = 1 + below(random, 5);
    comparison.check(settings);
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
    dropped += comparison.dropped();
  }
  EXPECT_GT(dropped, 1000U);
}

// From a group to a group; and run_json() checks that it is the same state.
TEST(PairGroup, GoesOnFromSavedState) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    Comparison comparison(random, {2 + below(random, 6), 120, 1 + below(random, 4), 2});
    tests::RunSettings settings = settings_of(random);
    settings.batch_size = 10 + below(random, 40);
    settings.restores = true;
    comparison.check_run_by_run(settings);
    if (testing::Test::HasFailure()) FAIL() << "round " << round;
  }
}

// As soon as keys go to the disk, its patterns stand alone.
TEST(PairGroup, StandsAloneWhenMemoryIsFull) {
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    const World world{6, 400, 40, 1};
    std::vector<std::string> texts;
    for (size_t i = 0; i < world.patterns; ++i) texts.push_back(random_pattern(random, i));
    const patterns::PatternSet set = tests::load_patterns(joined(texts));
    const Lines lines = random_events(random, world);
    tests::RunSettings settings = settings_of(random);
    settings.batch_size = 1 + below(random, 60);
    const tests::JsonRun wanted = tests::run_json(set, {lines}, settings);
    tests::SpillDisk disk;
    disk.add_to(settings.options);
    settings.options.memory = below(random, 60'000);
    const tests::JsonRun found = tests::run_json(set, {lines}, settings);
    ASSERT_EQ(found.alerts, wanted.alerts) << "round " << round;
    EXPECT_EQ(found.stats.live_events, 0U);
    EXPECT_EQ(found.stats.live_batches, 0U);
    for (size_t i = 0; i < world.patterns; ++i) {
      EXPECT_EQ(found.stats.patterns[i].alerts, wanted.stats.patterns[i].alerts);
      EXPECT_GE(found.stats.patterns[i].events_considered,
                wanted.stats.patterns[i].events_considered);
    }
  }
}

std::string event_line(const std::string& id, int key, int n, int second) {
  return R"({"type":"E","id":")" + id + R"(","k":)" + std::to_string(key) + R"(,"kind":")" +
         id.substr(0, 1) + R"(","n":)" + std::to_string(n) + R"(,"at":)" +
         std::to_string(second * 1000) + "}";
}

// First events go from between others where `having` refuses a match of an older one.
TEST(PairGroup, TheLimitCountsWhatHasGoneFromBetween) {
  const std::string with = " having a.n == b.n within 1000s skip to next }\n";
  const std::string first = "pattern p0 { by k match a: E[kind == 'a'] then any b: E[kind == 'b']";
  const std::string second = "pattern p1 { by k match a: E[kind == 'a'] then any b: E[kind == 'z']";
  const Lines lines = {event_line("a1", 1, 1, 1), event_line("a2", 1, 2, 2),
                       event_line("a3", 1, 3, 3), event_line("b2", 1, 2, 4),
                       event_line("a4", 1, 4, 5), event_line("b1", 1, 1, 6)};
  tests::RunSettings settings;
  settings.options.max_starts = 3;
  const patterns::PatternSet set = tests::load_patterns(joined({first + with, second + with}));
  const tests::JsonRun run = tests::run_json(set, {lines}, settings);
  EXPECT_EQ(tests::bound_ids(run.alerts), "a=a2 b=b2 | a=a1 b=b1");
  EXPECT_EQ(run.stats.patterns[0].dropped_starts, 0U);
  EXPECT_EQ(run.stats.patterns[1].dropped_starts, 1U);
}

// An engine that is asked in the middle.
class Middle {
 public:
  Middle(const std::string& patterns, const Lines& lines, const EngineOptions& options = {})
      : patterns_(tests::load_patterns(patterns)), input_(patterns_.catalog, 0) {
    engine_ = create(options);
    push(lines);
  }

  void push(const Lines& lines) {
    engine_->push(input_.decode(lines), alerts_, [](const Engine::Late&) { FAIL() << "late"; });
  }
  void finish() { engine_->finish(0, alerts_); }
  // Another engine goes on, with what is on the disk.
  void hand_over(tests::SpillDisk& disk, EngineOptions options) {
    disk.hand_over(engine_, [&] {
      options.spill = &disk.files();
      return create(options);
    });
  }
  // Which records there are of keys of the pattern.
  std::vector<std::string> saved_keys(size_t pattern) const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : tests::save(*engine_)) {
      if (key.starts_with("k" + name_of(pattern) + '\0')) keys.push_back(key);
    }
    return keys;
  }
  // Lines of what is pending.
  std::vector<std::string> pending(size_t pattern) const {
    std::vector<std::string> found;
    engine_->visit_pending([&](const PendingKey& key) {
      if (engine_->patterns().patterns[key.pattern].name != name_of(pattern)) return;
      std::string line = key.key[0].is_null() ? "" : std::to_string(key.key[0].cell.integer);
      for (const PendingMatch& match : key.matches) {
        line += " " + std::string(match.events[0].variable) + "=" +
                std::to_string(match.events[0].record) + ">" + std::string(match.next[0]) + "@" +
                std::to_string(match.expires.micros);
      }
      found.push_back(line);
    });
    std::sort(found.begin(), found.end());
    return found;
  }
  Engine& engine() { return *engine_; }
  const std::string& alerts() const { return alerts_; }

 private:
  std::unique_ptr<Engine> create(const EngineOptions& options) {
    auto created = Engine::create(patterns_, options);
    EXPECT_TRUE(created);
    (*created)->add_input({}, input_.format());
    return *std::move(created);
  }

  patterns::PatternSet patterns_;
  tests::JsonInput input_;
  std::unique_ptr<Engine> engine_;
  std::string alerts_;
};

TEST(PairGroup, TellsAndSavesWhatAPatternAloneDoes) {
  Random random(6);
  for (int round = 0; round < 12; ++round) {
    const World world{5, 100, 3, 1};
    std::vector<std::string> patterns;
    for (size_t i = 0; i < world.patterns; ++i) patterns.push_back(random_pattern(random, i));
    const Lines lines = random_events(random, world);
    EngineOptions options;
    options.events = round % 2 == 0 ? EventDetail::kFull : EventDetail::kNone;
    Middle all(joined(patterns), lines, options);
    for (size_t i = 0; i < world.patterns; ++i) {
      Middle one(joined({patterns[i]}), lines, options);
      ASSERT_EQ(all.pending(i), one.pending(i)) << patterns[i];
      ASSERT_EQ(all.saved_keys(i), one.saved_keys(i)) << patterns[i];
    }
  }
}

// Some keys in memory and some on disk: what takes both up begins as a group.
TEST(PairGroup, TakesUpKeysFromTheDisk) {
  Random random(8);
  for (int round = 0; round < 12; ++round) {
    const World world{6, 300, 30, 1};
    std::vector<std::string> texts;
    for (size_t i = 0; i < world.patterns; ++i) texts.push_back(random_pattern(random, i));
    const Lines lines = random_events(random, world);
    Middle wanted(joined(texts), lines);
    wanted.finish();
    tests::SpillDisk disk;
    EngineOptions options;
    disk.add_to(options);
    options.memory = 3000 + below(random, 20'000);
    Middle found(joined(texts), {}, options);
    for (const std::string& line : lines) {
      found.push({line});
      if (below(random, 30) == 0) found.hand_over(disk, options);
    }
    found.finish();
    ASSERT_EQ(found.alerts(), wanted.alerts()) << "round " << round;
  }
}

// Places move when little is left of much, and what is told and saved is of where they are.
TEST(PairGroup, TellsAndSavesAfterTheLogHasShrunk) {
  const std::string patterns =
      joined({"pattern p0 { by k match a: E[kind == 'a'] then b: E[kind == 'b'] }\n",
              "pattern p1 { by k match a: E[kind == 'a'] then b: E[n > 50] }\n"});
  constexpr int kMany = 6000;
  Lines first;
  Lines second;
  Lines last;
  for (int key = 0; key < kMany; ++key) first.push_back(event_line("a", key, 1, 1));
  for (int key = 0; key < kMany - 100; ++key) second.push_back(event_line("b", key, 99, 1));
  for (int key = kMany - 100; key < kMany; ++key) last.push_back(event_line("b", key, 99, 3));
  Middle middle(patterns, first);
  middle.push(second);
  const auto keys = middle.saved_keys(0);
  const auto pending = middle.pending(0);
  EXPECT_EQ(keys.size(), 100U);
  middle.push({event_line("x", 1, 1, 2)});
  EXPECT_EQ(middle.saved_keys(0), keys);
  EXPECT_EQ(middle.pending(0), pending);
  middle.push(last);
  middle.finish();
  EXPECT_EQ(std::count(middle.alerts().begin(), middle.alerts().end(), '\n'), 2 * kMany);
}

// Sequences are of levels, and patterns may have been on others when they were saved.
TEST(PairGroup, WhatIsRestoredStandsInTheOrderOfTime) {
  const std::string types =
      "event M { k: int, at: timestamp } time at\nevent D { k: int, at: timestamp } time at\n"
      "event F { k: int, at: timestamp } time at\n";
  const std::string deeper =
      "pattern d0 { by k match x: E[kind == 'm'] emit M { k: x.k } }\n"
      "pattern d1 { by k match x: M emit D { k: x.k } }\n";
  const std::string rest =
      "pattern d2 { by k match x: E[kind == 'd'] emit D { k: x.k } }\n"
      "pattern d3 { by k match x: E[kind == 'f'] emit F { k: x.k } }\n"
      "pattern p0 { by k match a: E[kind == 'a'] then b: F within 100s }\n"
      "pattern p1 { by k match a: E[kind == 'a'] then b: D within 100s }\n";
  Lines lines;
  for (int i = 1; i <= 20; ++i) lines.push_back(event_line("m", 1, 1, i));
  lines.push_back(event_line("a1", 1, 1, 21));
  lines.push_back(event_line("f1", 1, 1, 22));
  lines.push_back(event_line("a2", 1, 1, 60));
  lines.push_back(event_line("x", 1, 1, 61));
  Middle from(kGroupEvents + types + deeper + rest, lines);
  Middle to(kGroupEvents + types + rest, {});
  EXPECT_TRUE(tests::restore(to.engine(), tests::save(from.engine())));
  to.push({event_line("d", 1, 1, 130), event_line("x", 1, 1, 131)});
  to.finish();
  const std::string found = alerts_of(to.alerts(), 1);
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1) << "a1 is over, a2 is not: " << found;
}

// One pattern has saved an event without its texts, another with them; in whatever order they come.
TEST(PairGroup, SharedEventsKeepTheirTexts) {
  const std::string begin = " { by k match a: E[kind == 'a'] then b: ";
  const std::string patterns =
      joined({"pattern p0" + begin + "E[kind == 'b'] within 20s emit n: b.n }\n",
              "pattern p1" + begin + "E[kind == 'c'] within 20s emit first: a.id }\n"});
  EngineOptions options;
  options.events = EventDetail::kNone;
  for (const bool backwards : {false, true}) {
    Middle from(patterns, {event_line("a1", 1, 1, 1), event_line("b1", 1, 1, 2)}, options);
    const tests::SavedEngine saved = tests::save(from.engine());
    std::vector<std::pair<std::string, std::string>> records(saved.begin(), saved.end());
    if (!backwards) std::reverse(records.begin(), records.end());
    Middle to(patterns, {}, options);
    for (const auto& [key, value] : records) EXPECT_TRUE(to.engine().restore(key, value));
    EXPECT_TRUE(to.engine().finish_restore());
    to.push({event_line("c1", 1, 1, 3)});
    to.finish();
    EXPECT_NE(to.alerts().find(R"("first":"a1")"), std::string::npos) << to.alerts();
  }
}

// What a pattern of a group has saved, the same pattern takes up alone, and the other way round.
TEST(PairGroup, SharesItsFormOfStateWithPatternsAlone) {
  const std::string first = "pattern p0 { by k match a: E[kind == 'a'] then b: E[kind == 'b'] }\n";
  const std::string second = "pattern p1 { by k match a: E[kind == 'a'] then b: E[n > 50] }\n";
  const auto go_on = [&](const std::string& before, const std::string& now) {
    Middle from(kGroupEvents + before,
                {event_line("a", 1, 1, 1), event_line("a", 1, 1, 2), event_line("x", 1, 1, 3)});
    Middle to(kGroupEvents + now, {});
    tests::SavedEngine saved = tests::save(from.engine());
    EXPECT_TRUE(tests::restore(to.engine(), saved));
    to.push({event_line("b", 1, 1, 4)});
    to.finish();
    return std::count(to.alerts().begin(), to.alerts().end(), '\n');
  };
  EXPECT_EQ(go_on(first + second, first), 1);
  EXPECT_EQ(go_on(first, first + second), 1);
  EXPECT_EQ(go_on(first + second, second + first), 1);
}

}  // namespace
}  // namespace tocsin::runtime
