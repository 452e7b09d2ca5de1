// The pattern of a sample with events gives exactly the alerts of its expected.txt, whatever the
// size of the batches; reading any sample's pattern brings no warning. Their own tests pass, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"
#include "server/pipeline/pipeline_command.h"
#include "server/run_command.h"
#include "server/test_command.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::tests {
namespace {

namespace fs = std::filesystem;

const fs::path kSamples = fs::path(TOCSIN_SOURCE_DIR) / "samples";

std::vector<std::string> folder_names() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kSamples)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Programs are samples, too, which tests/install builds and runs; and so are pipeline files.
std::vector<std::string> sample_names() {
  std::vector<std::string> names = folder_names();
  std::erase_if(names, [](const std::string& name) {
    return fs::exists(kSamples / name / "CMakeLists.txt") ||
           fs::exists(kSamples / name / "pipeline.toml");
  });
  return names;
}

bool has_events(const std::string& sample) {
  return fs::exists(kSamples / sample / "events.jsonl");
}

std::vector<std::string> samples_with_events() {
  std::vector<std::string> names;
  for (const std::string& name : sample_names()) {
    if (has_events(name)) names.push_back(name);
  }
  return names;
}

// Samples about payments share their events; each of the others brings its own, and its file is
// called after it.
bool is_about_payments(const std::string& sample) {
  return fs::exists(kSamples / sample / "pattern.tocsin");
}

std::string pattern_name(const std::string& sample) {
  return is_about_payments(sample) ? "pattern.tocsin" : sample + ".tocsin";
}

std::vector<std::string> pattern_files(const std::string& sample) {
  std::vector<std::string> files;
  if (is_about_payments(sample)) files.push_back((kSamples / "payments.tocsin").string());
  files.push_back((kSamples / sample / pattern_name(sample)).string());
  return files;
}

class Sample : public testing::TestWithParam<std::string> {};
class SampleWithEvents : public Sample {};

TEST_P(SampleWithEvents, GivesTheExpectedAlerts) {
  const TemporaryDirectory directory;
  for (const size_t batch_size : {1, 3, 4096}) {
    server::RunOptions options;
    options.patterns = pattern_files(GetParam());
    options.inputs = {{kSamples / GetParam() / "events.jsonl"}};
    const std::string out = directory.path("alerts.jsonl");
    options.sinks = {server::file_sink(out)};
    options.batch_size = batch_size;
    ASSERT_EQ(server::run(options), server::kDone);
    EXPECT_EQ(read_file(out), read_file(kSamples / GetParam() / "expected.txt"));
  }
}

TEST_P(Sample, IsFreeOfWarnings) {
  const auto loaded = server::read_patterns(pattern_files(GetParam()));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(patterns::render(loaded->diagnostics, loaded->sources), "");
}

TEST_P(Sample, IsExplained) {
  const std::string readme = read_file(kSamples / GetParam() / "README.md");
  const std::string file = "samples/" + GetParam() + "/" + pattern_name(GetParam());
  EXPECT_NE(readme.find(file), std::string::npos);
}

TEST_P(Sample, IsTested) {
  const fs::path folder = kSamples / GetParam();
  EXPECT_TRUE(has_events(GetParam()) || fs::exists(folder / (GetParam() + ".test")));
}

TEST(PipelineSample, GivesTheExpectedAlertsOnce) {
  const TemporaryDirectory directory;
  fs::copy(kSamples, directory.path() / "samples", fs::copy_options::recursive);
  const fs::path folder = directory.path() / "samples/pipeline";
  fs::create_directory(folder / "out");
  for (int i = 0; i < 2; ++i) {
    const server::PipelineRun how{.path = (folder / "pipeline.toml").string(), .metrics = {}};
    ASSERT_EQ(server::run_pipeline(how), server::kDone);
    EXPECT_EQ(read_file(folder / "out/alerts.jsonl"),
              read_file(kSamples / "pipeline/expected.txt"));
  }
  EXPECT_NE(read_file(folder / "out/probes.jsonl"), "");
}

INSTANTIATE_TEST_SUITE_P(Samples, SampleWithEvents, testing::ValuesIn(samples_with_events()),
                         [](const auto& test) { return test.param; });

INSTANTIATE_TEST_SUITE_P(Samples, Sample, testing::ValuesIn(sample_names()),
                         [](const auto& test) { return test.param; });

TEST(Samples, PassTheirOwnTests) {
  EXPECT_EQ(server::test({.paths = {kSamples}, .filter = {}, .update = false}), server::kDone);
}

TEST(Samples, AreManyAndTheListNamesThem) {
  EXPECT_GE(sample_names().size(), 27U);
  const std::string list = read_file(kSamples / "README.md");
  for (const std::string& name : folder_names()) {
    EXPECT_NE(list.find("(" + name + "/README.md)"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tocsin::tests
