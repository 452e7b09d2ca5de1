// Runs every `*.test` file below this folder, each test in several ways that must give the same
// alerts, byte for byte: as it is written, in batches of several sizes, and with arrivals shuffled
// as far as the bound on out-of-orderness lets them be. The alerts must be the ones that the test
// expects, and so must those of the model.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "server/pattern_test/test_loader.h"
#include "server/pattern_test/test_run.h"
#include "server/pattern_test/test_verdict.h"
#include "tests/model/case_runner.h"

namespace tocsin::tests {
namespace {

namespace fs = std::filesystem;
using eventtime::Duration;
using eventtime::Timestamp;
using server::CheckedArrival;
using server::CheckedTest;
using server::LoadedTests;
using server::Played;
using server::Replay;

Played played(const LoadedTests& file, const CheckedTest& test, const Replay& replay = {}) {
  auto result = server::play(*file.patterns, test, replay);
  EXPECT_TRUE(result) << result.error().message;
  return result ? *std::move(result) : Played{};
}

void expect_verdict(const std::string& who, const LoadedTests& file, const CheckedTest& test,
                    const Played& run) {
  const server::Judge judge(*file.patterns, file.sources[0], test);
  const server::Verdict verdict = judge.judge(run);
  EXPECT_TRUE(verdict.passed()) << file.sources[0].name() << ": " << test.name << ": the " << who
                                << "\n"
                                << judge.explain(verdict, run) << run.text;
}

// ---- arrivals in another order ----

// Whether no arrival is late, and so the order in which they come plays no part.
bool none_is_late(const CheckedTest& test, const std::vector<size_t>& order, Duration bound) {
  Timestamp watermark = eventtime::kMinTimestamp;
  for (const size_t place : order) {
    const Timestamp time = test.arrivals[place].time;
    if (time < watermark) return false;
    watermark = std::max(watermark, time - bound);
  }
  return true;
}

std::vector<size_t> as_written(const CheckedTest& test) {
  std::vector<size_t> order(test.arrivals.size());
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

// Swaps neighbours at random where that makes none of them late. Ties stay in their order: it
// decides which of them comes first.
std::vector<size_t> shuffled(const CheckedTest& test, Duration bound, uint32_t seed) {
  std::vector<size_t> order = as_written(test);
  std::mt19937 random(seed);
  for (size_t swaps = order.size() * order.size() * 4; swaps > 0 && order.size() > 1; --swaps) {
    const size_t left = random() % (order.size() - 1);
    if (test.arrivals[order[left]].time == test.arrivals[order[left + 1]].time) continue;
    std::swap(order[left], order[left + 1]);
    if (!none_is_late(test, order, bound)) std::swap(order[left], order[left + 1]);
  }
  return order;
}

// From the first event to the last: under this bound any order will do.
Duration whole_span(const CheckedTest& test) {
  const auto time = [](const CheckedArrival& arrival) { return arrival.time; };
  const auto [first, last] = std::ranges::minmax_element(test.arrivals, {}, time);
  return first == test.arrivals.end() ? Duration{} : last->time - first->time;
}

void expect_same_shuffled(const LoadedTests& file, const CheckedTest& test,
                          const std::string& text) {
  if (!none_is_late(test, as_written(test), test.out_of_order)) return;
  constexpr uint32_t kSeeds = 5;
  for (uint32_t seed = 1; seed <= kSeeds; ++seed) {
    Replay replay;
    replay.order = shuffled(test, test.out_of_order, seed);
    EXPECT_EQ(played(file, test, replay).text, text) << test.name << ", seed " << seed;
    if (test.open_end) continue;  // under another bound less is settled
    replay.out_of_order = whole_span(test);
    replay.order = shuffled(test, *replay.out_of_order, seed);
    replay.batch_size = seed;
    EXPECT_EQ(played(file, test, replay).text, text) << test.name << ", wide, seed " << seed;
  }
}

// ---- the model ----

std::string json_string(std::string_view text) {
  std::string out;
  eventtime::append_json_string(out, text);
  return out;
}

// As the engine would write it.
std::string alert_line(const model::NaiveAlert& alert, const std::vector<size_t>& places) {
  std::string line = "{\"pattern\":" + json_string(alert.pattern) + ",\"key\":" + alert.key +
                     ",\"complete\":\"" + to_string(alert.complete) + "\",\"values\":{";
  for (const auto& [name, json] : alert.values) {
    if (line.back() != '{') line += ',';
    line += json_string(name) + ":" + json;
  }
  line += "},\"events\":{";
  for (const auto& [variable, records] : alert.events) {
    if (line.back() != '{') line += ',';
    line += json_string(variable) + ":[";
    for (const model::RecordId& id : records) {
      if (line.back() != '[') line += ',';
      line += std::to_string(places[id.record]);
    }
    line += "]";
  }
  line += '}';
  if (alert.suppressed > 0) line += ",\"suppressed\":" + std::to_string(alert.suppressed);
  if (alert.is_timeout) line += ",\"timeout\":true";
  return line + "}\n";
}

void expect_model_agrees(const LoadedTests& file, const CheckedTest& test) {
  // In the model time passes with events alone, and inputs end.
  if (test.open_end) return;
  model::Case example;
  example.out_of_order = test.out_of_order;
  example.inputs.emplace_back();
  std::vector<size_t> places;
  for (size_t place = 0; place < test.arrivals.size(); ++place) {
    if (!test.arrivals[place].is_event) continue;
    example.inputs[0].push_back(test.arrivals[place].record);
    places.push_back(place);
  }
  Played run;
  for (const model::NaiveAlert& alert : run_model(*file.patterns, example).alerts) {
    run.text += alert_line(alert, places);
  }
  auto alerts = connectors::read_alerts(run.text);
  ASSERT_TRUE(alerts) << alerts.error().message;
  run.alerts = *std::move(alerts);
  expect_verdict("model", file, test, run);
}

// ---- all files ----

class Golden : public testing::TestWithParam<std::string> {};

fs::path folder() {
  return fs::path(TOCSIN_SOURCE_DIR) / "tests" / "golden";
}

std::vector<std::string> test_files() {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder())) {
    if (entry.path().extension() != ".test") continue;
    if (entry.path().parent_path().filename() == "tests") continue;  // of diagnostics
    files.push_back(fs::relative(entry.path(), folder()).generic_string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST_P(Golden, Holds) {
  const auto file = server::load_tests((folder() / GetParam()).string());
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_TRUE(file->patterns) << patterns::render(file->diagnostics, file->sources);
  for (const CheckedTest& test : file->tests) {
    const Played straight = played(*file, test);
    expect_verdict("engine", *file, test, straight);
    for (const size_t batch_size : {1, 2, 7}) {
      Replay replay;
      replay.batch_size = batch_size;
      EXPECT_EQ(played(*file, test, replay).text, straight.text)
          << test.name << ", batches of " << batch_size;
    }
    Replay plain;
    plain.plan = runtime::PlanChoice::kPlain;
    EXPECT_EQ(played(*file, test, plain).text, straight.text) << test.name << ", run by run";
    Replay restored;
    restored.batch_size = 1;
    restored.restores = true;
    EXPECT_EQ(played(*file, test, restored).text, straight.text)
        << test.name << ", restored before every event";
    restored.plan = runtime::PlanChoice::kPlain;
    EXPECT_EQ(played(*file, test, restored).text, straight.text)
        << test.name << ", restored before every event, run by run";
    expect_same_shuffled(*file, test, straight.text);
    expect_model_agrees(*file, test);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(test_files()), [](const auto& file) {
  std::string name = file.param;
  std::replace_if(name.begin(), name.end(), [](char byte) { return std::isalnum(byte) == 0; }, '_');
  return name;
});

}  // namespace
}  // namespace tocsin::tests
