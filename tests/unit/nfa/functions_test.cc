#include "nfa/functions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tocsin::nfa {
namespace {

using eventtime::Arena;
using eventtime::Timestamp;

TEST(Like, PercentIsAnyTextAndUnderscoreOneCodePoint) {
  struct Case {
    std::string text;
    std::string pattern;
    bool matches;
  };
  const std::vector<Case> cases = {
      {"", "", true},
      {"", "%", true},
      {"", "%%%", true},
      {"", "_", false},
      {"abc", "abc", true},
      {"abc", "ab", false},
      {"abc", "abcd", false},
      {"abc", "ABC", false},
      {"abc", "a%", true},
      {"abc", "%c", true},
      {"abc", "%b%", true},
      {"abc", "%d%", false},
      {"abc", "a_c", true},
      {"abc", "a__c", false},
      {"abc", "___", true},
      {"abc", "____", false},
      {"abc", "%_%_%_%", true},
      {"abc", "%_%_%_%_%", false},
      {"aab", "%ab", true},
      {"mississippi", "m%iss%ip%i", true},
      {"mississippi", "m%iss%iss%iss%", false},
      {"a%b", "a%b", true},
      {"a\\%b", "a\\%b", true},
      {"grün", "gr_n", true},
      {"grün", "gr__n", false},
      {"日本語", "_本_", true},
      {"日本語", "__", false},
      {"😀x", "_x", true},
      {"é", "_", true},
      {"e\u0301", "_", false},  // two code points
      {"\xFFz", "_z", true},    // a byte that is no UTF-8 counts as one
  };
  for (const Case& example : cases) {
    EXPECT_EQ(like(example.text, example.pattern), example.matches)
        << example.text << " like " << example.pattern;
  }
}

// Tries every way: the definition.
bool like_by_definition(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] == '%') {
    return like_by_definition(text, pattern.substr(1)) ||
           (!text.empty() && like_by_definition(text.substr(1), pattern));
  }
  return !text.empty() && (pattern[0] == '_' || pattern[0] == text[0]) &&
         like_by_definition(text.substr(1), pattern.substr(1));
}

TEST(Like, EqualsItsDefinition) {
  std::mt19937_64 random(1);
  const auto word = [&](std::string_view letters, size_t longest) {
    std::string out;
    for (size_t left = random() % (longest + 1); left > 0; --left) {
      out += letters[random() % letters.size()];
    }
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = word("ab", 9);
    const std::string pattern = word("ab%%_", 7);
    ASSERT_EQ(like(text, pattern), like_by_definition(text, pattern))
        << text << " like " << pattern;
  }
}

TEST(Like, ManyPercentsDoNotTakeForEver) {
  const std::string text(20'000, 'a');
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "%a";
  EXPECT_FALSE(like(text, pattern + "%b"));
  EXPECT_TRUE(like(text, pattern + "%"));
}

TEST(Case, MapsOneCodePointToOne) {
  Arena arena;
  EXPECT_EQ(to_lower("GRÜẞE ΑΣ İ 123", arena), "grüße ασ i 123");
  EXPECT_EQ(to_upper("grüße é ÿ", arena), "GRÜßE É Ÿ");
  EXPECT_EQ(to_lower("", arena), "");
  EXPECT_EQ(to_lower("A\xFF\xC3"
                     "B",
                     arena),
            "a\xFF\xC3"
            "b");
  // Longer than it was: U+023A has two bytes, its lower case U+2C65 three.
  EXPECT_EQ(to_lower("ȺȺȺ", arena), "ⱥⱥⱥ");
}

TEST(Trim, TakesBlanksAtBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \n"), "a b");
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim("\u00A0a"), "\u00A0a");
}

TEST(Length, CountsCodePoints) {
  EXPECT_EQ(length(""), 0);
  EXPECT_EQ(length("grün"), 4);
  EXPECT_EQ(length("😀日"), 2);
  EXPECT_EQ(length("e\u0301"), 2);
  EXPECT_EQ(length("a\xFF"), 2);
}

TEST(Substr, CountsFromOneAsSqlDoes) {
  struct Case {
    std::string text;
    int64_t from;
    std::optional<int64_t> count;
    std::string part;
  };
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  const std::vector<Case> cases = {
      {"hello", 1, 2, "he"},
      {"hello", 2, {}, "ello"},
      {"hello", 5, 9, "o"},
      {"hello", 6, 1, ""},
      {"hello", 0, 2, "h"},
      {"hello", -1, 3, "h"},
      {"hello", -1, 2, ""},
      {"hello", -5, {}, "hello"},
      {"hello", 2, 0, ""},
      {"hello", 2, -1, ""},
      {"hello", 2, kMost, "ello"},
      {"hello", kMost, kMost, ""},
      {"hello", kLeast, {}, "hello"},
      {"hello", kLeast, kMost, ""},
      {"hello", kLeast, kLeast, ""},
      {"größe", 3, 2, "öß"},
      {"日本語", 2, 1, "本"},
      {"", 1, 1, ""},
  };
  for (const Case& example : cases) {
    EXPECT_EQ(substr(example.text, example.from, example.count), example.part)
        << example.text << " from " << example.from;
  }
}

TEST(Round, GoesHalfAwayFromZero) {
  EXPECT_EQ(round_half_away(2.5, 0), 3);
  EXPECT_EQ(round_half_away(-2.5, 0), -3);
  EXPECT_EQ(round_half_away(0.125, 2), 0.13);
  EXPECT_EQ(round_half_away(-0.125, 2), -0.13);
  EXPECT_EQ(round_half_away(1234.0, -2), 1200);
  EXPECT_EQ(round_half_away(1250.0, -2), 1300);
  EXPECT_EQ(round_half_away(5.0, -1), 10);
  EXPECT_EQ(round_half_away(4.0, -1), 0);
  EXPECT_EQ(round_half_away(1.5, -400), 0);
  EXPECT_EQ(round_half_away(1e300, 100), 1e300);
}

// More digits than a float holds change nothing.
TEST(Round, LeavesWhatHasNoSuchDigits) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> exponent(-5, 20);
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::pow(10.0, exponent(random)) * (random() % 2 == 0 ? 1 : -1);
    const int64_t digits = 22 + static_cast<int64_t>(random() % 300);
    ASSERT_EQ(round_half_away(value, digits), value) << "at " << digits << " digits";
  }
}

TEST(Round, OfIntegersIsExact) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(round_half_away(int64_t{1250}, -2), 1300);
  EXPECT_EQ(round_half_away(int64_t{1249}, -2), 1200);
  EXPECT_EQ(round_half_away(int64_t{-1250}, -2), -1300);
  EXPECT_EQ(round_half_away(int64_t{7}, 3), 7);
  EXPECT_EQ(round_half_away(int64_t{7}, -100), 0);
  EXPECT_EQ(round_half_away(kMost, 0), kMost);
  EXPECT_EQ(round_half_away(kMost, -1), std::nullopt);  // …807 goes up beyond the end
  EXPECT_EQ(round_half_away(kLeast, -1), std::nullopt);
  EXPECT_EQ(round_half_away(kMost, -2), 9'223'372'036'854'775'800);
  EXPECT_EQ(round_half_away(kMost, -18), 9'000'000'000'000'000'000);
  EXPECT_EQ(round_half_away(kMost, -19), std::nullopt);  // nearer to 10^19 than to 0
  EXPECT_EQ(round_half_away(int64_t{4'000'000'000'000'000'000}, -19), 0);
  EXPECT_EQ(round_half_away(int64_t{5'000'000'000'000'000'000}, -19), std::nullopt);
}

TEST(DateTrunc, GoesBackToTheBeginning) {
  const auto truncated = [](std::string_view unit, std::string_view time) {
    return to_string(date_trunc(*date_unit(unit), *eventtime::parse_timestamp(time)));
  };
  const std::string_view time = "2024-02-29T13:45:59.999999Z";  // a Thursday
  EXPECT_EQ(truncated("year", time), "2024-01-01T00:00:00.000Z");
  EXPECT_EQ(truncated("month", time), "2024-02-01T00:00:00.000Z");
  EXPECT_EQ(truncated("week", time), "2024-02-26T00:00:00.000Z");
  EXPECT_EQ(truncated("day", time), "2024-02-29T00:00:00.000Z");
  EXPECT_EQ(truncated("hour", time), "2024-02-29T13:00:00.000Z");
  EXPECT_EQ(truncated("minute", time), "2024-02-29T13:45:00.000Z");
  EXPECT_EQ(truncated("second", time), "2024-02-29T13:45:59.000Z");
  EXPECT_EQ(truncated("week", "2024-03-03T23:59:59Z"), "2024-02-26T00:00:00.000Z");  // a Sunday
  EXPECT_EQ(truncated("week", "2024-01-01T00:00:00Z"), "2024-01-01T00:00:00.000Z");  // a Monday
  EXPECT_EQ(truncated("week", "1970-01-01T00:00:00Z"), "1969-12-29T00:00:00.000Z");
  EXPECT_EQ(truncated("second", "1969-12-31T23:59:59.5Z"), "1969-12-31T23:59:59.000Z");
  EXPECT_EQ(date_unit("fortnight"), std::nullopt);
}

// A computed time may lie anywhere.
TEST(DateTrunc, NeverWrapsAround) {
  for (const Timestamp time : {eventtime::kMinTimestamp, eventtime::kMaxTimestamp}) {
    for (const auto unit : {DateUnit::kYear, DateUnit::kMonth, DateUnit::kWeek, DateUnit::kDay,
                            DateUnit::kHour, DateUnit::kMinute, DateUnit::kSecond}) {
      EXPECT_LE(date_trunc(unit, time), time);
    }
  }
}

TEST(DistanceKm, FollowsGreatCircles) {
  EXPECT_EQ(distance_km(52.5, 13.4, 52.5, 13.4), 0);
  EXPECT_NEAR(distance_km(0, 0, 0, 180), 6371.0088 * M_PI, 1e-6);
  EXPECT_NEAR(distance_km(90, 0, -90, 77), 6371.0088 * M_PI, 1e-6);
  EXPECT_NEAR(distance_km(0, 0, 90, 0), 6371.0088 * M_PI / 2, 1e-6);
  EXPECT_NEAR(distance_km(0, 179, 0, -179), distance_km(0, 0, 0, 2), 1e-6);
  EXPECT_NEAR(distance_km(52.52, 13.405, 48.8566, 2.3522), 877.5, 1);  // Berlin to Paris
  EXPECT_NEAR(distance_km(10, 20, -30, 40), distance_km(-30, 40, 10, 20), 1e-9);
}

}  // namespace
}  // namespace tocsin::nfa
