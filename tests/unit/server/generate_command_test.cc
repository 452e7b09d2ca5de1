#include "server/generate_command.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "server/exit_status.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using tests::read_file;
using tests::TemporaryDirectory;

// Runs the command as the program would; the exit status, or 2 where the line is wrong.
int generate(std::vector<std::string> arguments) {
  CLI::App app;
  Action action;
  add_generate_command(app, action);
  arguments.insert(arguments.begin(), "generate");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants a vector
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError&) {
    return kUsageWrong;
  }
  return action();
}

int64_t count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

TEST(GenerateCommand, WritesRecordsAndLabels) {
  const TemporaryDirectory directory;
  const std::string records = directory.path("records.jsonl");
  const std::string labels = directory.path("labels.jsonl");
  EXPECT_EQ(generate({"payments", "--events", "5000", "--seed", "7", "--malformed", "0", "-o",
                      records, "--labels", labels}),
            kDone);
  EXPECT_EQ(count_lines(read_file(records)), 5000);
  EXPECT_GT(count_lines(read_file(labels)), 10);
  EXPECT_TRUE(read_file(labels).starts_with("{\"kind\":\""));
}

TEST(GenerateCommand, EachFlagChangesWhatComesOut) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("out");
  const auto made = [&path](std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"payments", "--events", "300", "-o", path});
    EXPECT_EQ(generate(flags), kDone);
    return read_file(path);
  };
  const std::string plain = made({});
  EXPECT_EQ(made({"--seed", "1", "--rate", "10", "--out-of-order", "5s", "--malformed", "20",
                  "--start", "2026-03-01T00:00:00Z", "--format", "json"}),
            plain);
  EXPECT_NE(made({"--seed", "2"}), plain);
  EXPECT_NE(made({"--rate", "3"}), plain);
  EXPECT_NE(made({"--out-of-order", "0s"}), plain);
  EXPECT_GT(count_lines(made({"--malformed", "500000"})), 400);
  EXPECT_NE(made({"--start", "2027-01-01"}).find("2027-01-01T00:00:"), std::string::npos);
  EXPECT_TRUE(made({"--format", "csv"}).starts_with("type,id,at,"));
}

TEST(GenerateCommand, WrongFlagsAreUsageErrors) {
  EXPECT_EQ(generate({}), kUsageWrong);
  EXPECT_EQ(generate({"paiments"}), kUsageWrong);
  EXPECT_EQ(generate({"ticks", "--start", "yesterday"}), kUsageWrong);
  EXPECT_EQ(generate({"ticks", "--out-of-order", "5"}), kUsageWrong);
  EXPECT_EQ(generate({"ticks", "--out-of-order", "9d"}), kUsageWrong);
  EXPECT_EQ(generate({"ticks", "--rate", "0"}), kUsageWrong);
  EXPECT_EQ(generate({"ticks", "--format", "xml"}), kUsageWrong);
}

TEST(GenerateCommand, AFileThatCannotBeWrittenIsTheWorldsFault) {
  const TemporaryDirectory directory;
  EXPECT_EQ(generate({"ticks", "--events", "1", "-o", directory.path("none/out")}), kWorldFailed);
  EXPECT_EQ(generate({"ticks", "--events", "1", "-o", directory.path("out"), "--labels",
                      directory.path("none/labels")}),
            kWorldFailed);
  EXPECT_EQ(generate({"ticks", "-o", "/dev/full"}), kWorldFailed);
}

}  // namespace
}  // namespace tocsin::server
