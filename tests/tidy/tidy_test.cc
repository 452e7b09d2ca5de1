// The tree is tidy; and each rule finds what it is for.
#include "tests/tidy/tidy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace tocsin::tidy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> findings_in(const std::filesystem::path& root) {
  std::vector<std::string> lines;
  for (const Finding& finding : check_tree(root)) lines.push_back(to_string(finding));
  return lines;
}

// What is found in a tree that holds this one file.
std::vector<std::string> findings_for(std::string_view path, std::string_view text) {
  const tests::TemporaryDirectory tree;
  tree.write(path, text);
  return findings_in(tree.path());
}

TEST(Tidy, ThisTreeIsTidy) {
  EXPECT_THAT(findings_in(TOCSIN_SOURCE_DIR), IsEmpty());
}

TEST(Tidy, ACleanFilePasses) {
  EXPECT_THAT(
      findings_for("nfa/run.h", "// A run.\n#pragma once\n#include \"eventtime/value.h\"\n"),
      IsEmpty());
  EXPECT_THAT(findings_for("nfa/run.cc", "#include \"nfa/run.h\"\n"), IsEmpty());
}

TEST(Tidy, IncludesRunOneWay) {
  EXPECT_THAT(
      findings_for("nfa/run.cc", "#include \"nfa/run.h\"\n#include \"runtime/source.h\"\n"),
      ElementsAre("nfa/run.cc:2: error: 'nfa' includes 'runtime/source.h', use only what lies to "
                  "the left in eventtime <- patterns <- nfa <- runtime <- connectors <- server"));
  EXPECT_THAT(findings_for("eventtime/a.h", "// A.\n#pragma once\n#include \"patterns/ast.h\"\n"),
              ElementsAre(HasSubstr("eventtime/a.h:3: error: 'eventtime' includes")));
  EXPECT_THAT(findings_for("server/a.cc", "// A.\n#include \"tests/support/process.h\"\n"),
              ElementsAre(HasSubstr("'server' includes 'tests/support/process.h'")));
  EXPECT_THAT(findings_for("server/a.cc", "// A.\n#include \"log.h\"\n"),
              ElementsAre(HasSubstr("'log.h' is no path from the root")));
}

TEST(Tidy, OnlyTheCompilerReadsPatterns) {
  constexpr std::string_view kText = "// A.\n#include \"patterns/pattern.h\"\n";
  EXPECT_THAT(findings_for("nfa/compiler.cc", kText), IsEmpty());
  EXPECT_THAT(findings_for("nfa/matcher.cc", kText), ElementsAre(HasSubstr("reads patterns")));
}

TEST(Tidy, LibrariesStayInTheirPlace) {
  constexpr std::string_view kText = "// A.\n#include <boost/spirit/home/x3.hpp>\n";
  EXPECT_THAT(findings_for("patterns/grammar.cc", kText), IsEmpty());
  EXPECT_THAT(findings_for("patterns/parser.cc", kText),
              ElementsAre("patterns/parser.cc:2: error: <boost/spirit/home/x3.hpp> is included, "
                          "use it only in patterns/grammar*"));
  EXPECT_THAT(findings_for("runtime/a.cc", "// A.\n#include <spdlog/spdlog.h>\n"),
              ElementsAre(HasSubstr("use it only in server/*")));
}

TEST(Tidy, FunctionsOfAFileHaveNamesOfTheirOwn) {
  const tests::TemporaryDirectory tree;
  const auto file = [](const std::string& inside) {
    return "// A.\nnamespace tocsin {\nnamespace {\n\n" + inside + "}  // namespace\n\n" +
           "void outside(int) {\n}\n\n}  // namespace tocsin\n";
  };
  tree.write("nfa/a.cc", file("int one(int) {\n}\nint one(char) {\n  two();\n}\n"));
  tree.write("nfa/b.cc", file("constexpr int kTwo = one(2);\nint Type::one(int) {\n}\n"));
  tree.write("runtime/c.cc", file("int one(int) {\n}\n"));
  EXPECT_THAT(findings_in(tree.path()), IsEmpty());
  tree.write("nfa/sub/d.cc", file("const std::string& one(const char*) {\n}\n"));
  EXPECT_THAT(findings_in(tree.path()),
              ElementsAre("nfa/sub/d.cc:5: error: 'nfa/a.cc' has a 'one' of its own, share it or "
                          "use another name"));
}

TEST(Tidy, LinesAreNarrowAndClean) {
  const std::string wide = "// " + std::string(98, 'x') + "\n";
  EXPECT_THAT(findings_for("nfa/a.cc", wide),
              ElementsAre("nfa/a.cc:1: error: the line is 101 columns wide, use at most 100"));
  EXPECT_THAT(findings_for("docs/a.md", wide), IsEmpty());
  EXPECT_THAT(findings_for("nfa/a.cc", "// " + std::string(97, 'x') + "\n"), IsEmpty());
  EXPECT_THAT(findings_for("nfa/a.cc", "// a\n\tb\n"),
              ElementsAre(HasSubstr(":2: error: there is a tab")));
  EXPECT_THAT(findings_for("docs/a.md", "a \n"), ElementsAre(HasSubstr("ends in blanks")));
  EXPECT_THAT(findings_for("docs/a.md", "a\r\n"), ElementsAre(HasSubstr("ends in CR")));
  EXPECT_THAT(findings_for("docs/a.md", "a"), ElementsAre(HasSubstr("last line has no end")));
}

TEST(Tidy, WidthCountsCodePoints) {
  std::string line = "// ";
  for (int i = 0; i < 97; ++i) line += "\xC3\xA9";
  EXPECT_THAT(findings_for("nfa/a.cc", line + "\n"), IsEmpty());
}

TEST(Tidy, FilesAreShort) {
  std::string text = "// a\n";
  for (int i = 1; i < 600; ++i) text += "//\n";
  EXPECT_THAT(findings_for("nfa/a.cc", text), IsEmpty());
  EXPECT_THAT(findings_for("nfa/a.cc", text + "//\n"), ElementsAre(HasSubstr("has 601 lines")));
  EXPECT_THAT(findings_for("nfa/a.cc", ""), ElementsAre(HasSubstr("is empty")));
}

TEST(Tidy, FilesSayWhatTheyAre) {
  EXPECT_THAT(findings_for("nfa/a.h", "#pragma once\n"),
              ElementsAre(HasSubstr("the header begins without a comment")));
  EXPECT_THAT(findings_for("nfa/a.h", "// A.\n"), ElementsAre(HasSubstr("use #pragma once")));
  EXPECT_THAT(findings_for("nfa/a.cc", "#include <vector>\n"),
              ElementsAre(HasSubstr("the file begins without a comment")));
  EXPECT_THAT(findings_for("tests/unit/nfa/a_test.cc", "#include <vector>\n"), IsEmpty());
}

TEST(Tidy, NothingIsUnfinished) {
  EXPECT_THAT(findings_for("docs/a.md",
                           "TO"
                           "DO: write\n"),
              ElementsAre(HasSubstr("docs/a.md:1: error: 'TO"
                                    "DO' is unfinished work")));
  EXPECT_THAT(findings_for("tests/unit/nfa/a_test.cc",
                           "// FIX"
                           "ME\n"),
              ElementsAre(HasSubstr("unfinished work")));
}

TEST(Tidy, TheCoreKnowsNoClockChanceOrLocale) {
  constexpr std::string_view kText = "// a\nauto t = std::chrono::system_clock::now();\n";
  EXPECT_THAT(findings_for("runtime/a.cc", kText),
              ElementsAre("runtime/a.cc:2: error: 'system_clock' is the time of the day, use event "
                          "time"));
  EXPECT_THAT(findings_for("server/a.cc", kText), IsEmpty());
  EXPECT_THAT(findings_for("nfa/a.cc", "// a\nint r = rand();\n"),
              ElementsAre(HasSubstr("'rand' is chance")));
  EXPECT_THAT(findings_for("nfa/a.cc", "// no rand() here\nint operand(int);  // rand\n"),
              IsEmpty());
  EXPECT_THAT(findings_for("eventtime/a.cc", "// a\nsetlocale(LC_ALL, \"\");\n"),
              ElementsAre(HasSubstr("'setlocale' is the locale")));
}

TEST(Tidy, TheTopLevelHoldsTheLayoutOnly) {
  EXPECT_THAT(findings_for("util/a.txt", "a\n"),
              ElementsAre(HasSubstr("util:1: error: the top level has no place for 'util'")));
  EXPECT_THAT(findings_for(".github/a", "a\n"), IsEmpty());
}

TEST(Tidy, LinksLeadSomewhere) {
  EXPECT_THAT(findings_for("docs/a.md", "[b](b.md)\n"),
              ElementsAre(HasSubstr("docs/a.md:1: error: the link to 'b.md' leads nowhere")));
  EXPECT_THAT(findings_for("docs/a.md", "# The `one` thing\n[b](#the-one-thing) [c](a.md)\n"),
              IsEmpty());
  EXPECT_THAT(findings_for("docs/a.md", "# One\n[b](a.md#two)\n"),
              ElementsAre(HasSubstr(":2: error: 'a.md' has no heading '#two'")));
  EXPECT_THAT(findings_for("docs/a.md", "[b](https://example.org/x)\n```\n[b](c.md)\n```\n"),
              IsEmpty());
}

TEST(Tidy, TestsThatAreNamedAreThere) {
  const tests::TemporaryDirectory tree;
  tree.write("tests/unit/a_test.cc", "// A.\n");
  tree.write("tests/unit/b_test.cc", "// B.\n");
  tree.write("nfa/a.h",
             "// A. Tested by tests/unit/a_test.cc, b_test.cc and tests/unit.\n#pragma once\n");
  EXPECT_THAT(findings_in(tree.path()), IsEmpty());
  tree.write("nfa/b.h", "// B. Tested by tests/unit/c_test.cc.\n#pragma once\n");
  tree.write("nfa/c.h", "// C.\n#pragma once\n// Tested by a_test.cc.\n");
  EXPECT_THAT(findings_in(tree.path()),
              ElementsAre(HasSubstr("nfa/b.h:1: error: there is no 'tests/unit/c_test.cc'"),
                          HasSubstr("nfa/c.h:3: error: there is no 'a_test.cc'")));
}

}  // namespace
}  // namespace tocsin::tidy
