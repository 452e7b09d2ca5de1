#include "patterns/lexer.h"

#include <gtest/gtest.h>

namespace tocsin::patterns {
namespace {

// Kind and text of each token; mistakes in angle brackets behind them.
std::string tokens(const std::string& text, Dialect dialect = Dialect::kDeclarations) {
  const SourceFile source("t", text);
  Diagnostics diagnostics;
  Lexer lexer(source, diagnostics, dialect);
  std::string out;
  for (Token token = lexer.next(); token.kind != TokenKind::kEnd; token = lexer.next()) {
    static constexpr const char* kKinds[] = {"end",   "name",     "string", "int",
                                             "float", "duration", "time",   "unknown"};
    if (!out.empty()) out += ' ';
    const auto kind = static_cast<size_t>(token.kind);
    out += kind < std::size(kKinds) ? kKinds[kind] : is_keyword(token.kind) ? "keyword" : "mark";
    out += ":" + std::string(source.text(token.span));
  }
  for (const Diagnostic& mistake : diagnostics.items()) {
    out += " <" + std::string(source.text(mistake.span)) + ">";
  }
  return out;
}

TEST(Lexer, TellsTokensApart) {
  const struct {
    const char* text;
    const char* tokens;
  } cases[] = {
      {"a match _b1", "name:a keyword:match name:_b1"},
      {"Match matchx", "name:Match name:matchx"},
      {"`match` `a``b`", "name:`match` name:`a``b`"},
      {"'a''b' \"a\"\"b\" '\\'", "string:'a''b' string:\"a\"\"b\" string:'\\'"},
      {"1 1.5 1e3 1.5E-3 1.f 1..2",
       "int:1 float:1.5 float:1e3 float:1.5E-3 int:1 mark:. name:f "
       "int:1 mark:. mark:. int:2"},
      {"1h30m 250ms 5s 1w", "duration:1h30m duration:250ms duration:5s duration:1w"},
      {"10 minutes", "int:10 name:minutes"},
      {"1x 5s5m 1.5h", "duration:1x duration:5s5m duration:1.5h <1x> <5s5m> <1.5h>"},
      {"18446744073709551616 1e999",
       "int:18446744073709551616 float:1e999 "
       "<18446744073709551616> <1e999>"},
      {"a==b!=c<=d>=e<f>g",
       "name:a mark:== name:b mark:!= name:c mark:<= name:d mark:>= name:e "
       "mark:< name:f mark:> name:g"},
      {"= <> && || ; ü", "unknown:= unknown:<> unknown:&& unknown:|| unknown:; unknown:ü"},
      {"a//b\nc/*d*/e/f", "name:a name:c name:e mark:/ name:f"},
      {"'open\nb", "string:'open name:b <'open>"},
      {"`open  \nb", "name:`open name:b <`open>"},
      {"a /* open", "name:a </*>"},
      {"``", "name:`` <``>"},
  };
  for (const auto& c : cases) EXPECT_EQ(tokens(c.text), c.tokens) << c.text;
}

TEST(Lexer, TestsHaveTimes) {
  const struct {
    const char* text;
    const char* tokens;
  } cases[] = {
      {"2026-03-01T10:00:00Z E", "time:2026-03-01T10:00:00Z name:E"},
      {"2026-03-01 10:00:00.5 E", "time:2026-03-01 10:00:00.5 name:E"},
      {"2026-03-01t10:00+01:00}", "time:2026-03-01t10:00+01:00 mark:}"},
      {"2026-03-01 E 2026-03-01", "time:2026-03-01 name:E time:2026-03-01"},
      {"2026-03-01 20s", "time:2026-03-01 duration:20s"},
      {"2026-13-01 1", "time:2026-13-01 int:1 <2026-13-01>"},
      {"2026-03-01T10:00:00X", "time:2026-03-01T10:00:00X <2026-03-01T10:00:00X>"},
      {"2026-03 +20s", "int:2026 mark:- int:03 mark:+ duration:20s"},
  };
  for (const auto& c : cases) EXPECT_EQ(tokens(c.text, Dialect::kTests), c.tokens) << c.text;
  EXPECT_EQ(tokens("2026-03-01"), "int:2026 mark:- int:03 mark:- int:01");
}

TEST(Lexer, KeepsComments) {
  const SourceFile source("t", "// one  \r\na /* two\n*/ b // three");
  Diagnostics diagnostics;
  Lexer lexer(source, diagnostics);
  while (lexer.next().kind != TokenKind::kEnd) {
  }
  std::vector<std::string_view> comments;
  for (const ast::Comment& comment : lexer.take_comments()) {
    comments.push_back(source.text(comment.span));
  }
  EXPECT_EQ(comments, (std::vector<std::string_view>{"// one", "/* two\n*/", "// three"}));
}

TEST(Token, WritesWhatItReads) {
  for (const char* name : {"a", "match", "with blank", "a`b", "1a", "`", "ü"}) {
    EXPECT_EQ(unquote(write_name(name)), name);
  }
  EXPECT_EQ(write_name("in"), "`in`");
  EXPECT_EQ(write_name("in", Before::kDotOrColon), "in");
  EXPECT_EQ(write_name("match", Before::kDotOrColon), "`match`");
  for (const char* text : {"", "a", "it's", "\"", "'\"", "\\"}) {
    EXPECT_EQ(unquote(write_string(text)), text);
  }
  EXPECT_EQ(write_string("say \"x\""), "'say \"x\"'");
}

TEST(Token, ShowsTextShortAndHarmless) {
  EXPECT_EQ(shown("a\x1B[0m"), "'a?[0m'");
  EXPECT_EQ(shown(std::string(41, 'a')), "'" + std::string(40, 'a') + "...'");
  EXPECT_EQ(shown(std::string(39, 'a') + "üb"), "'" + std::string(39, 'a') + "...'");
}

}  // namespace
}  // namespace tocsin::patterns
