// Each sample's pattern over its events gives exactly the alerts of its expected.txt, whatever the
// size of the batches; and reading the pattern brings no warning. Their own tests pass, too.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"
#include "server/run_command.h"
#include "server/test_command.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::tests {
namespace {

namespace fs = std::filesystem;

const fs::path kSamples = fs::path(TOCSIN_SOURCE_DIR) / "samples";

std::vector<std::string> sample_names() {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(kSamples)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> pattern_files(const std::string& sample) {
  return {kSamples / "payments.tocsin", kSamples / sample / "pattern.tocsin"};
}

class Sample : public testing::TestWithParam<std::string> {};

TEST_P(Sample, GivesTheExpectedAlerts) {
  const TemporaryDirectory directory;
  for (const size_t batch_size : {1, 3, 4096}) {
    server::RunOptions options;
    options.patterns = pattern_files(GetParam());
    options.inputs = {{kSamples / GetParam() / "events.jsonl", std::nullopt}};
    options.out = directory.path("alerts.jsonl");
    options.batch_size = batch_size;
    ASSERT_EQ(server::run(options), server::kDone);
    EXPECT_EQ(read_file(options.out), read_file(kSamples / GetParam() / "expected.txt"));
  }
}

TEST_P(Sample, IsFreeOfWarnings) {
  const auto loaded = server::read_patterns(pattern_files(GetParam()));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(patterns::render(loaded->diagnostics, loaded->sources), "");
}

TEST_P(Sample, IsExplained) {
  const std::string readme = read_file(kSamples / GetParam() / "README.md");
  EXPECT_NE(readme.find("samples/" + GetParam() + "/pattern.tocsin"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Samples, Sample, testing::ValuesIn(sample_names()),
                         [](const auto& test) { return test.param; });

TEST(Samples, PassTheirOwnTests) {
  EXPECT_EQ(server::test({.paths = {kSamples}, .filter = {}, .update = false}), server::kDone);
}

TEST(Samples, ThereAreEightAndTheListNamesThem) {
  const std::vector<std::string> names = sample_names();
  EXPECT_EQ(names.size(), 8U);
  const std::string list = read_file(kSamples / "README.md");
  for (const std::string& name : names) {
    EXPECT_NE(list.find("(" + name + "/README.md)"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tocsin::tests
