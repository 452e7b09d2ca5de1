// Documents that show patterns, events and alerts show what really comes out: the alerts (```json)
// of running the patterns (```tocsin) over the events (```jsonl), with --events none.
#include <gtest/gtest.h>

#include "tests/support/markdown.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

struct Example {
  std::string patterns;
  std::string events;
  std::string alerts;
};

Example example_in(const std::string& document) {
  Example example;
  for (const tests::CodeBlock& block : tests::code_blocks(tests::read_file(document))) {
    if (block.language == "tocsin") example.patterns += block.text;
    if (block.language == "jsonl") example.events += block.text;
    if (block.language == "json") example.alerts += block.text;
  }
  return example;
}

TEST(Examples, AlertsInDocumentsAreWhatComesOut) {
  for (const char* name : {"README.md", "docs/start.md"}) {
    const Example example = example_in(std::string(TOCSIN_SOURCE_DIR "/") + name);
    ASSERT_FALSE(example.events.empty()) << name;
    const tests::TemporaryDirectory directory;
    const tests::ProcessResult result =
        tests::run_tocsin({"run", "-p", directory.write("p.tocsin", example.patterns), "-i",
                           directory.write("e.jsonl", example.events), "--events", "none"});
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.out, example.alerts) << name;
  }
}

}  // namespace
}  // namespace tocsin::server
