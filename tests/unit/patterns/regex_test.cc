#include "patterns/regex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "patterns/regex_size.h"

namespace tocsin::patterns {
namespace {

bool matches(const std::string& regex, std::string_view text) {
  const auto checked = Regex::check(regex);
  EXPECT_TRUE(checked) << regex;
  return checked && (*checked)->matches(text);
}

std::string mistake(const std::string& regex) {
  const auto checked = Regex::check(regex);
  return checked ? "" : checked.error().message;
}

TEST(Regex, SearchesAnyPart) {
  EXPECT_TRUE(matches("b+c", "abbbcd"));
  EXPECT_FALSE(matches("^b+c", "abbbcd"));
  EXPECT_TRUE(matches(R"(\d{3}-\d+$)", "call 555-1"));
  EXPECT_TRUE(matches("(?i)error", "An ERROR occurred"));
  EXPECT_FALSE(matches("error", "An ERROR occurred"));
  EXPECT_FALSE(matches("a.b", "a\nb"));
  EXPECT_TRUE(matches("(?s)a.b", "a\nb"));
}

TEST(Regex, CountsInCodePoints) {
  EXPECT_TRUE(matches("^.{3}$", "äöü"));
  EXPECT_TRUE(matches("(?i)ÄÖ", "xäö"));
  EXPECT_TRUE(matches(R"(^\p{L}$)", "é"));
}

TEST(Regex, TheEmptyTextIsATextAsWell) {
  EXPECT_TRUE(matches("^$", ""));
  EXPECT_TRUE(matches("a*", ""));
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("", "a"));
  EXPECT_TRUE(matches("a*", "b"));
  EXPECT_FALSE(matches("a", ""));
  EXPECT_TRUE(matches("a|^$", std::string_view()));
}

TEST(Regex, SaysWhatIsWrong) {
  EXPECT_EQ(mistake("a(b"), "missing close parenthesis for group started at index 1");
  EXPECT_EQ(mistake("ab[c"), "unterminated character class starting at index 2");
  EXPECT_EQ(mistake("*a"), "invalid repeat at index 0");
  EXPECT_EQ(mistake(R"((a)\1)"), "back-references are unsupported");
  EXPECT_EQ(mistake("a(?=b)"), "zero-width assertions are not supported");
  EXPECT_EQ(mistake(std::string("a\0b", 3)), "it holds the character U+0000; write \\x00");
}

TEST(Regex, BombsAreRefusedAtOnce) {
  EXPECT_EQ(mistake(".{0,10000}a.{0,10000}b"), "it repeats up to 10000 times, 1000 are allowed");
  EXPECT_EQ(mistake("((ab|cd*){50}){50}"),
            "with its repeats written out it is 10000 characters long, 4096 are allowed ('.' "
            "counts 4, '\\p{...}' 400)");
  EXPECT_NE(mistake(R"(\p{L}{30})"), "");
  EXPECT_NE(mistake(R"([\w\p{L}]{30})"), "");
  EXPECT_EQ(mistake(std::string(4097, 'a')), "it has 4097 bytes, 4096 are allowed");
  EXPECT_EQ(mistake("(a{100}){41}"),
            "with its repeats written out it is 4100 characters long, 4096 are allowed ('.' "
            "counts 4, '\\p{...}' 400)");
  EXPECT_EQ(mistake("a.{800}b"), "pattern is too large");  // Hyperscan's own limit
  EXPECT_EQ(mistake("(x+x+)+y"), "");
}

TEST(RegexSize, WritesRepeatsOut) {
  const auto positions = [](std::string_view text) { return measure_regex(text).positions; };
  EXPECT_EQ(positions(""), 0U);
  EXPECT_EQ(positions("abc"), 3U);
  EXPECT_EQ(positions("a.b"), 6U);
  EXPECT_EQ(positions("(ab){3}c{2,5}d{4,}"), 15U);
  EXPECT_EQ(positions("((a|bc){10}d){10}"), 310U);
  EXPECT_EQ(positions(R"(\d{4}\Q..{9}\E[abc]{2}[^a]{2}[]a]{3})"), 4 + 5 + 2 + 8 + 3U);
  EXPECT_EQ(positions("(?#.{9})a{2}(?i:b{3})"), 5U + 1);  // the `:`
  EXPECT_EQ(positions("a{,3}b{x}{"), 10U);                // no repeats
  EXPECT_EQ(positions(R"((*UCP)\w)") / 100, 4U);
  EXPECT_EQ(positions("((((((a{1000}){1000}){1000}){1000}){1000}){1000}"), uint64_t{1} << 30);
  EXPECT_EQ(measure_regex("a{3}b{70,}c{5,900}").largest_repeat, 900U);
}

TEST(RegexSet, FindsWhatEachFindsAlone) {
  std::vector<std::string> texts;
  for (int i = 0; i < 1500; ++i) texts.push_back("x" + std::to_string(i) + "y");
  texts.emplace_back("");
  for (const bool plain : {false, true}) {
    const RegexSet set(texts, plain);
    std::vector<uint32_t> found;
    set.search("x7y x1234yx1499y", found);
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, (std::vector<uint32_t>{7, 1234, 1499, 1500}));
    found.clear();
    set.search("", found);
    EXPECT_EQ(found, (std::vector<uint32_t>{1500}));
  }
}

TEST(Regex, ManyThreadsMayAsk) {
  std::vector<std::shared_ptr<const Regex>> regexes;
  for (int i = 0; i < 40; ++i) regexes.push_back(*Regex::check("a" + std::to_string(i) + ".*z$"));
  std::vector<std::thread> threads;
  std::atomic<int> found = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      for (const auto& regex : regexes) found += regex->matches("a1 a22 a39 z") ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  // a1, a2, a22, a3, a39
  EXPECT_EQ(found, 4 * 5);
}

}  // namespace
}  // namespace tocsin::patterns
