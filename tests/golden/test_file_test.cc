#include "tests/support/test_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kFile = R"(use "other.tocsin"  // its declarations
event E { k: string, test: int?, at: timestamp } time at
pattern test { match a: E[k == '}'] }

test "two arrivals" {
  out of order 5s
  +1m30s               E { k: 'it''s' } as a
  2026-03-01T10:00:00Z E { k: "b", test: -1.5 }
  +2h
  expect test at +90s { a: [a], key: { k: 'x' }, n: 3 }
  expect other
}
test "nothing" { open end }
)";

TestFile parsed(std::string_view text) {
  auto file = parse_test_file(text);
  EXPECT_TRUE(file) << file.error().message;
  return std::move(file.value());
}

TEST(TestFile, KeepsDeclarationsWhereTheyStand) {
  const TestFile file = parsed(kFile);
  EXPECT_THAT(file.uses, ElementsAre("other.tocsin"));
  EXPECT_EQ(file.declarations.size(), kFile.size());
  EXPECT_EQ(file.declarations.find("event E"), kFile.find("event E"));
  EXPECT_THAT(file.declarations, HasSubstr("pattern test { match a: E[k == '}'] }"));
  EXPECT_EQ(file.declarations.find("arrivals"), std::string::npos);
  EXPECT_EQ(file.declarations.find("use"), std::string::npos);
}

TEST(TestFile, ReadsArrivals) {
  const TestFile file = parsed(kFile);
  ASSERT_EQ(file.tests.size(), 2u);
  const PatternTest& test = file.tests[0];
  EXPECT_EQ(test.name, "two arrivals");
  EXPECT_EQ(test.line, 5u);
  EXPECT_EQ(to_string(test.out_of_order), "5s");
  ASSERT_EQ(test.lines.size(), 3u);
  EXPECT_EQ(to_string(test.lines[0].time), "2026-01-01T00:01:30.000Z");
  EXPECT_EQ(test.lines[0].type, "E");
  EXPECT_EQ(test.lines[0].name, "a");
  EXPECT_EQ(test.lines[0].fields.items[0].text, "it's");
  EXPECT_EQ(to_string(test.lines[1].time), "2026-03-01T10:00:00.000Z");
  EXPECT_THAT(test.lines[1].fields.names, ElementsAre("k", "test"));
  EXPECT_EQ(test.lines[1].fields.items[1].text, "-1.5");
  EXPECT_EQ(test.lines[2].type, "");
  EXPECT_FALSE(test.open_end);
  EXPECT_TRUE(file.tests[1].open_end);
}

TEST(TestFile, ReadsExpectations) {
  const TestFile file = parsed(kFile);
  const std::vector<TestExpectation>& expected = file.tests[0].expectations;
  ASSERT_EQ(expected.size(), 2u);
  EXPECT_EQ(expected[0].pattern, "test");
  EXPECT_EQ(to_string(expected[0].at.value()), "2026-01-01T00:01:30.000Z");
  EXPECT_THAT(expected[0].values.names, ElementsAre("a", "key", "n"));
  EXPECT_EQ(expected[0].values.items[0].kind, TestValue::Kind::kList);
  EXPECT_EQ(expected[0].values.items[1].kind, TestValue::Kind::kMap);
  EXPECT_EQ(expected[0].values.items[2].text, "3");
  EXPECT_EQ(expected[1].pattern, "other");
  EXPECT_FALSE(expected[1].at);
  EXPECT_THAT(expected[1].values.names, ElementsAre());
}

TEST(TestFile, NamesTheLineOfAMistake) {
  const auto message = [](std::string_view text) { return parse_test_file(text).error().message; };
  EXPECT_EQ(message("test \"a\" {\n  +1x E {}\n}"),
            "line 2: expected a time such as +20s, not '+1x'");
  EXPECT_EQ(message("test 'a' { out of order 5 }"), "line 1: expected a duration, not '5'");
  EXPECT_EQ(message("\ntest a {}"), "line 2: expected a text in quotes, not 'a'");
  EXPECT_EQ(message("test 'a' { expect p { x 1 } }"), "line 1: expected ':', not '1'");
  EXPECT_EQ(message("test 'a' { expect p"), "line 1: expected a time such as +20s, not ''");
}

}  // namespace
}  // namespace tocsin::tests
