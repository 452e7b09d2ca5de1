#include "patterns/diagnostic.h"

#include <gtest/gtest.h>

namespace tocsin::patterns {
namespace {

std::string show(const std::string& text, Span span, const std::string& help = {}) {
  return render(Diagnostic{Severity::kError, "code", span, "message", help, 0},
                SourceFile("f.tocsin", text));
}

TEST(Diagnostic, PointsAtTheWholeToken) {
  EXPECT_EQ(show("a\n\tbüc def\r\ng", {8, 11}, "what to do"),
            "f.tocsin:2:6: error[code]: message\n"
            "  2 |  büc def\n"
            "    |      ^^^\n"
            "  help: what to do\n");
}

TEST(Diagnostic, PointsBehindTheEnd) {
  EXPECT_EQ(show("ab", {2, 2}),
            "f.tocsin:1:3: error[code]: message\n"
            "  1 | ab\n"
            "    |   ^\n");
  EXPECT_EQ(show("", {0, 0}),
            "f.tocsin:1:1: error[code]: message\n"
            "  1 | \n"
            "    | ^\n");
}

TEST(Diagnostic, ASpanOverSeveralLinesEndsWithItsFirst) {
  EXPECT_EQ(show("ab cd\nef", {3, 8}),
            "f.tocsin:1:4: error[code]: message\n"
            "  1 | ab cd\n"
            "    |    ^^\n");
}

TEST(Diagnostic, LongLinesAreCutAroundTheCaret) {
  const std::string line = std::string(500, 'a') + "HERE" + std::string(500, 'b');
  const std::string shown = show(line, {500, 504});
  const size_t text = shown.find("| ") + 2;
  const size_t carets = shown.find("| ", text) + 2;
  EXPECT_EQ(shown.substr(text, 3), "...");
  EXPECT_LT(shown.find('\n', text) - text, 210u);
  EXPECT_EQ(shown.find("HERE") - text, shown.find("^^^^") - carets);
  const std::string wide = show(std::string(1000, 'a'), {0, 1000});
  EXPECT_EQ(static_cast<size_t>(std::count(wide.begin(), wide.end(), '^')), 200u);
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "ü";
  for (uint32_t at = 0; at < 600; at += 2) EXPECT_NE(show(umlauts, {at, at + 2}).find("^\n"), 0u);
}

TEST(Diagnostic, ShowsNoControlCharacters) {
  EXPECT_NE(show("a\x1B[31m\xFF b", {0, 1}).find("| a\xEF\xBF\xBD[31m\xEF\xBF\xBD b\n"),
            std::string::npos);
}

TEST(Diagnostics, AreSortedAndShownOnce) {
  std::vector<SourceFile> files;
  files.emplace_back("one", "abc");
  files.emplace_back("two", "abc");
  Diagnostics diagnostics(1);
  diagnostics.warning({0, 1}, "w", "in two");
  diagnostics.set_file(0);
  EXPECT_FALSE(diagnostics.has_errors());
  diagnostics.error({2, 3}, "e", "last");
  diagnostics.error({1, 2}, "e", "first");
  diagnostics.error({2, 3}, "e", "last");
  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(render(diagnostics, files),
            "one:1:2: error[e]: first\n  1 | abc\n    |  ^\n"
            "one:1:3: error[e]: last\n  1 | abc\n    |   ^\n"
            "two:1:1: warning[w]: in two\n  1 | abc\n    | ^\n");
}

TEST(DidYouMean, FindsTheNearest) {
  const std::vector<std::string> names = {"amount", "account", "country", "at"};
  const struct {
    const char* name;
    const char* help;
  } cases[] = {
      {"amont", "did you mean 'amount'?"},
      {"amuont", "did you mean 'amount'?"},
      {"acccount", "did you mean 'account'?"},
      {"contry", "did you mean 'country'?"},
      {"ta", "did you mean 'at'?"},
      {"merchant", ""},
      {"amount", ""},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(did_you_mean(c.name, names), c.help) << c.name;
  EXPECT_EQ(did_you_mean(std::string(1000000, 'a'), names), "");
  EXPECT_EQ(did_you_mean("amount", {}), "");
}

}  // namespace
}  // namespace tocsin::patterns
