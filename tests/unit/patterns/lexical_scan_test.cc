#include "patterns/lexical_scan.h"

#include <gtest/gtest.h>

#include "patterns/parser.h"
#include "patterns/printer.h"
#include "tests/support/ast_dump.h"

namespace tocsin::patterns {
namespace {

struct Read {
  ast::File file;
  std::vector<Diagnostic> mistakes;
};

Read read(std::string text) {
  const SourceFile source("t", std::move(text));
  Diagnostics diagnostics;
  Read out;
  out.file = parse(source, diagnostics);
  out.mistakes = diagnostics.items();
  return out;
}

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

std::string condition(const std::string& text) {
  return "pattern p { match a: T[" + text + "] }";
}

// One mistake with this code and these words in its message.
void expect_one(const Read& read, const std::string& code, const std::string& words) {
  ASSERT_EQ(read.mistakes.size(), 1u) << read.mistakes.back().message;
  EXPECT_EQ(read.mistakes[0].code, code);
  EXPECT_NE(read.mistakes[0].message.find(words), std::string::npos) << read.mistakes[0].message;
}

TEST(LexicalScan, CutsDeclarations) {
  const SourceFile source("t", "event E { a: int } time a\nlist l: int from 'x' pattern p {}");
  Diagnostics diagnostics;
  LexicalScan scan(source, diagnostics);
  std::vector<size_t> counts;
  while (const auto tokens = scan.next()) {
    EXPECT_EQ(tokens->back().kind, TokenKind::kEnd);
    counts.push_back(tokens->size());
  }
  EXPECT_EQ(counts, (std::vector<size_t>{10, 7, 5}));
  EXPECT_FALSE(diagnostics.has_errors());
}

TEST(LexicalScan, BoundsNesting) {
  const size_t inside = kMaxNesting - 2;  // the pattern's brace and the step's bracket
  EXPECT_TRUE(read(condition(repeat("(", inside) + "1" + repeat(")", inside))).mistakes.empty());
  expect_one(read(condition(repeat("(", inside + 1) + "1" + repeat(")", inside + 1))), "limit",
             "nest deeper than 100");
  expect_one(read(condition(repeat("(", 100000) + "1" + repeat(")", 100000))), "limit",
             "nest deeper than 100");
  expect_one(read(condition(repeat("f(", 40000) + repeat(")", 40000))), "limit", "nest deeper");
  expect_one(read("pattern p { match " + repeat("(", 100000) + " }"), "limit", "nest deeper");
  expect_one(read(repeat("[{(", 1000000)), "syntax", "expected 'event'");
}

// What passes is shallow enough for any visitor: here the parser, the dump, the printer, the end.
TEST(LexicalScan, DeepestAcceptedTextsFitTheStack) {
  const size_t inside = kMaxNesting - 2;
  const std::string texts[] = {
      condition(repeat("(", inside) + "1" + repeat(")", inside)),
      condition(repeat("not (", inside) + "1" + repeat(")", inside)),
      condition(repeat("f(1, ", inside) + "1" + repeat(")", inside)),
      condition(repeat("1 in (", inside) + "1" + repeat(")", inside)),
      condition(repeat("not ", 249) + "a"),
      condition(repeat("- ", 249) + "a"),
      condition("1" + repeat(" + 1", 249)),
      "pattern p { match " + repeat("(", kMaxNesting - 1) + "a" + repeat(")", kMaxNesting - 1) +
          " }",
  };
  for (const std::string& text : texts) {
    const SourceFile source("t", text);
    Diagnostics diagnostics;
    const ast::File file = parse(source, diagnostics);
    ASSERT_TRUE(diagnostics.items().empty()) << diagnostics.items()[0].message;
    EXPECT_GT(test::dump(file).size(), 200u);
    EXPECT_GT(print(file, source).size(), 200u);
  }
}

TEST(LexicalScan, BoundsChainsOfOperators) {
  for (const char* link : {" + 1", " * 1", " - a.b", " % f()"}) {
    expect_one(read(condition("1" + repeat(link, 30000))), "limit", "too deep");
  }
  expect_one(read(condition(repeat("not ", 50000) + "a")), "limit", "too deep");
  expect_one(read(condition(repeat("-", 100000) + "a")), "limit", "too deep");
}

TEST(LexicalScan, ChainsOfAndAndOrAreShallow) {
  for (const char* link : {" and a", " or a"}) {
    const std::string text = condition("a" + repeat(link, 30000));
    const SourceFile source("t", text);
    Diagnostics diagnostics;
    const ast::File file = parse(source, diagnostics);
    ASSERT_TRUE(diagnostics.items().empty());
    EXPECT_LE(file.declarations[0].pattern->match.elements[0].step.condition->height, 17u);
    const SourceFile printed("t", print(file, source));
    EXPECT_EQ(test::dump(parse(printed, diagnostics)), test::dump(file));
  }
}

TEST(LexicalScan, BoundsTheBytesOfADeclaration) {
  expect_one(read(condition("a" + repeat(" and a", 100000))), "limit", "longer than 262144 bytes");
  EXPECT_TRUE(read("pattern p { match a" + repeat(" then a", 30000) + "}").mistakes.empty());
  const Read both = read(condition("a" + repeat(" and a", 100000)) + "pattern q { match b }");
  EXPECT_EQ(both.mistakes.size(), 1u);
  EXPECT_EQ(test::dump(both.file), "(pattern q [(step b -)])\n");
}

TEST(LexicalScan, ReadsLargeFiles) {
  const Read large = read(repeat("pattern p { match a: T[x > 1] then b within 5m }\n", 50000));
  EXPECT_TRUE(large.mistakes.empty());
  EXPECT_EQ(large.file.declarations.size(), 50000u);
}

TEST(LexicalScan, GivesUpOnWhatIsNoPatternFile) {
  const Read json = read(repeat("{\"a\": 1}\n", 1 << 20));
  expect_one(json, "syntax", "expected 'event'");
  for (const char* text : {"\"", "pattern p\n", "pattern {\n", "/*", "%PDF'\n"}) {
    const Read junk = read(repeat(text, 100000));
    EXPECT_GE(junk.mistakes.size(), 1u) << text;
    EXPECT_LE(junk.mistakes.size(), kMaxMistakes + 1) << text;
  }
}

TEST(LexicalScan, RefusesLargerFilesAndOtherEncodings) {
  expect_one(read(std::string(kMaxFileBytes + 1, ' ')), "limit", "longer than 64 MiB");
  for (const char* bytes : {"\xFF", "\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xC0\x80"}) {
    const Read invalid = read("pattern p { match a } //" + std::string(bytes));
    expect_one(invalid, "utf-8", "not UTF-8");
    EXPECT_EQ(invalid.mistakes[0].span, (Span{24, 25}));
  }
  expect_one(read(std::string("event\0E", 7)), "syntax", "expected a name after 'event'");
}

}  // namespace
}  // namespace tocsin::patterns
