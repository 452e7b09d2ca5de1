#include "runtime/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using tests::JsonRun;
using tests::Lines;
using tests::RunSettings;

std::string event(const std::string& key, const std::string& kind, int64_t millis) {
  return R"({"key":)" + (key.empty() ? "null" : "\"" + key + "\"") + R"(,"kind":")" + kind +
         R"(","at":)" + std::to_string(millis) + "}";
}

const std::string kEvent = "event E { key: string?, kind: string, at: timestamp } time at\n";
const std::string kPatterns = kEvent + R"(
pattern pair { by key match a: E[kind == 'a'] then b: E[kind == 'b'] within 5s }
pattern loop {
  by key match a: E[kind == 'a']{2,} any then b: E[kind == 'b'] within 5s skip to next
}
pattern adjacent { by key match a: E[kind == 'a'] next b: E[kind == 'b'] within 9s skip none }
pattern everywhere { match a: E[kind == 'a'] then c: E[kind == 'c' and key != a.key] in 3s }
)";

Lines random_lines(std::mt19937_64& random, size_t count) {
  Lines lines;
  int64_t now = 2000;
  for (size_t i = 0; i < count; ++i) {
    now += static_cast<int64_t>(random() % 800);
    const uint64_t key = random() % 5;
    lines.push_back(event(key == 0 ? "" : "k" + std::to_string(key),
                          std::string(1, static_cast<char>('a' + random() % 4)),
                          now - static_cast<int64_t>(random() % 1500)));
  }
  return lines;
}

TEST(Engine, ThreadsPlayNoPart) {
  const patterns::PatternSet set = tests::load_patterns(kPatterns);
  for (uint64_t seed = 0; seed < 4; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Lines> inputs(1 + seed % 2);
    for (Lines& lines : inputs) lines = random_lines(random, 3000);
    RunSettings settings;
    settings.out_of_order = {eventtime::kMicrosPerSecond};
    const JsonRun alone = tests::run_json(set, inputs, settings);
    EXPECT_FALSE(alone.alerts.empty());
    for (const size_t threads : {2, 3, 5, 128}) {
      settings.options.threads = threads;
      const JsonRun together = tests::run_json(set, inputs, settings);
      EXPECT_EQ(together.alerts, alone.alerts) << threads << " threads";
      EXPECT_EQ(together.late, alone.late);
      EXPECT_EQ(together.stats.null_keys, alone.stats.null_keys);
      EXPECT_EQ(together.stats.live_events, 0U);
      EXPECT_EQ(together.stats.live_batches, 0U);
    }
  }
}

TEST(Engine, BatchBordersPlayNoPart) {
  const patterns::PatternSet set = tests::load_patterns(kPatterns);
  size_t late_events = 0;
  for (uint64_t seed = 0; seed < 10; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Lines> inputs(1 + random() % 3);
    for (Lines& lines : inputs) lines = random_lines(random, 20 + random() % 70);
    RunSettings settings;
    settings.out_of_order = {eventtime::kMicrosPerSecond};
    const JsonRun whole = tests::run_json(set, inputs, settings);
    EXPECT_FALSE(whole.alerts.empty());
    late_events += whole.late.size();
    for (const size_t batch_size : {1, 2, 3, 7, 31, 89}) {
      settings.batch_size = batch_size;
      JsonRun run = tests::run_json(set, inputs, settings);
      EXPECT_EQ(run.alerts, whole.alerts) << "seed " << seed << ", batches of " << batch_size;
      // Late events come as their input is read; which is read next depends on the batches.
      Lines late = whole.late;
      std::sort(late.begin(), late.end());
      std::sort(run.late.begin(), run.late.end());
      EXPECT_EQ(run.late, late);
      EXPECT_EQ(run.stats.late, late.size());
      EXPECT_EQ(run.stats.null_keys, whole.stats.null_keys);
      EXPECT_EQ(run.stats.events, whole.stats.events);
      EXPECT_EQ(run.stats.reordering, 0U);
    }
  }
  EXPECT_GT(late_events, 0U);
}

TEST(Engine, AlertsComeInOrderOfCompletionPatternAndKey) {
  const patterns::PatternSet set = tests::load_patterns(
      kEvent + "pattern z { by key match a: E }\n" + "pattern a { by key match a: E }\n");
  const Lines lines = {event("k2", "a", 1000), event("k10", "a", 1000), event("k1", "a", 2000),
                       event("k1", "b", 2000)};
  const JsonRun run = tests::run_json(set, {lines});
  const std::string key = R"("version":1,"key":{"key":")";
  std::vector<std::string> order;
  for (size_t at = 0; (at = run.alerts.find(key, at)) != std::string::npos; ++at) {
    const size_t value = at + key.size();
    const size_t kind = run.alerts.find("\"kind\":\"", at) + 8;
    order.push_back(run.alerts.substr(at - 3, 1) + " " +
                    run.alerts.substr(value, run.alerts.find('"', value) - value) + " " +
                    run.alerts.substr(kind, 1));
  }
  // What has the same time, pattern and key comes as it was emitted.
  EXPECT_EQ(order, (std::vector<std::string>{"a k10 a", "a k2 a", "z k10 a", "z k2 a", "a k1 a",
                                             "a k1 b", "z k1 a", "z k1 b"}));
}

TEST(Engine, TimeThatPassesDecidesWhatWaitsForIt) {
  const patterns::PatternSet set = tests::load_patterns(
      tests::letter_pattern("match a: A then not x: X for 5s within 1m skip none"));
  auto engine = Engine::create(set, {});
  ASSERT_TRUE(engine);
  tests::JsonInput input((*engine)->patterns().catalog, 0);
  (*engine)->add_input({eventtime::kMicrosPerSecond}, input.format());
  std::string alerts;
  (*engine)->push(input.decode(tests::letters("A1@10s A2@11s X1@17s")), alerts,
                  [](const Engine::Late&) { ADD_FAILURE(); });
  EXPECT_EQ(tests::bound_ids(alerts), "a=A1") << "an event at 16s would be in time";
  (*engine)->advance(0, {17 * eventtime::kMicrosPerSecond}, alerts);
  EXPECT_EQ(tests::bound_ids(alerts), "a=A1") << "an event at 16s would be in time";
  (*engine)->advance(0, {17 * eventtime::kMicrosPerSecond + 1}, alerts);
  EXPECT_EQ(tests::bound_ids(alerts), "a=A1 | a=A2");
  (*engine)->advance(0, {5 * eventtime::kMicrosPerSecond}, alerts);
  EXPECT_EQ((*engine)->next_input(), 0U) << "the input is open";
  (*engine)->finish(0, alerts);
  EXPECT_EQ(tests::bound_ids(alerts), "a=A1 | a=A2");
}

TEST(Engine, MergesInputsByTimeThenByTheirOrder) {
  const patterns::PatternSet set =
      tests::load_patterns(tests::letter_pattern("match a: A next b: B next c: C next d: D"));
  const auto matches = [&](const std::string& first, const std::string& second) {
    return tests::bound_ids(
        tests::run_json(set, {tests::letters(first), tests::letters(second)}).alerts);
  };
  EXPECT_EQ(matches("A1@1s C1@3s", "B1@2s D1@4s"), "a=A1 b=B1 c=C1 d=D1");
  EXPECT_EQ(matches("A1@1s B1@1s", "C1@1s D1@1s"), "a=A1 b=B1 c=C1 d=D1");
  EXPECT_EQ(matches("C1@1s D1@1s", "A1@1s B1@1s"), "");
}

TEST(Engine, LateEventsAreHandedOverAndNotMatched) {
  const patterns::PatternSet set =
      tests::load_patterns(tests::letter_pattern("match a: A then b: B"));
  RunSettings settings;
  settings.out_of_order = {2 * eventtime::kMicrosPerSecond};
  const JsonRun run =
      tests::run_json(set, {tests::letters("A1@10s A2@7s B1@12s B2@8s A3@8s X1@20s")}, settings);
  EXPECT_EQ(run.late,
            (Lines{"0:1 behind 1970-01-01T00:00:08.000Z", "0:3 behind 1970-01-01T00:00:10.000Z",
                   "0:4 behind 1970-01-01T00:00:10.000Z"}));
  EXPECT_EQ(tests::bound_ids(run.alerts), "a=A1 b=B1");
  EXPECT_EQ(run.stats.late, 3U);
  EXPECT_EQ(run.stats.events, 6U);
}

TEST(Engine, NullKeysBelongToNoneAndAreCounted) {
  const patterns::PatternSet set = tests::load_patterns(
      kEvent + "pattern p { by key match a: E[kind == 'a'] next b: E[kind == 'b'] }\n");
  const JsonRun run = tests::run_json(
      set, {{event("k", "a", 1), event("", "x", 2), event("k", "b", 3), event("", "a", 4)}});
  EXPECT_EQ(std::count(run.alerts.begin(), run.alerts.end(), '\n'), 1);
  EXPECT_EQ(run.stats.null_keys, 2U);
}

TEST(Engine, TheLimitOfStartsDropsTheOldest) {
  RunSettings settings;
  settings.options.max_starts = 2;
  const JsonRun run =
      tests::run_json(tests::load_patterns(tests::letter_pattern("match a: A then b: B skip none")),
                      {tests::letters("A1 A2 A3 A4 B1 A5 B2")}, settings);
  EXPECT_EQ(tests::bound_ids(run.alerts), "a=A3 b=B1 | a=A4 b=B1 | a=A5 b=B2");
  EXPECT_EQ(run.stats.patterns[0].dropped_starts, 2U);
  // Several runs of one start count once.
  settings.options.max_starts = 3;
  const JsonRun loops = tests::run_json(
      tests::load_patterns(tests::letter_pattern("match a: A+ any then b: B skip none")),
      {tests::letters("A1 A2 A3 B1")}, settings);
  EXPECT_EQ(loops.stats.patterns[0].dropped_starts, 0U);
  EXPECT_EQ(loops.stats.patterns[0].alerts, 7U);
}

TEST(Engine, CountsArithmeticErrors) {
  const patterns::PatternSet set = tests::load_patterns(
      tests::letter_pattern("match a: A[1 / n > 0] then b: B[1 / (a.n - n) < 0] "
                            "emit v: a.n % (b.n - b.n)"));
  // One in a local condition, one in a correlated one, one in `emit`.
  const JsonRun run = tests::run_json(set, {tests::letters("A0 A1 B1 B2")});
  EXPECT_EQ(run.stats.arithmetic_errors, 3U);
  EXPECT_NE(run.alerts.find("\"values\":{\"v\":null}"), std::string::npos);
}

// An engine whose state is looked at between two events.
class LiveEngine {
 public:
  explicit LiveEngine(const std::string& patterns)
      : engine_(std::move(Engine::create(tests::load_patterns(patterns), {}).value())),
        input_(engine_->patterns().catalog, 0) {
    engine_->add_input({}, input_.format());
  }
  void push(const Lines& lines) {
    engine_->push(input_.decode(lines), alerts_, [](const Engine::Late&) { FAIL(); });
  }
  EngineStats stats() const { return engine_->stats(); }
  size_t take_alerts() {
    const auto count = std::count(alerts_.begin(), alerts_.end(), '\n');
    alerts_.clear();
    return static_cast<size_t>(count);
  }

 private:
  std::unique_ptr<Engine> engine_;
  tests::JsonInput input_;
  std::string alerts_;
};

TEST(Engine, QuietKeysAreForgottenWhenTheirWindowHasPassed) {
  LiveEngine engine(kEvent + "pattern p { by key match a: E[kind == 'a'] then b: E[kind == 'b'] " +
                    "then c: E[kind == 'c'] within 5s }\n");
  for (int i = 0; i < 100; ++i) engine.push({event("k" + std::to_string(i), "a", 1000 + i)});
  EXPECT_EQ(engine.stats().live_keys, 100U);
  EXPECT_GT(engine.stats().live_batches, 0U);
  engine.push({event("other", "x", 6000)});  // exactly at the end of the first window
  EXPECT_EQ(engine.stats().live_keys, 100U);
  // Time passes, whatever the key; the clean-up may be late by a second.
  engine.push({event("", "x", 7100)});
  EXPECT_EQ(engine.stats().live_keys, 0U);
  EXPECT_EQ(engine.stats().live_events, 0U);
  EXPECT_EQ(engine.stats().live_batches, 0U);
}

TEST(Engine, FirstEventsGoWhenTheirWindowHasPassed) {
  LiveEngine engine(kEvent + "pattern p { by key match a: E[kind == 'a'] then b: E[kind == 'b'] " +
                    "within 5s }\n");
  for (int i = 0; i < 100; ++i) engine.push({event("k" + std::to_string(i), "a", 1000 + i)});
  EXPECT_EQ(engine.stats().live_keys, 100U);
  EXPECT_EQ(engine.stats().live_events, 100U);
  EXPECT_LE(engine.stats().live_batches, 65U) << "what waits long leaves its batch";
  engine.push({event("other", "x", 6000)});  // exactly at the end of the first window
  EXPECT_EQ(engine.stats().live_keys, 100U);
  engine.push({event("other", "x", 6001)});
  EXPECT_EQ(engine.stats().live_keys, 99U);
  engine.push({event("other", "x", 6100)});
  EXPECT_EQ(engine.stats().live_keys, 0U);
  EXPECT_EQ(engine.stats().live_events, 0U);
}

TEST(Engine, ABoundInReleasesAKeyWithoutAWindow) {
  LiveEngine engine(kEvent + "pattern p { by key match a: E[kind == 'a'] " +
                    "then b: E[kind == 'b'] in 2s then c: E[kind == 'c'] in 9s }\n");
  engine.push({event("k", "a", 1000)});
  // A first event may wait for some batches before it becomes a run; then its bound is seen to.
  for (int64_t i = 0; i < 100; ++i) engine.push({event("other", "x", 3000 + i)});
  EXPECT_EQ(engine.stats().live_keys, 1U);
  EXPECT_EQ(engine.stats().live_events, 1U);
  engine.push({event("other", "x", 5000)});
  EXPECT_EQ(engine.stats().live_keys, 0U);
  EXPECT_EQ(engine.stats().live_events, 0U);
  EXPECT_EQ(engine.stats().live_batches, 0U);
}

TEST(Engine, AMatchThatExcludesAllElseLeavesNothingBehind) {
  LiveEngine engine(kEvent + "pattern p { by key match a: E[kind == 'a']+ any " +
                    "then any b: E[kind == 'b']{2} }\n");
  for (int64_t i = 0; i < 8; ++i) engine.push({event("k", "a", i)});
  engine.push({event("k", "b", 10)});
  EXPECT_EQ(engine.stats().live_events, 9U);
  engine.push({event("k", "b", 11)});
  EXPECT_EQ(engine.stats().live_events, 10U) << "the alert is not out yet";
  EXPECT_EQ(engine.stats().live_keys, 0U);
  engine.push({event("k", "x", 12)});
  EXPECT_EQ(engine.stats().live_events, 0U);
}

TEST(Engine, AnAlertComesWhenNoneOfItsTimeCanFollow) {
  LiveEngine engine(kEvent + "pattern p { match a: E }\n");
  engine.push({event("k", "a", 1000)});
  EXPECT_EQ(engine.take_alerts(), 0U);
  engine.push({event("k", "a", 1000)});
  EXPECT_EQ(engine.take_alerts(), 0U);
  engine.push({event("k", "a", 1001)});
  EXPECT_EQ(engine.take_alerts(), 2U);
}

// Matches, starts that come to nothing, and keys that come once: what is held stays small.
TEST(Engine, LongStreamsTakeNoMoreMemory) {
  LiveEngine engine(kPatterns + R"(
pattern weekly { by key match a: E[kind == 'a'] then b: E[kind == 'b'] within 1w }
pattern chain { by key match a: E[kind == 'a']+ then b: E[kind == 'b'] within 3s skip to next }
)");
  int64_t now = 0;
  for (int round = 0; round < 40; ++round) {
    Lines lines;
    for (int i = 0; i < 100; ++i) {
      const std::string key = "k" + std::to_string(i % 10);
      lines.push_back(event(key, "a", now += 100));
      lines.push_back(event(key, "b", now += 100));
      now += 100;
      lines.push_back(event("once " + std::to_string(now), i % 2 == 0 ? "c" : "x", now));
    }
    engine.push(lines);
    const EngineStats stats = engine.stats();
    ASSERT_GT(engine.take_alerts(), 300U);
    ASSERT_LE(stats.live_events, 100U);
    ASSERT_LE(stats.live_keys, 100U);
    ASSERT_LE(stats.live_batches, 66U);
    ASSERT_LE(stats.timers, 1000U);
  }
}

TEST(Engine, TheSubsetsOfALoopAreOneRunForEachStart) {
  LiveEngine engine(kEvent + "pattern p { match a: E[kind == 'a']+ any then b: E[kind == 'b'] }\n");
  Lines lines;
  for (int64_t i = 0; i < 100; ++i) lines.push_back(event("k", "a", i));  // 2^100 subsets
  engine.push(lines);
  EXPECT_EQ(engine.stats().live_events, 100U);
  engine.push({event("k", "b", 301), event("k", "x", 302)});
  EXPECT_EQ(engine.take_alerts(), 1U);
  EXPECT_EQ(engine.stats().live_events, 0U);
}

TEST(Engine, AnAlertCanBeAskedInsteadOfWritten) {
  const patterns::PatternSet set = tests::load_patterns(
      kEvent + "pattern p { by key match a: E[kind == 'a'] then b: E[kind == 'b'] }\n");
  auto engine = Engine::create(set, {});
  ASSERT_TRUE(engine);
  tests::JsonInput input((*engine)->patterns().catalog, 0);
  (*engine)->add_input({0}, input.format());
  int seen = 0;
  const Engine::OnAlert on_alert = [&](const Alert& alert) {
    ++seen;
    EXPECT_EQ(alert.pattern().name, "p");
    ASSERT_EQ(alert.key().size(), 1U);
    EXPECT_EQ(alert.key()[0].cell.text, eventtime::Text("k"));
    EXPECT_EQ(alert.end().micros - alert.start().micros, eventtime::kMicrosPerSecond);
    EXPECT_EQ(alert.complete(), alert.end());
    EXPECT_FALSE(alert.timeout());
    ASSERT_EQ(alert.event_count(), 2U);
    const std::vector<AlertEvent> events = alert.events();
    EXPECT_EQ(events[0].record, 0U);
    EXPECT_EQ(events[1].record, 2U);
    EXPECT_EQ(alert.pattern().variables[events[1].variable].name, "b");
    EXPECT_EQ(alert.id(), alert.id());
    std::string line;
    alert.append_json(line);
    EXPECT_EQ(line.back(), '\n');
  };
  const Lines lines = {event("k", "a", 1000), event("k", "x", 1500), event("k", "b", 2000)};
  (*engine)->push(input.decode(lines), on_alert, [](const Engine::Late&) { FAIL(); });
  EXPECT_EQ(seen, 0);
  (*engine)->finish(0, on_alert);
  EXPECT_EQ(seen, 1);
}

TEST(Engine, RefusesAPatternBeyondItsLimits) {
  std::string match = "match a: A";
  for (int i = 0; i < 70; ++i) match += " then v" + std::to_string(i) + ": B?";
  const auto created = Engine::create(tests::load_patterns(tests::letter_pattern(match)), {});
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().blame, eventtime::Blame::kInput);
}

}  // namespace
}  // namespace tocsin::runtime
