// Keys that are on disk: they are, and nothing that comes out shows it. That nothing shows it for
// patterns of all kinds is what tests/model and tests/golden see.
#include <gtest/gtest.h>

#include <string>

#include "eventtime/check.h"
#include "runtime/engine.h"
#include "tests/support/json_run.h"
#include "tests/support/spill_disk.h"

namespace tocsin::tests {
namespace {

constexpr const char* kEvents = "event A { k: int, v: int, at: timestamp } time at\n";

std::string line(int64_t key, int64_t value, int64_t second) {
  return R"({"type":"A","k":)" + std::to_string(key) + R"(,"v":)" + std::to_string(value) +
         R"(,"at":")" + to_string(eventtime::Timestamp{second * 1'000'000}) + R"("})";
}

struct Spilling {
  std::string alerts;
  size_t most_spilled = 0;
  size_t left = 0;  // keys, before the end
};

// `together` events, of one second each, are a batch.
Spilling run_spilling(const std::string& pattern, const Lines& lines, runtime::PlanChoice plan,
                      size_t together = 1) {
  const patterns::PatternSet set = load_patterns(kEvents + pattern);
  SpillDisk disk;
  JsonInput input(set.catalog, 0);
  runtime::EngineOptions options;
  options.plan = plan;
  disk.add_to(options);
  auto engine = runtime::Engine::create(set, options);
  TOCSIN_CHECK(engine, "the pattern of a test is right");
  (*engine)->add_input({}, input.format());
  Spilling run;
  for (size_t i = 0; i < lines.size(); i += together) {
    const size_t count = std::min(together, lines.size() - i);
    (*engine)->push(input.decode({&lines[i], count}), run.alerts, {});
    run.most_spilled = std::max(run.most_spilled, (*engine)->stats().spilled_keys);
  }
  run.left = (*engine)->stats().live_keys;
  (*engine)->finish(0, run.alerts);
  EXPECT_TRUE((*engine)->status());
  EXPECT_EQ((*engine)->stats().live_keys, 0u);
  return run;
}

std::string plainly(const std::string& pattern, const Lines& lines) {
  return run_json(load_patterns(kEvents + pattern), {lines}, {}).alerts;
}

void expect_same(const std::string& pattern, const Lines& lines, size_t most_spilled, size_t left,
                 size_t together = 1) {
  const std::string alerts = plainly(pattern, lines);
  EXPECT_FALSE(alerts.empty());
  for (const runtime::PlanChoice plan : {runtime::PlanChoice::kBest, runtime::PlanChoice::kPlain}) {
    const Spilling run = run_spilling(pattern, lines, plan, together);
    EXPECT_EQ(run.alerts, alerts);
    EXPECT_GE(run.most_spilled, most_spilled);
    EXPECT_EQ(run.left, left);
  }
}

// A hundred keys begin, then each ends.
Lines hundred_pairs(int64_t apart) {
  Lines lines;
  for (int64_t key = 0; key < 100; ++key) lines.push_back(line(key, 1, key));
  for (int64_t key = 0; key < 100; ++key) lines.push_back(line(key, 2, apart + key));
  return lines;
}

TEST(Spill, KeysComeBackForTheirEvents) {
  expect_same("pattern p { on A by k  match a: A[v == 1] then b: A[v == 2]  within 1h }",
              hundred_pairs(200), 99, 0);
}

TEST(Spill, ThreeStepsComeBackTwice) {
  Lines lines = hundred_pairs(200);
  for (int64_t key = 0; key < 100; ++key) lines.push_back(line(key, 3, 400 + key));
  expect_same(
      "pattern p { on A by k  match a: A[v == 1] then b: A[v == 2] then c: A[v == 3]  within 1h }",
      lines, 99, 0);
}

// The first key is looked for on disk by later events only, the others expire there.
TEST(Spill, KeysExpireOnDisk) {
  Lines lines = hundred_pairs(20'000);
  lines.push_back(line(1000, 1, 20'200));
  lines.push_back(line(1000, 2, 20'201));
  expect_same("pattern p { on A by k  match a: A[v == 1] then b: A[v == 2]  within 1h }", lines, 99,
              0);
}

TEST(Spill, AbsencesAreFoundInTime) {
  Lines lines = hundred_pairs(150);
  lines.resize(150);
  lines.push_back(line(1000, 1, 10'000));
  lines.push_back(line(1000, 2, 10'001));
  const std::string pattern =
      "pattern p { on A by k  match a: A[v == 1] then not b: A[v == 2] for 10m }";
  expect_same(pattern, lines, 90, 0);
}

// Events that come between bring half of the keys back, behind others in the log.
TEST(Spill, KeysThatCameBackExpireInTime) {
  Lines lines;
  for (int64_t key = 0; key < 100; ++key) lines.push_back(line(key, 1, key));
  for (int64_t key = 0; key < 100; key += 2) lines.push_back(line(key, 1, 200 + key));
  lines.push_back(line(1000, 5, 650));
  lines.push_back(line(1000, 5, 10'000));
  expect_same("pattern p { on A by k  match a: A[v == 1] then not b: A[v == 2] for 10m }", lines,
              90, 0);
}

// The third events of two keys bring back two of each, of which the first is over; those of the
// second key stand behind one of the first that is not.
TEST(Spill, LoopsThatCameBackForgetWhatIsOver) {
  Lines lines;
  for (const int64_t second : {0, 200, 3700}) {
    for (int64_t key = 0; key < 100; ++key) lines.push_back(line(key, 1, second + key));
  }
  for (int64_t second = 6000; second < 6003; ++second) lines.push_back(line(1000, 1, second));
  lines.push_back(line(1000, 5, 20'000));
  expect_same("pattern p { on A by k  match a: A[v == 1]{3} within 1h }", lines, 90, 0, 2);
}

TEST(Spill, TheEndOfTheInputBringsAllBack) {
  Lines lines = hundred_pairs(200);
  lines.resize(100);
  const std::string pattern =
      "pattern p { on A by k  match a: A[v == 1] then not b: A[v == 2] for 10m }";
  const std::string alerts = plainly(pattern, lines);
  for (const runtime::PlanChoice plan : {runtime::PlanChoice::kBest, runtime::PlanChoice::kPlain}) {
    const Spilling run = run_spilling(pattern, lines, plan);
    EXPECT_EQ(run.alerts, alerts);
    EXPECT_EQ(run.left, 100u);
  }
}

// Several threads write, read and drop at the same time.
TEST(Spill, ThreadsPlayNoPart) {
  const patterns::PatternSet set =
      load_patterns(std::string(kEvents) +
                    "pattern p { on A by k  match a: A[v == 1] then b: A[v == 2]  within 1h }\n"
                    "pattern q { on A by k  match a: A[v == 1] then not b: A[v == 2] for 10m }\n");
  constexpr int64_t kKeys = 500;
  constexpr size_t kBatch = 400;
  Lines lines;
  for (int64_t i = 0; i < 8 * kKeys; ++i) {
    lines.push_back(line(i * 7 % kKeys, 1 + i / kKeys % 2, i));
  }
  RunSettings settings;
  settings.batch_size = kBatch;
  const std::string alerts = run_json(set, {lines}, settings).alerts;
  EXPECT_FALSE(alerts.empty());
  SpillDisk disk;
  disk.add_to(settings.options);
  settings.options.threads = 3;
  EXPECT_EQ(run_json(set, {lines}, settings).alerts, alerts);
  EXPECT_TRUE(disk.files().is_used());
}

}  // namespace
}  // namespace tocsin::tests
