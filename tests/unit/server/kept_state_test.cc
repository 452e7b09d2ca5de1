// State directories that older programs have written, kept as they were: this program goes on from
// them. Each folder below kept_state has patterns.tocsin, blocked.txt, input.jsonl, and `state` and
// out.jsonl of a run over the first 230 lines:
//
//   tocsin run -p patterns.tocsin -i input.jsonl --out-of-order 5s --state state -o out.jsonl
//
// When the format of state changes, a folder is added; one goes when its format is read no more.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

std::vector<std::string> words(const std::string& out) {
  return {"run", "-p", "patterns.tocsin", "-i", "input.jsonl", "--out-of-order", "5s", "-o", out};
}

class KeptState : public testing::TestWithParam<std::string> {};

TEST_P(KeptState, ThisProgramGoesOnFromIt) {
  const std::filesystem::path kept =
      std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests/unit/server/kept_state" / GetParam();
  const tests::TemporaryDirectory directory;
  std::filesystem::copy(kept, directory.path(), std::filesystem::copy_options::recursive);
  std::filesystem::current_path(directory.path());  // the state knows its output by its path
  const tests::ProcessResult undisturbed = tests::run_tocsin(words("undisturbed.jsonl"));
  ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
  EXPECT_LT(std::filesystem::file_size("out.jsonl"),
            std::filesystem::file_size("undisturbed.jsonl"));
  for (const char* threads : {"3", "1"}) {  // the second time it has come to its end
    std::vector<std::string> arguments = words("out.jsonl");
    arguments.insert(arguments.end(), {"--state", "state", "--threads", threads});
    const tests::ProcessResult went_on = tests::run_tocsin(arguments);
    ASSERT_EQ(went_on.status, 0) << went_on.err;
    EXPECT_NE(went_on.err.find("goes on from checkpoint"), std::string::npos) << went_on.err;
    EXPECT_EQ(tests::read_file("out.jsonl"), tests::read_file("undisturbed.jsonl"));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, KeptState, testing::Values("v2"));

}  // namespace
}  // namespace tocsin::server
