#include "server/demo_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "connectors/synthetic/score.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using tests::run_tocsin;
using tests::TemporaryDirectory;

const std::string kSamples = TOCSIN_SOURCE_DIR "/samples";

TEST(DemoCommand, FindsPlantedFraudAndTellsOfIt) {
  const TemporaryDirectory directory;
  const auto result = run_tocsin({"demo", "--events", "30000", "--seed", "5", "--samples", kSamples,
                                  "--keep", directory.path("kept")});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\nkind                 alerts  planted  found  recall"));
  for (const char* kind : {"account_takeover", "card_testing", "cash_out", "code_guessing",
                           "impossible_travel", "rising_amounts", "shared_device", "velocity"}) {
    EXPECT_THAT(result.out, HasSubstr("\n" + std::string(kind) + " "));
  }
  EXPECT_THAT(result.out, HasSubstr("\n30000 events in "));
  EXPECT_THAT(result.out, HasSubstr("\ncard_testing, card c"));
  EXPECT_THAT(result.out, ContainsRegex("probe .* online .* device d"));
  for (const char* name : {"payments.jsonl", "labels.jsonl", "alerts.jsonl"}) {
    EXPECT_TRUE(std::filesystem::exists(directory.path("kept") + "/" + name)) << name;
  }
}

// Recall and precision of the samples, over a stream large enough to mean something.
TEST(DemoCommand, TheSamplesFindNearlyAllAndAccuseFew) {
  const TemporaryDirectory directory;
  const std::string kept = directory.path("kept");
  ASSERT_EQ(
      run_tocsin({"demo", "--events", "150000", "--samples", kSamples, "--keep", kept}).status, 0);
  connectors::synthetic::Scorer scorer;
  ASSERT_TRUE(scorer.read_labels(kept + "/labels.jsonl"));
  ASSERT_TRUE(scorer.read_alerts(kept + "/alerts.jsonl"));
  const auto total = scorer.total();
  EXPECT_GT(total.planted, 150U);
  EXPECT_GE(total.recall(), 0.9);
  EXPECT_LT(total.recall(), 1.0);
  EXPECT_GE(total.precision(), 0.8);
  EXPECT_LT(total.precision(), 1.0);
  for (const auto& score : scorer.scores()) EXPECT_GE(score.recall(), 0.75) << score.kind;
}

TEST(DemoCommand, WithoutSamplesItSaysWhatIsMissing) {
  const TemporaryDirectory directory;
  const auto result = run_tocsin({"demo", "--samples", directory.path().string()});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("--samples DIR"));
}

}  // namespace
}  // namespace tocsin::server
