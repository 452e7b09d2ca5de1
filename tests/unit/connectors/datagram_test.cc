#include "tests/unit/connectors/datagram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/markdown.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

TEST(Datagram, WhatTheSinkWritesTheSourceReads) {
  DatagramSource source("in", text_events());
  ASSERT_TRUE(source.bind(0));
  eventtime::Batch empty(text_events());
  EXPECT_TRUE(*source.read(empty, 10));
  EXPECT_TRUE(empty.rows.empty());
  DatagramSink sink("out", source.port());
  ASSERT_TRUE(sink.resume("5"));
  ASSERT_TRUE(source.resume(runtime::SourcePosition{.records = 7}));
  for (const std::string json : {R"({"s":"a","at":1})", R"({"s":1})", R"({"s":"b","at":2})"}) {
    ASSERT_TRUE(sink.write({"p", "id", "{}", {1}, json}));
  }
  EXPECT_EQ(sink.position(), "8");
  std::vector<std::string> lines;
  while (lines.size() < 3) {
    eventtime::Batch batch(text_events());
    ASSERT_TRUE(*source.read(batch, 2));
    append_records(lines, batch, text_events(), 7);
  }
  EXPECT_THAT(lines,
              testing::ElementsAre(testing::StartsWith("7 E{s: \"a\""),
                                   testing::StartsWith("8 refused: field 's': expected string"),
                                   testing::StartsWith("9 E{s: \"b\"")));
  EXPECT_EQ(source.position().records, 10U);
}

// Blanks at the beginnings of lines and line ends aside.
std::string squeezed(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == ' ' && (result.empty() || result.back() == '\n')) continue;
    result += c;
  }
  return result;
}

TEST(Datagram, IsWhatTheDocumentShows) {
  const std::string root = TOCSIN_SOURCE_DIR;
  const std::string code = squeezed(tests::read_file(root + "/tests/unit/connectors/datagram.h"));
  int blocks = 0;
  for (const auto& block : tests::code_blocks(tests::read_file(root + "/docs/connectors.md"))) {
    if (block.language != "cpp") continue;
    ++blocks;
    EXPECT_THAT(code, testing::HasSubstr(squeezed(block.text))) << "line " << block.line;
  }
  EXPECT_GE(blocks, 2);
}

}  // namespace
}  // namespace tocsin::connectors
