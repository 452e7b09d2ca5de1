// Runs `tocsin fmt`.
#include "server/fmt_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::ProcessResult;
using tests::read_file;
using tests::run_tocsin;
using tests::TemporaryDirectory;

constexpr std::string_view kUgly = "event E {k:string,at:timestamp} time   at";

// The canonical text of kUgly.
std::string pretty() {
  return run_tocsin({"fmt", "-"}, {.input = std::string(kUgly)}).out;
}

TEST(FmtCommand, StandardInputGoesToStandardOutput) {
  const ProcessResult result = run_tocsin({"fmt", "-"}, {.input = std::string(kUgly)});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.out, "event E {\n  k:  string,\n  at: timestamp,\n} time at\n");
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_EQ(run_tocsin({"fmt", "-"}, {.input = result.out}).out, result.out);
}

TEST(FmtCommand, FilesAreRewrittenInPlace) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("a.tocsin", kUgly);
  const ProcessResult result = run_tocsin({"fmt", file});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(result.err, "formatted " + file + "\n");
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(read_file(file), pretty());
  EXPECT_THAT(run_tocsin({"fmt", file}).err, IsEmpty());
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), {}), 1) << "nothing is left";
}

TEST(FmtCommand, ModeAndSymbolicLinkStay) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("a.tocsin", kUgly);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  const std::string link = directory.path("link.tocsin");
  fs::create_symlink(file, link);
  EXPECT_EQ(run_tocsin({"fmt", link}).status, 0);
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(read_file(file), pretty());
  EXPECT_EQ(fs::status(file).permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

TEST(FmtCommand, CheckListsAndChangesNothing) {
  const TemporaryDirectory directory;
  const std::string ugly = directory.write("a.tocsin", kUgly);
  const std::string good = directory.write("b.tocsin", pretty());
  const ProcessResult result = run_tocsin({"fmt", "--check", ugly, good});
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.out, ugly + "\n");
  EXPECT_EQ(read_file(ugly), kUgly);
  const ProcessResult fine = run_tocsin({"fmt", "--check", good});
  EXPECT_EQ(fine.status, 0);
  EXPECT_THAT(fine.out, IsEmpty());
}

TEST(FmtCommand, AFileWithMistakesIsLeftAndTheOthersAreDone) {
  const TemporaryDirectory directory;
  const std::string wrong = directory.write("a.tocsin", "event E {");
  const std::string ugly = directory.write("b.tocsin", kUgly);
  const ProcessResult result = run_tocsin({"fmt", wrong, ugly});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("a.tocsin:1:"));
  EXPECT_EQ(read_file(wrong), "event E {");
  EXPECT_EQ(read_file(ugly), pretty());
}

TEST(FmtCommand, WhatCannotBeWrittenIsNamed) {
  const ProcessResult missing = run_tocsin({"fmt", "/nonexistent/a.tocsin"});
  EXPECT_EQ(missing.status, 3);
  EXPECT_EQ(missing.err, "error: cannot read '/nonexistent/a.tocsin': No such file or directory\n");
  const ProcessResult device = run_tocsin({"fmt", "/dev/null"});
  EXPECT_EQ(device.status, 0) << "an empty file is in order";
}

}  // namespace
}  // namespace tocsin::server
