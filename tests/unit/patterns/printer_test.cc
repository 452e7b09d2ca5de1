#include "patterns/printer.h"

#include <gtest/gtest.h>

#include "patterns/parser.h"
#include "tests/support/ast_dump.h"
#include "tests/support/random_tree.h"

namespace tocsin::patterns {
namespace {

// The text as it is printed, after all that must hold of it has been checked.
std::string format(const std::string& text) {
  std::vector<SourceFile> source;
  source.emplace_back("t", text);
  Diagnostics diagnostics;
  const ast::File file = parse(source[0], diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics, source);
  std::vector<SourceFile> printed;
  printed.emplace_back("p", print(file, source[0]));
  const ast::File again = parse(printed[0], diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << render(diagnostics, printed);
  EXPECT_EQ(test::dump(again), test::dump(file)) << text;
  EXPECT_EQ(again.comments.size(), file.comments.size()) << printed[0].text();
  EXPECT_EQ(print(again, printed[0]), printed[0].text()) << text;
  return std::string(printed[0].text());
}

struct PrinterCase {
  const char* text;
  const char* printed;
};

TEST(Printer, LaysOutDeclarations) {
  const PrinterCase cases[] = {
      {"", ""},
      {"event E{}", "event E {\n}\n"},
      {"event E { a: int, long_name: timestamp( s )? from 'x' } time a list l:cidr from 'f'",
       "event E {\n"
       "  a:         int,\n"
       "  long_name: timestamp(s)? from \"x\",\n"
       "} time a\n"
       "\n"
       "list l: cidr from \"f\"\n"},
      {"pattern p { match a }", "pattern p {\n  match  a\n}\n"},
      {"pattern p 'it''s' { on A,B by k:in.t,out.s,c match a:T[x>1 and not y]{1,}? within 90 "
       "minutes "
       "emit c:c,n:count( a ) meta s:'x\"y' }",
       "pattern p \"it's\" {\n"
       "  on     A, B\n"
       "  by     k: in.t, out.s, c\n"
       "  match  a: T[x > 1 and not y]+?\n"
       "  within 1h30m\n"
       "  emit   c, n: count(a)\n"
       "  meta   s: 'x\"y'\n"
       "}\n"},
      {"pattern p { match (a|b then(c&d))then not x for 5m }",
       "pattern p {\n  match  (a | b then (c & d)) then not x for 5m\n}\n"},
      {"pattern p { match a+ in 5m longest strict without x:T between a and b skip to first a "
       "leftmost emit E{x:1,} on timeout emit z suppress 1h by b,c }",
       "pattern p {\n"
       "  match    a+ strict longest in 5m\n"
       "  without  x: T between a and b\n"
       "  skip     to first a leftmost\n"
       "  emit     E { x: 1 }\n"
       "  on timeout emit z\n"
       "  suppress 1h by b, c\n"
       "}\n"},
      {"pattern p { match `in` then in: T then any `match` skip to last `in` }",
       "pattern p {\n"
       "  match  `in` then in: T then any `match`\n"
       "  skip   to last `in`\n"
       "}\n"},
  };
  for (const PrinterCase& c : cases) EXPECT_EQ(format(c.text), c.printed);
}

TEST(Printer, BreaksWhatDoesNotFit) {
  EXPECT_EQ(
      format("pattern p { match first: Payment[amount < 2]{3,} then not other: Refund next hit: "
             "Payment[amount > 500 and (country != first.country or country is null) and merchant "
             "in ('a', 'b')] then any (x: Login[device == 'some rather long name of a device'] | "
             "y: Login[device == 'another rather long name'])+ strict then z "
             "having count(first) > 10 and sum(first.amount) > 100 and avg(first.amount) < 1000 "
             "or hit.amount > 1000 "
             "emit one: count(first), two: sum(first.amount), three: avg(first.amount), "
             "four: min(first.amount) }"),
      "pattern p {\n"
      "  match  first: Payment[amount < 2]{3,}\n"
      "    then not other: Refund\n"
      "    next hit:   Payment[amount > 500\n"
      "                        and (country != first.country or country is null)\n"
      "                        and merchant in (\"a\", \"b\")]\n"
      "    then any (x: Login[device == \"some rather long name of a device\"]\n"
      "              | y: Login[device == \"another rather long name\"])+ strict\n"
      "    then z\n"
      "  having count(first) > 10 and sum(first.amount) > 100 and avg(first.amount) < 1000\n"
      "         or hit.amount > 1000\n"
      "  emit   one: count(first),\n"
      "         two: sum(first.amount),\n"
      "         three: avg(first.amount),\n"
      "         four: min(first.amount)\n"
      "}\n");
}

TEST(Printer, FillsLinesWithLongLists) {
  std::string text = "pattern p { match a: T[x in (100000";
  for (int i = 1; i < 30; ++i) text += ", " + std::to_string(100000 + i);
  const std::string printed = format(text + ")] }");
  size_t lines = 0;
  for (size_t from = 0; from < printed.size(); ++lines) {
    const size_t end = printed.find('\n', from);
    EXPECT_LE(end - from, 100u);
    from = end + 1;
  }
  EXPECT_EQ(lines, 5u) << printed;
}

TEST(Printer, KeepsCommentsWhereTheyWere) {
  EXPECT_EQ(format("// head of the file\n"
                   "\n"
                   "// about E\n"
                   "event E { // the fields\n"
                   "  a: int, /* inside */ bb: string, // trailing\n"
                   "     // own line\n"
                   "  at: timestamp // last\n"
                   "  // before the end\n"
                   "} time at // end\n"
                   "/* above\n"
                   "   in two lines  */\n"
                   "\n"
                   "pattern p { // open\n"
                   "// above match\n"
                   "  match a: E[a > 1 // one\n"
                   "     and bb == 'x' /* two */] // three\n"
                   "    // four\n"
                   "    then not x: E // five\n"
                   "    then b: E\n"
                   "  emit a: a.a, /* six */ n: count(b) // seven\n"
                   "  // eight\n"
                   "}\n"
                   "// nine"),
            "// head of the file\n"
            "\n"
            "// about E\n"
            "event E {  // the fields\n"
            "  a:  int,\n"
            "  /* inside */ bb: string,  // trailing\n"
            "  // own line\n"
            "  at: timestamp,  // last\n"
            "  // before the end\n"
            "} time at  // end\n"
            "\n"
            "/* above\n"
            "   in two lines  */\n"
            "\n"
            "pattern p {  // open\n"
            "  // above match\n"
            "  match  a: E[a > 1           // one\n"
            "              and bb == \"x\"]  /* two */ // three\n"
            "    // four\n"
            "    then not x: E  // five\n"
            "    then b: E\n"
            "  emit   a: a.a, /* six */ n: count(b)  // seven\n"
            "  // eight\n"
            "}\n"
            "\n"
            "// nine\n");
}

TEST(Printer, AlignsCommentsOfNeighbouringLines) {
  EXPECT_EQ(format("event E {\na: int, // one\nb: timestamp(ms)?, // two\nc: int,\nd: int // 4\n}"),
            "event E {\n"
            "  a: int,             // one\n"
            "  b: timestamp(ms)?,  // two\n"
            "  c: int,\n"
            "  d: int,  // 4\n"
            "}\n");
}

// Comments in all places that a text has, one place at a time.
TEST(Printer, KeepsACommentAnywhere) {
  const std::vector<std::string> words = {
      "event",   "E",    "{",       "a",   ":",     "timestamp", "(",    "s",  ")",     "?",
      "from",    "'x'",  ",",       "}",   "time",  "a",         "list", "l",  ":",     "int",
      "from",    "'y'",  "pattern", "p",   "'d'",   "{",         "on",   "E",  "by",    "k",
      ":",       "a",    ".",       "b",   ",",     "c",         ".",    "d",  "match", "not",
      "x",       ":",    "E",       "for", "5m",    "then",      "a",    ":",  "E",     "[",
      "f",       "(",    "1",       ",",   "-",     "b",         ")",    ">",  "2",     "and",
      "c",       "not",  "in",      "(",   "1",     ",",         "2",    ")",  "]",     "{",
      "2",       ",",    "}",       "any", "until", "[",         "x",    "]",  "in",    "5m",
      "longest", "next", "(",       "a",   "|",     "b",         "then", "c",  ")",     "+",
      "without", "x",    "between", "a",   "and",   "b",         "skip", "to", "first", "a",
      "emit",    "E",    "{",       "v",   ":",     "1",         ",",    "w",  "}",     "suppress",
      "5m",      "by",   "q",       ",",   "r",     "meta",      "m",    ":",  "-",     "1",
      "}"};
  const char* comments[] = {
      " /* c */ ",   "\n// c\n", " // c\n", "\n/* c\n   d */\n", " /* c */\n// d\n /* e */ ",
      "\n\n// c\n\n"};
  for (const char* comment : comments) {
    for (size_t place = 0; place <= words.size(); ++place) {
      std::string text;
      for (size_t i = 0; i <= words.size(); ++i) {
        if (i == place) text += comment;
        if (i < words.size()) text += words[i] + " ";
      }
      format(text);
      if (HasFailure()) FAIL() << "comment " << comment << " at word " << place;
    }
  }
}

TEST(Printer, GivesBackRandomTrees) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    const ast::File tree = test::random_tree(seed);
    std::vector<SourceFile> printed;
    printed.emplace_back("t", print(tree, SourceFile("empty", "")));
    Diagnostics diagnostics;
    const ast::File again = parse(printed[0], diagnostics);
    ASSERT_FALSE(diagnostics.has_errors()) << seed << "\n"
                                           << render(diagnostics, printed) << printed[0].text();
    ASSERT_EQ(test::dump(again), test::dump(tree)) << seed << "\n" << printed[0].text();
    ASSERT_EQ(print(again, printed[0]), printed[0].text()) << seed;
  }
}

TEST(Printer, PrintsAnExpressionOnOneLine) {
  std::string text = "a == 1";
  for (int i = 0; i < 50; ++i) text += " and\nb in (1,2,3)";
  const SourceFile source("t", "pattern p { match a having " + text + " }");
  Diagnostics diagnostics;
  const ast::File file = parse(source, diagnostics);
  const std::string printed = print(*file.declarations[0].pattern->having);
  EXPECT_TRUE(printed.starts_with("a == 1 and b in (1, 2, 3) and b in (1, 2, 3) and "));
  EXPECT_EQ(printed.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace tocsin::patterns
