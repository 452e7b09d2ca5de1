// What an engine saves, another one goes on with. That it then finds the same is also what
// tests/model and letter_matches() (tests/support) ask of all that they run.
#include <gtest/gtest.h>

#include <random>

#include "tests/support/json_run.h"
#include "tests/support/saved_engine.h"

namespace tocsin::runtime {
namespace {

using tests::JsonInput;
using tests::JsonRun;
using tests::Lines;
using tests::RunSettings;

const std::string kEvents = R"(
event Pay { card: string, shop: string, amount: float, note: string?, at: timestamp } time at
event Alarm { card: string, total: float?, at: timestamp } time at
)";
const std::string kSavedPatterns = kEvents + R"(
pattern pair { on Pay by card match a: Pay[amount < 2] then b: Pay[shop == a.shop] within 20s }
pattern texts {
  on Pay by card match a: Pay[amount < 5]{2,} any then b: Pay[note != a.note]
  within 20s skip to next emit first: first(a.note), shops: distinct(a.shop), all: collect(a.note)
}
pattern window {
  on Pay by shop match p: Pay{2,} having sum(p.amount) > 12 within 15s emit total: sum(p.amount)
  suppress 10s by p.card
}
pattern quiet { on Pay by card match a: Pay[amount > 8] then not b: Pay for 9s within 30s }
pattern look { on Pay by card match not x: Pay[amount < 3] for 8s then a: Pay[amount > 6] }
pattern late {
  on Pay by card match a: Pay then b: Pay[amount > a.amount]{2} within 9s
  on timeout emit n: count(b)
}
pattern alarm {
  on Pay by card match a: Pay[amount > 4] next b: Pay[amount > 4] within 20s
  emit Alarm { card: a.card, total: a.amount + b.amount }
}
pattern alarms { on Alarm, Pay by card match x: Alarm then p: Pay[amount < 4] within 30s skip none }
)";

Lines random_payments(std::mt19937_64& random, size_t count) {
  Lines lines;
  int64_t now = 100'000;
  for (size_t i = 0; i < count; ++i) {
    now += static_cast<int64_t>(random() % 1500);
    const auto text = [&](const char* prefix, uint64_t values) {
      return std::string("\"") + prefix + std::to_string(random() % values) + "\"";
    };
    const std::string note =
        random() % 4 == 0 ? "null" : text("a note that is longer than twelve bytes ", 3);
    lines.push_back(R"({"type":"Pay","card":)" + text("card number ", 4) + R"(,"shop":)" +
                    text("s", 3) + R"(,"amount":)" + std::to_string(random() % 10) +
                    R"(.5,"note":)" + note + R"(,"at":)" +
                    std::to_string(now - static_cast<int64_t>(random() % 2500)) + "}");
  }
  return lines;
}

TEST(EngineState, ARestoredEngineGoesOnAsTheOneThatWasSaved) {
  const patterns::PatternSet set = tests::load_patterns(kSavedPatterns);
  for (uint64_t seed = 0; seed < 6; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<Lines> inputs(1 + seed % 3);
    for (Lines& lines : inputs) lines = random_payments(random, 40 + random() % 60);
    for (const EventDetail events : {EventDetail::kFull, EventDetail::kNone}) {
      for (const PlanChoice plan : {PlanChoice::kBest, PlanChoice::kPlain}) {
        RunSettings settings;
        settings.out_of_order = {2 * eventtime::kMicrosPerSecond};
        settings.options = {.events = events, .plan = plan};
        const JsonRun undisturbed = tests::run_json(set, inputs, settings);
        EXPECT_NE(undisturbed.alerts.find("\"pattern\":\"alarms\""), std::string::npos);
        EXPECT_GT(undisturbed.stats.suppressed, 0U);
        settings.restores = true;
        for (settings.batch_size = 1; settings.batch_size < 9; settings.batch_size += 3) {
          const JsonRun restored = tests::run_json(set, inputs, settings);
          ASSERT_EQ(restored.alerts, undisturbed.alerts)
              << "seed " << seed << ", events " << static_cast<int>(events) << ", plan "
              << static_cast<int>(plan) << ", batches of " << settings.batch_size;
          EXPECT_EQ(restored.late, undisturbed.late);
          EXPECT_EQ(restored.stats.events, undisturbed.stats.events);
          EXPECT_EQ(restored.stats.suppressed, undisturbed.stats.suppressed);
          EXPECT_EQ(restored.stats.late, undisturbed.stats.late);
        }
      }
    }
  }
}

// An engine over one input that has seen some payments.
struct Seen {
  explicit Seen(const patterns::PatternSet& set, EngineOptions options = {})
      : input(set.catalog, 0), engine(*Engine::create(set, options)) {
    engine->add_input({2 * eventtime::kMicrosPerSecond}, input.format());
  }
  void push(const Lines& lines) {
    engine->push(input.decode(lines), alerts, [](const Engine::Late&) {});
  }

  JsonInput input;
  std::unique_ptr<Engine> engine;
  std::string alerts;
};

std::string error_of(Engine& engine, const tests::SavedEngine& saved) {
  const eventtime::Result<void> restored = tests::restore(engine, saved);
  return restored ? "" : restored.error().message;
}

TEST(EngineState, WhatIsDamagedIsRefusedOrReadAsWhole) {
  const patterns::PatternSet set = tests::load_patterns(kSavedPatterns);
  std::mt19937_64 random(1);
  Seen seen(set);
  seen.push(random_payments(random, 60));
  const tests::SavedEngine saved = tests::save(*seen.engine);
  size_t refused = 0;
  for (const auto& [key, value] : saved) {
    for (size_t i = 0; i < value.size(); i += 1 + value.size() / 16) {
      tests::SavedEngine damaged = saved;
      damaged[key].resize(i);  // cut off
      Seen cut(set);
      refused += error_of(*cut.engine, damaged).empty() ? 0 : 1;
      damaged[key] = value;
      damaged[key][i] = static_cast<char>(damaged[key][i] ^ (1 << random() % 8));
      Seen flipped(set);
      error_of(*flipped.engine, damaged);  // it may be a state, but nothing breaks
    }
  }
  EXPECT_GT(refused, saved.size());
}

TEST(EngineState, WhatDoesNotFitIsRefusedWithAReason) {
  const patterns::PatternSet set = tests::load_patterns(kSavedPatterns);
  std::mt19937_64 random(1);
  Seen seen(set);
  seen.push(random_payments(random, 60));
  const tests::SavedEngine saved = tests::save(*seen.engine);

  Seen light(set, {.events = EventDetail::kNone});
  EXPECT_NE(error_of(*light.engine, saved).find("--events"), std::string::npos);
  Seen plain(set, {.plan = PlanChoice::kPlain});
  EXPECT_NE(error_of(*plain.engine, saved).find("of another version or plan"), std::string::npos);
  Seen two_inputs(set);
  two_inputs.engine->add_input({}, two_inputs.input.format());
  EXPECT_NE(error_of(*two_inputs.engine, saved).find("1 inputs; there are 2"), std::string::npos);
  tests::SavedEngine newer = saved;
  newer["e"][0] = 77;
  Seen older_program(set);
  EXPECT_NE(error_of(*older_program.engine, newer).find("version 77"), std::string::npos);
  tests::SavedEngine headless = saved;
  headless.erase("e");
  Seen none(set);
  EXPECT_NE(error_of(*none.engine, headless), "");
}

TEST(EngineState, WhatIsPendingIsSavedByKeyAndGoesWhenItIsOver) {
  const patterns::PatternSet set = tests::load_patterns(
      kEvents + "pattern p { on Pay by card match a: Pay[amount < 2] then b: Pay within 10s }");
  const auto pay = [](const std::string& card, int64_t second) {
    return R"({"type":"Pay","card":")" + card + R"(","shop":"s","amount":1.0,"note":null,"at":)" +
           std::to_string(second * 1000) + "}";
  };
  const auto keys = [](const tests::SavedEngine& saved) {
    std::string found;
    for (const auto& [key, value] : saved) found += key[0] == 'k' ? key.substr(3) + " " : "";
    return found;
  };
  Seen seen(set);
  seen.push({pay("x", 100), pay("y", 101), pay("z", 104)});
  EXPECT_EQ(keys(tests::save(*seen.engine)), std::string("y\0\0 x\0\0 ", 8));
  seen.push({pay("z", 112)});
  EXPECT_EQ(keys(tests::save(*seen.engine)), std::string("z\0\0 y\0\0 x\0\0 ", 12));
  seen.push({pay("z", 130)});
  EXPECT_EQ(keys(tests::save(*seen.engine)), "");
}

TEST(EngineState, AnInputThatHadEndedGoesOn) {
  const patterns::PatternSet set = tests::load_patterns(
      kEvents + "pattern p { on Pay by card match a: Pay then b: Pay within 10s }");
  const auto pay = [](int64_t second) {
    return R"({"type":"Pay","card":"c","shop":"s","amount":1.0,"note":null,"at":)" +
           std::to_string(second * 1000) + "}";
  };
  std::vector<std::string> late;
  const auto on_late = [&](const Engine::Late& event) {
    late.push_back(std::to_string(event.input) + " behind " + to_string(event.watermark));
  };
  JsonInput first(set.catalog, 0);
  JsonInput second(set.catalog, 1);
  std::unique_ptr<Engine> engine = *Engine::create(set, {});
  engine->add_input({}, first.format());
  engine->add_input({}, second.format());
  std::string alerts;
  engine->push(first.decode(Lines{pay(1)}), alerts, on_late);
  engine->finish(0, alerts);
  engine->push(second.decode(Lines{pay(20)}), alerts, on_late);
  engine->reopen(0);
  engine->push(first.decode(Lines{pay(19), pay(20), pay(21)}), alerts, on_late);
  EXPECT_EQ(late, std::vector<std::string>{"0 behind 1970-01-01T00:00:20.000Z"});
  engine->finish(0, alerts);
  engine->finish(1, alerts);
  EXPECT_EQ(std::count(alerts.begin(), alerts.end(), '\n'), 1);
}

}  // namespace
}  // namespace tocsin::runtime
