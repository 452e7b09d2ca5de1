// Runs the program: what a wrong command line is answered, and how the program ends.
#include "server/command_line.h"

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

constexpr std::string_view kAnyPattern =
    "event E {\n  k: string,\n  at: timestamp,\n} time at\n\n"
    "pattern twice {\n  match a: E then b: E\n}\n";

void expect_usage_error(const std::vector<std::string>& arguments, const std::string& error) {
  const ProcessResult result = run_tocsin(arguments);
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err, error);
  EXPECT_THAT(result.out, IsEmpty());
}

TEST(CommandLine, VersionAndHelpGoToStandardOutput) {
  const ProcessResult version = run_tocsin({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.out, "tocsin 0.1.0\n");
  const ProcessResult help = run_tocsin({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, HasSubstr("check"));
  EXPECT_THAT(help.out, HasSubstr("explain"));
  EXPECT_THAT(help.err, IsEmpty());
  const ProcessResult run_help = run_tocsin({"run", "--help"});
  EXPECT_EQ(run_help.status, 0);
  EXPECT_THAT(run_help.out, HasSubstr("--out-of-order"));
  EXPECT_THAT(run_help.out, HasSubstr("tocsin run"));
  EXPECT_EQ(run_help.out.find("--batch-size"), std::string::npos);
}

TEST(CommandLine, ACommandIsNeeded) {
  const ProcessResult result = run_tocsin({});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, StartsWith("error: no command is given\n  help: commands: check, "));
}

TEST(CommandLine, AMisspeltCommandIsGuessed) {
  expect_usage_error({"chekc", "a.tocsin"},
                     "error: there is no command 'chekc'\n"
                     "  help: did you mean 'check'?\n"
                     "  usage: see 'tocsin --help'\n");
  EXPECT_THAT(run_tocsin({"frobnicate"}).err, HasSubstr("help: commands: check, "));
  EXPECT_THAT(run_tocsin({"--frobnicate"}).err, HasSubstr("there is no flag '--frobnicate'"));
}

TEST(CommandLine, AnUnknownFlagIsNamedAndGuessed) {
  expect_usage_error({"fmt", "--chek", "a.tocsin"},
                     "error: 'fmt' has no flag '--chek'\n"
                     "  help: did you mean '--check'?\n"
                     "  usage: see 'tocsin fmt --help'\n");
  // It explains why the right one is missing.
  expect_usage_error({"run", "--paterns=a.tocsin", "-i", "-"},
                     "error: 'run' has no flag '--paterns'\n"
                     "  help: did you mean '--patterns'?\n"
                     "  usage: see 'tocsin run --help'\n");
}

TEST(CommandLine, FlagsOfLaterVersionsAreUnknown) {
  const ProcessResult result = run_tocsin({"run", "-p", "a", "-i", "b", "--cluster=c"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("'run' has no flag"));
}

TEST(CommandLine, ASizeHasAUnit) {
  for (const char* size : {"2", "2B", "1KB", "1.5GiB", "512MB", "0.5TB", "2KiB", "3MiB", "1TiB"}) {
    const ProcessResult result = run_tocsin({"run", "-p", "a", "-i", "b", "--memory", size});
    EXPECT_EQ(result.err.find("no size"), std::string::npos) << size;
  }
  for (const char* size :
       {"", "GB", "2gb", "-1GB", "0", "0.1", "1e99GB", "nanGB", "2GBs", "2 GB"}) {
    const ProcessResult result = run_tocsin({"run", "-p", "a", "-i", "b", "--memory", size});
    EXPECT_EQ(result.status, 2) << size;
    EXPECT_THAT(result.err, HasSubstr("is no size, which looks like 2GB, 512MB or 1.5GiB")) << size;
  }
}

TEST(CommandLine, WhatIsMissingIsSaid) {
  EXPECT_EQ(run_tocsin({"check"}).status, 2);
  const ProcessResult no_input = run_tocsin({"run", "-p", "a.tocsin"});
  EXPECT_EQ(no_input.status, 2);
  EXPECT_THAT(no_input.err, HasSubstr("--input is required"));
  expect_usage_error({"run", "-p", "a.tocsin", "-i", "b", "--late"},
                     "error: '--late' needs a value\n  usage: see 'tocsin run --help'\n");
}

TEST(CommandLine, WhatIsGivenTwiceIsSaid) {
  expect_usage_error({"run", "-p", "a.tocsin", "-i", "b", "-o", "x", "-o", "y"},
                     "error: '--out' is given more than once\n"
                     "  usage: see 'tocsin run --help'\n");
  expect_usage_error({"fmt", "a.tocsin", "--check=no"},
                     "error: '--check' takes no value\n  usage: see 'tocsin fmt --help'\n");
}

TEST(CommandLine, AnInputWithoutItsFlagGetsHelp) {
  expect_usage_error({"run", "events.jsonl"},
                     "error: 'run' has no place for 'events.jsonl'\n"
                     "  help: inputs follow -i, pattern files -p\n"
                     "  usage: see 'tocsin run --help'\n");
}

TEST(CommandLine, WrongValuesAreRefused) {
  const auto refused = [](const std::string& flag, const std::string& value) {
    const ProcessResult result = run_tocsin({"run", "-p", "a", "-i", "b", flag, value});
    EXPECT_EQ(result.status, 2) << flag << ' ' << value;
    return result.err;
  };
  EXPECT_THAT(refused("--out-of-order", "5 minutes"),
              StartsWith("error: --out-of-order: '5 minutes' is no duration, which looks like "));
  EXPECT_THAT(refused("--format", "xml"), HasSubstr("'xml' is none of json, csv"));
  EXPECT_THAT(refused("--events", "some"), HasSubstr("'some' is none of full, none"));
  EXPECT_THAT(refused("--log-level", "loud"), HasSubstr("'loud' is none of debug, info"));
  EXPECT_THAT(refused("--max-starts", "0"),
              StartsWith("error: --max-starts: '0' is no whole number from 1 to 4294967295\n"));
  refused("--max-starts", "-1");
  refused("--max-starts", "10k");
  refused("--batch-size", "0");
  EXPECT_EQ(run_tocsin({"explain", "a", "--format", "svg"}).status, 2);
}

TEST(CommandLine, AClosedReaderEndsItQuietly) {
  const ProcessResult result = run_tocsin({"--help"}, {.read_at_most = 0});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
}

TEST(CommandLine, AFullDiskIsTheWorldsFault) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("a.tocsin", kAnyPattern);
  const ProcessResult result = run_tocsin({"check", file}, {.out_file = "/dev/full"});
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot write standard output: No space left on device"));
}

}  // namespace
}  // namespace tocsin::server
