#include "connectors/state/run_meta.h"

#include <gtest/gtest.h>

namespace tocsin::connectors {
namespace {

RunMeta example_meta() {
  RunMeta meta;
  meta.inputs.emplace_back(
      "a \"quoted\" name.csv",
      runtime::SourcePosition{7, 4711, UINT64_MAX, 1, runtime::LineState::kQuoted});
  meta.inputs.emplace_back("-", runtime::SourcePosition{});
  meta.name = "fraud";
  meta.sinks = {{"alerts", "99 5 alerts.jsonl"}, {"a \"b\"", ""}};
  meta.late = {"late\n.jsonl", {5, 6}};
  meta.malformed = 3;
  meta.log = LogPlace{7, 8, 9};
  StoredPattern pattern{"p", "p@2", "xxh3-0", "1-2-3-4", {}, {}};
  pattern.since = runtime::InputPlace{{5, 6}, {1'000'000}};
  meta.patterns.push_back(pattern);
  pattern.state = "p";
  pattern.until = pattern.since;
  pattern.since.reset();
  meta.patterns.push_back(pattern);
  meta.derived = {77};
  meta.events = runtime::EventDetail::kNone;
  meta.plan = runtime::PlanChoice::kPlain;
  return meta;
}

TEST(RunMeta, ComesBack) {
  const RunMeta meta = example_meta();
  const auto read = parse_run_meta(print_run_meta(meta));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->inputs, meta.inputs);
  EXPECT_EQ(read->name, "fraud");
  EXPECT_EQ(read->sinks, meta.sinks);
  ASSERT_TRUE(read->late);
  EXPECT_EQ(read->late->path, "late\n.jsonl");
  EXPECT_EQ(read->late->position, meta.late->position);
  EXPECT_FALSE(read->dead_letters);
  EXPECT_EQ(read->malformed, 3U);
  EXPECT_EQ(read->log, meta.log);
  EXPECT_EQ(read->patterns, meta.patterns);
  EXPECT_EQ(read->derived, meta.derived);
  EXPECT_EQ(read->events, meta.events);
  EXPECT_EQ(read->plan, meta.plan);
}

// As programs wrote it that knew one file of alerts.
TEST(RunMeta, OneFileOfAlertsIsASink) {
  std::string text = print_run_meta(example_meta());
  const size_t begin = text.find("\"sinks\"");
  const size_t end = text.find(']', begin) + 1;
  text.replace(begin, end - begin, R"("alerts":{"path":"a b.jsonl","bytes":7,"tail_hash":9})");
  const auto read = parse_run_meta(text);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->sinks, (std::vector<RunMeta::Sink>{{"alerts", "7 9 a b.jsonl"}}));
}

TEST(RunMeta, WhatIsCutOffIsRefused) {
  const std::string text = print_run_meta(example_meta());
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_run_meta(text.substr(0, size))) << size;
  }
}

TEST(RunMeta, WhatLacksAMemberIsRefused) {
  for (const char* member :
       {"inputs", "sinks", "position", "malformed", "patterns", "line", "records"}) {
    std::string text = print_run_meta(example_meta());
    text.replace(text.find("\"" + std::string(member) + "\"") + 1, 1, "_");
    EXPECT_FALSE(parse_run_meta(text)) << member;
  }
}

}  // namespace
}  // namespace tocsin::connectors
