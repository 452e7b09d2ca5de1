#include "tests/faults/rig.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/support/compressed.h"
#include "tests/support/process.h"

namespace tocsin::faults {

namespace fs = std::filesystem;
using tests::read_file;
using tests::run_tocsin;

namespace {

std::string generated(const Input& input) {
  const bool is_csv = input.file.find(".csv") != std::string::npos;
  const tests::ProcessResult made =
      run_tocsin({"generate", input.kind, "--events", std::to_string(input.events), "--seed",
                  std::to_string(input.seed), "--malformed", "4000", "--out-of-order", "7s",
                  "--format", is_csv ? "csv" : "json"});
  EXPECT_EQ(made.status, 0) << made.err;
  return made.out;
}

void compare(std::string& out, const char* name, const std::string& wanted,
             const std::string& got) {
  if (wanted == got) return;
  const auto [at, other] = std::mismatch(wanted.begin(), wanted.end(), got.begin(), got.end());
  const auto place = static_cast<size_t>(at - wanted.begin());
  constexpr size_t kShown = 300;
  const size_t line = wanted.rfind('\n', place == 0 ? 0 : place - 1) + 1;
  out += std::string(name) + " differ at byte " + std::to_string(place) + "; wanted (" +
         std::to_string(wanted.size()) + " bytes)\n  " +
         wanted.substr(std::min(line, wanted.size()), kShown) + "\ngot (" +
         std::to_string(got.size()) + " bytes)\n  " +
         got.substr(std::min(line, got.size()), kShown) + "\n";
}

}  // namespace

std::string difference(const Written& wanted, const Written& got) {
  std::string out;
  compare(out, "alerts", wanted.alerts, got.alerts);
  compare(out, "late events", wanted.late, got.late);
  compare(out, "dead letters", wanted.dead_letters, got.dead_letters);
  compare(out, "counters", wanted.counters, got.counters);
  return out;
}

Rig::Rig(const Scenario& scenario) : scenario_(scenario), folder_(directory_.path("run")) {
  fs::create_directories(folder_);
  fs::create_directories(directory_.path("undisturbed"));
  for (const Input& input : scenario.inputs) {
    texts_.push_back(generated(input));
    set_text(texts_.size() - 1, texts_.back());
  }
}

std::vector<std::string> Rig::arguments(const std::string& folder) const {
  std::vector<std::string> words = {"run"};
  for (const std::string& file : scenario_.patterns) {
    words.insert(words.end(), {"-p", TOCSIN_SOURCE_DIR "/" + file});
  }
  for (size_t i = 0; i < scenario_.inputs.size(); ++i) words.insert(words.end(), {"-i", input(i)});
  words.insert(words.end(), scenario_.flags.begin(), scenario_.flags.end());
  words.insert(words.end(), {"-o", folder + "/alerts", "--late", folder + "/late", "--dead-letter",
                             folder + "/dead", "--metrics", folder + "/metrics"});
  return words;
}

std::vector<std::string> Rig::arguments() const {
  std::vector<std::string> words = arguments(folder_);
  words.insert(words.end(), {"--state", state(), "--checkpoint-every", scenario_.checkpoint_every});
  return words;
}

Written Rig::undisturbed() const {
  const std::string folder = directory_.path("undisturbed");
  const tests::ProcessResult done = run_tocsin(arguments(folder));
  EXPECT_EQ(done.status, 0) << done.err;
  return written(folder);
}

Written Rig::written(const std::string& folder) {
  const std::string metrics = read_file(folder + "/metrics");
  return {read_file(folder + "/alerts"), read_file(folder + "/late"), read_file(folder + "/dead"),
          metrics.substr(0, metrics.find(",\"seconds\""))};
}

void Rig::finish() const {
  const tests::ProcessResult done = run_tocsin(arguments());
  EXPECT_EQ(done.status, 0) << done.err;
}

void Rig::forget() const {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    fs::remove_all(entry.path());
  }
}

void Rig::set_text(size_t number, std::string_view text) const {
  const std::string& name = scenario_.inputs[number].file;
  directory_.write(name, name.ends_with(".zst") ? tests::zstd(text) : std::string(text));
}

}  // namespace tocsin::faults
