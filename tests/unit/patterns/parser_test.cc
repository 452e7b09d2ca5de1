#include "patterns/parser.h"

#include <gtest/gtest.h>

#include "tests/support/ast_dump.h"

namespace tocsin::patterns {
namespace {

// The tree of the text; the rendered mistakes if there are any.
std::string tree(const std::string& text) {
  std::vector<SourceFile> files;
  files.emplace_back("t", text);
  Diagnostics diagnostics;
  const ast::File file = parse(files[0], diagnostics);
  return diagnostics.items().empty() ? test::dump(file) : render(diagnostics, files);
}

std::string expression(const std::string& text) {
  const std::string whole = tree("pattern p { match a having " + text + " }");
  const std::string before = "(pattern p [(step a -)] having=";
  return whole.starts_with(before) ? whole.substr(before.size(), whole.size() - before.size() - 2)
                                   : whole;
}

std::string sequence(const std::string& text) {
  const std::string whole = tree("pattern p { match " + text + " }");
  const std::string before = "(pattern p ";
  return whole.starts_with(before) ? whole.substr(before.size(), whole.size() - before.size() - 2)
                                   : whole;
}

struct ParserCase {
  const char* text;
  const char* tree;
};

TEST(Parser, ReadsExpressionsByPrecedence) {
  const ParserCase cases[] = {
      {"a or b and c or d", "(or (or a (and b c)) d)"},
      {"a and b and c", "(and (and a b) c)"},
      {"not a and not not b", "(and (not a) (not (not b)))"},
      {"not a == b", "(not (== a b))"},
      {"a + b * c - d", "(- (+ a (* b c)) d)"},
      {"a - b - c", "(- (- a b) c)"},
      {"(a - b) / c % d", "(% (/ (paren (- a b)) c) d)"},
      {"-a * -b", "(* (neg a) (neg b))"},
      {"- -5", "(neg -5)"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"1 - 1", "(- 1 1)"},
      {"a between b + 1 and c and d", "(and (between a (+ b 1) c) d)"},
      {"a not between 1 and 2", "(not-between a 1 2)"},
      {"a in (1, -2, 'x')", "(in a 1 -2 \"x\")"},
      {"a not in blocked", "(not-list blocked a)"},
      {"a like 'x%' or a ilike 'y' or a matches '\\d+'",
       "(or (or (like a \"x%\") (ilike a \"y\")) (matches a \"\\d+\"))"},
      {"a not matches 'x'", "(not-matches a \"x\")"},
      {"a is null and b is not null", "(and (is-null a) (not-is-null b))"},
      {"v.f > in.f", "(> v.f in.f)"},
      {"Round(x, 2) != time()", "(!= (call round x 2) (call time))"},
      {"\"it\"\"s\" == 'it''s'", "(== \"it\"s\" \"it's\")"},
      {"1.5 + 1e3 + 2E-1", "(+ (+ 1.5 1000.0) 0.2)"},
      {"1h30m < 10 minutes", "(< 1h30m 10m)"},
      {"1 hour 30 minutes", "1h30m"},
      {"true and false and null", "(and (and true false) null)"},
      {"`and` == `odd ``name`", "(== and odd `name)"},
      {"a // comment\n + /* another */ b", "(+ a b)"},
  };
  for (const ParserCase& c : cases) EXPECT_EQ(expression(c.text), c.tree) << c.text;
}

TEST(Parser, ReadsSequences) {
  const ParserCase cases[] = {
      {"a: T", "[(step a T)]"},
      {"a: T[x > 1]", "[(step a T (> x 1))]"},
      {"a: [x > 1]", "[(step a - (> x 1))]"},
      {"a[x]", "[(step a - x)]"},
      {"a then b next c then any d", "[(step a -) then (step b -) next (step c -) any (step d -)]"},
      {"a? then b* then c+ then d{2} then e{2,} then f{2,3}",
       "[(step a -){0,1} then (step b -){0,} then (step c -){1,} then (step d -){2,2} "
       "then (step e -){2,} then (step f -){2,3}]"},
      {"a?? then b+? then c{2,5}?",
       "[(step a -){0,1}? then (step b -){1,}? then (step c -){2,5}?]"},
      {"a+ any longest until [x] in 5m", "[(step a -){1,}~any~longest~untilx~in 5m]"},
      {"a+ in 5m until [x] strict", "[(step a -){1,}~next~untilx~in 5m]"},
      {"(a then b)+ then (c | d | e)",
       "[(group [(step a -) then (step b -)]){1,} then (group [(step c -)] [(step d -)] "
       "[(step e -)])]"},
      {"(a & b+ & (c then d))",
       "[(all [(step a -)] [(step b -){1,}] [(group [(step c -) then (step d -)])])]"},
      {"a then not x then b", "[(step a -) (not (step x -)) then (step b -)]"},
      {"a next not x: T[f] then any b", "[(step a -) (next-not (step x T f)) any (step b -)]"},
      {"a then not x for 30m then not y next b",
       "[(step a -) (not (step x -) for 30m) (not (step y -)) next (step b -)]"},
      {"a then not x for 30m", "[(step a -) (not (step x -) for 30m)]"},
      {"not x for 12h then a", "[(not (step x -) for 12h) then (step a -)]"},
      {"in: T then `match`: T", "[(step in T) then (step match T)]"},
      {"((a))", "[(group [(group [(step a -)])])]"},
  };
  for (const ParserCase& c : cases) EXPECT_EQ(sequence(c.text), c.tree) << c.text;
}

TEST(Parser, ReadsDeclarations) {
  const ParserCase cases[] = {
      {"event E { a: int, b: timestamp(ns)? from 'x.y', } time b\nlist l: cidr from 'l.txt'",
       "(event E (a int) (b timestamp(ns)? \"x.y\") time=b)\n(list l cidr \"l.txt\")\n"},
      {"event E {}", "(event E)\n"},
      {"pattern p 'what' { on A, B by x, y match a }",
       "(pattern p \"what\" on=A on=B by=x:.x by=y:.y [(step a -)])\n"},
      {"pattern p { by k: in.t, out.s, card match a }",
       "(pattern p by=k:in.t:out.s by=card:.card [(step a -)])\n"},
      {"pattern p { match a without x: T[f] between a and b, y having h within 5m }",
       "(pattern p [(step a -)] without=(step x T f)a..b without=(step y -) having=h "
       "within=5m)\n"},
      {"pattern p { match a skip past last }", "(pattern p [(step a -)] skip=past-last)\n"},
      {"pattern p { match a skip to next leftmost }",
       "(pattern p [(step a -)] skip=to-next leftmost)\n"},
      {"pattern p { match a skip to first a }", "(pattern p [(step a -)] skip=to-first a)\n"},
      {"pattern p { match a skip to last `last` }", "(pattern p [(step a -)] skip=to-last last)\n"},
      {"pattern p { match a skip none }", "(pattern p [(step a -)] skip=none)\n"},
      {"pattern p { match a emit card, n: count(a) on timeout emit card suppress 1h by a.f, 2 }",
       "(pattern p [(step a -)] (emit card=card n=(call count a)) on-timeout(emit card=card) "
       "suppress=1h by a.f by 2)\n"},
      {"pattern p { match a emit E { x: 1, y, } meta s: 'high', n: -1, z: null }",
       "(pattern p [(step a -)] (emit E x=1 y=y) meta s=\"high\" meta n=-1 meta z=null)\n"},
      {"pattern p { on timeout match a }", "(pattern p on=timeout [(step a -)])\n"},
      {"", ""},
      {"\xEF\xBB\xBF// only a comment", ""},
  };
  for (const ParserCase& c : cases) EXPECT_EQ(tree(c.text), c.tree) << c.text;
}

TEST(Parser, SpansCoverWhatWasRead) {
  const std::string text =
      "pattern p { match a: T[x > 1]{2} any then not y: U for 5m then (b | c) }";
  const SourceFile source("t", text);
  Diagnostics diagnostics;
  const ast::File file = parse(source, diagnostics);
  ASSERT_EQ(file.declarations.size(), 1u);
  const ast::PatternDecl& pattern = *file.declarations[0].pattern;
  EXPECT_EQ(source.text(pattern.span), text);
  const ast::Element& first = pattern.match.elements[0];
  EXPECT_EQ(source.text(first.span), "a: T[x > 1]{2} any");
  EXPECT_EQ(source.text(first.step.span), "a: T[x > 1]");
  EXPECT_EQ(source.text(first.step.condition->span), "x > 1");
  EXPECT_EQ(source.text(first.quantifier->span), "{2}");
  EXPECT_EQ(source.text(first.suffix_span), "{2} any");
  const ast::Element& second = pattern.match.elements[1];
  EXPECT_EQ(source.text(second.negations[0].span), "then not y: U for 5m");
  EXPECT_EQ(source.text(second.connector_span), "then");
  EXPECT_EQ(source.text(second.span), "(b | c)");
  EXPECT_EQ(second.suffix_span, Span{});
}

TEST(Parser, OneMistakeDoesNotHideTheOthers) {
  const std::string text =
      "event E { a int, b: , c: int } time a\n"
      "pattern p { match a: within wihtin skip past lst }\n"
      "pattern q { match b }\n"
      "list l from 'x'\n";
  const SourceFile source("t", text);
  Diagnostics diagnostics;
  const ast::File file = parse(source, diagnostics);
  EXPECT_EQ(test::dump(file), "(pattern q [(step b -)])\n");
  EXPECT_EQ(diagnostics.items().size(), 5u);
  ASSERT_EQ(file.unread.size(), 3u);
  EXPECT_EQ(file.unread[1].text, "p");
}

TEST(Parser, NamesWhatItCouldNotRead) {
  const SourceFile source("t",
                          "event `a b` { x: int ) }\nlist l: int from 5\npattern p { match a: "
                          "T[x == 1x] }\npattern q { match b }");
  Diagnostics diagnostics;
  const ast::File file = parse(source, diagnostics);
  std::vector<std::string> names;
  for (const ast::Name& name : file.unread) names.push_back(name.text);
  EXPECT_EQ(names, (std::vector<std::string>{"l", "p", "a b"}));
  EXPECT_EQ(file.declarations.size(), 1u);
}

}  // namespace
}  // namespace tocsin::patterns
