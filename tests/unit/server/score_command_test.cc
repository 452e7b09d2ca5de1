#include "server/score_command.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using tests::run_tocsin;
using tests::TemporaryDirectory;

constexpr const char* kLabels = R"({"kind":"velocity","fraud":true,"ids":["p1","p2"]})"
                                "\n"
                                R"({"kind":"cash_out","fraud":true,"ids":["p3"]})"
                                "\n"
                                R"({"kind":"shopping_spree","fraud":false,"ids":["p4"]})"
                                "\n";
constexpr const char* kAlerts = R"({"pattern":"velocity","events":{"a":[{"id":"p1"},{"id":"p2"}]}})"
                                "\n"
                                R"({"pattern":"velocity","events":{"a":[{"id":"p4"}]}})"
                                "\n";

TEST(ScoreCommand, PrintsATable) {
  const TemporaryDirectory directory;
  const auto result = run_tocsin({"score", "--alerts", directory.write("alerts", kAlerts),
                                  "--labels", directory.write("labels", kLabels)});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "kind                 alerts  planted  found  recall  precision  false alerts\n"
            "cash_out                  0        1      0   0.000      1.000\n"
            "velocity                  2        1      1   1.000      0.500  1 shopping_spree\n"
            "all                       2        2      1   0.500      0.500\n");
}

TEST(ScoreCommand, PrintsJson) {
  const TemporaryDirectory directory;
  const auto result = run_tocsin({"score", "--json", "--alerts", directory.write("alerts", kAlerts),
                                  "--labels", directory.write("labels", kLabels)});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            R"({"kinds":[{"kind":"cash_out","planted":1,"found":0,"recall":0.0000,"alerts":0,)"
            R"("true_alerts":0,"precision":1.0000,"mistaken":{}},{"kind":"velocity","planted":1,)"
            R"("found":1,"recall":1.0000,"alerts":2,"true_alerts":1,"precision":0.5000,)"
            R"("mistaken":{"shopping_spree":1}}],"all":{"kind":"all","planted":2,"found":1,)"
            R"("recall":0.5000,"alerts":2,"true_alerts":1,"precision":0.5000,)"
            R"("mistaken":{"shopping_spree":1}}})"
            "\n");
}

TEST(ScoreCommand, WrongFilesAndFlags) {
  const TemporaryDirectory directory;
  const std::string labels = directory.write("labels", kLabels);
  EXPECT_EQ(run_tocsin({"score", "--alerts", labels, "--labels", labels}).status, 1);
  EXPECT_EQ(run_tocsin({"score", "--alerts", directory.path("none"), "--labels", labels}).status,
            3);
  EXPECT_EQ(run_tocsin({"score", "--labels", labels}).status, 2);
}

}  // namespace
}  // namespace tocsin::server
