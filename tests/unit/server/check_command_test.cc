// Runs `tocsin check`.
#include "server/check_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using tests::ProcessResult;
using tests::run_tocsin;
using tests::TemporaryDirectory;

constexpr std::string_view kEvent = "event E { k: string, at: timestamp } time at\n";
constexpr std::string_view kPattern = "pattern twice { match a: E then b: E within 10s }\n";

TEST(CheckCommand, SaysWhatItRead) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("a.tocsin", std::string(kEvent) + std::string(kPattern));
  const ProcessResult result = run_tocsin({"check", file});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "ok: 1 pattern, 1 event type\n");
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(CheckCommand, ReadsListsBesideTheFileThatDeclaresThem) {
  const TemporaryDirectory directory;
  const std::string file = directory.write(
      "rules/a.tocsin",
      std::string(kEvent) + "list l: string from '../lists/l.txt'\n" + std::string(kPattern));
  const ProcessResult missing = run_tocsin({"check", file});
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("error[unreadable-list]: list 'l': cannot read"));
  EXPECT_THAT(missing.err, HasSubstr("rules/../lists/l.txt"));
  directory.write("lists/l.txt", "one\ntwo\n");
  EXPECT_EQ(run_tocsin({"check", file}).status, 0);
}

TEST(CheckCommand, RefusesWhatIsBeyondTheEnginesLimits) {
  const TemporaryDirectory directory;
  std::string pattern = "pattern p { match a: E";
  for (int i = 0; i < 70; ++i) pattern += " then b" + std::to_string(i) + ": E?";
  const std::string file =
      directory.write("a.tocsin", std::string(kEvent) + pattern + " then z: E within 1h }\n");
  const ProcessResult result = run_tocsin({"check", file});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("more than 64 ways to go on"));
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(CheckCommand, FilesSeeEachOther) {
  const TemporaryDirectory directory;
  const std::string pattern = directory.write("a.tocsin", kPattern);
  const std::string event = directory.write("b.tocsin", kEvent);
  EXPECT_EQ(run_tocsin({"check", pattern, event}).status, 0);
  const ProcessResult alone = run_tocsin({"check", pattern});
  EXPECT_EQ(alone.status, 1);
  EXPECT_THAT(alone.err, HasSubstr("'E'"));
  EXPECT_THAT(alone.out, IsEmpty());
}

TEST(CheckCommand, ShowsAllMistakesOfAllFiles) {
  const TemporaryDirectory directory;
  const std::string one = directory.write(
      "a.tocsin", std::string(kEvent) + "pattern p { match a: E[kk == 'x'] within 1s }\n");
  const std::string two = directory.write(
      "b.tocsin", "pattern q { match a: E[k == 1] within 1s }\npattern r { match }\n");
  const ProcessResult result = run_tocsin({"check", one, two});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("a.tocsin:2:24: error[unknown-field]"));
  EXPECT_THAT(result.err, HasSubstr("b.tocsin:1:"));
  EXPECT_THAT(result.err, HasSubstr("b.tocsin:2:"));
}

TEST(CheckCommand, WarningsDoNotMakeItFail) {
  const TemporaryDirectory directory;
  const std::string file =
      directory.write("a.tocsin", std::string(kEvent) + "pattern p { match a: E then b: E }\n");
  const ProcessResult result = run_tocsin({"check", file});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, HasSubstr("warning["));
}

TEST(CheckCommand, ReadsStandardInput) {
  const ProcessResult good = run_tocsin({"check", "-"}, {.input = std::string(kEvent)});
  EXPECT_EQ(good.status, 0);
  EXPECT_EQ(good.out, "ok: 0 patterns, 1 event type\n");
  EXPECT_THAT(run_tocsin({"check", "-"}, {.input = "nonsense"}).err, StartsWith("<stdin>:1:1: "));
}

TEST(CheckCommand, AnEmptyFileHoldsNothing) {
  const TemporaryDirectory directory;
  const ProcessResult result = run_tocsin({"check", directory.write("a.tocsin", "")});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "ok: 0 patterns, 0 event types\n");
}

TEST(CheckCommand, WhatCannotBeReadIsNamed) {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("missing.tocsin");
  const ProcessResult result = run_tocsin({"check", missing});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(result.err, "error: cannot read '" + missing + "': No such file or directory\n");
  const ProcessResult folder = run_tocsin({"check", directory.path().string()});
  EXPECT_EQ(folder.status, 3);
  EXPECT_THAT(folder.err, HasSubstr("Is a directory"));
}

TEST(CheckCommand, EndlessInputIsRefused) {
  const ProcessResult result = run_tocsin({"check", "/dev/zero"});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "error: '/dev/zero' is longer than a pattern file may be, 64 MiB\n");
}

}  // namespace
}  // namespace tocsin::server
