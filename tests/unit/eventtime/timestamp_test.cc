#include "eventtime/timestamp.h"

#include <gtest/gtest.h>

#include "eventtime/schema.h"

namespace tocsin::eventtime {
namespace {

struct Case {
  std::string text;
  std::string expected;
};

std::string reread(const std::string& text) {
  const auto time = parse_timestamp(text);
  return time ? to_string(*time) : "none";
}

TEST(ParseTimestamp, ReadsRfc3339) {
  const std::vector<Case> cases = {
      {"2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"},
      {"2026-03-01t10:00:00z", "2026-03-01T10:00:00.000Z"},
      {"2026-03-01 10:00:00", "2026-03-01T10:00:00.000Z"},
      {"2026-03-01T10:00", "2026-03-01T10:00:00.000Z"},
      {"2026-03-01", "2026-03-01T00:00:00.000Z"},
      {"2026-03-01T10:00:00.5Z", "2026-03-01T10:00:00.500Z"},
      {"2026-03-01T10:00:00.000001Z", "2026-03-01T10:00:00.000001Z"},
      {"2026-03-01T10:00:00.1234567Z", "2026-03-01T10:00:00.123456Z"},  // cut off
      {"2026-03-01T10:00:00.9999999Z", "2026-03-01T10:00:00.999999Z"},
      {"1969-12-31T23:59:59.9999999Z", "1969-12-31T23:59:59.999999Z"},
      {"2026-03-01T10:00:00+01:00", "2026-03-01T09:00:00.000Z"},
      {"2026-03-01T10:00:00-0530", "2026-03-01T15:30:00.000Z"},
      {"2026-03-01T00:00:00+00:01", "2026-02-28T23:59:00.000Z"},
      {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00.000Z"},
      {"2000-02-29", "2000-02-29T00:00:00.000Z"},
      {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},  // a leap second
      {"0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"},
      {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
      {"9999-12-31T23:59:59+00:01", "9999-12-31T23:58:59.000Z"},
  };
  for (const Case& test : cases) EXPECT_EQ(reread(test.text), test.expected) << test.text;
}

TEST(ParseTimestamp, RefusesEverythingElse) {
  for (const std::string text : {"",
                                 "2026",
                                 "2026-03",
                                 "2026-3-1",
                                 "26-03-01",
                                 "2026-13-01",
                                 "2026-00-01",
                                 "2026-04-31",
                                 "2026-02-29",
                                 "1900-02-29",
                                 "2026-03-00",
                                 "2026-03-01T",
                                 "2026-03-01T10",
                                 "2026-03-01T24:00:00Z",
                                 "2026-03-01T10:60:00Z",
                                 "2026-03-01T10:00:61Z",
                                 "2026-03-01T10:00:00.Z",
                                 "2026-03-01T10:00:00,5Z",
                                 "2026-03-01T10:00:00Zx",
                                 "2026-03-01T10:00:00+1",
                                 "2026-03-01T10:00:00+24:00",
                                 "2026-03-01T10:00:00+01:60",
                                 "2026-03-01T10:00:00 Z",
                                 " 2026-03-01",
                                 "2026-03-01_10:00:00",
                                 "2026-03-01Z",
                                 "0000-01-01T00:00:00+00:01",
                                 "9999-12-31T23:59:60Z",
                                 "9999-12-31T23:59:00-00:01",
                                 "+2026-03-01",
                                 "20260301",
                                 "2026-03-01T10:00:00+"}) {
    EXPECT_EQ(reread(text), "none") << text;
  }
}

// With another zone of the same meaning a text is read a character at a time.
TEST(ParseTimestamp, ReadsTheCommonFormLikeAnyOther) {
  for (const std::string common :
       {"2026-03-01T10:00:00.123Z", "2024-02-29T23:59:59.999Z", "0000-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.090Z", "2016-12-31T23:59:60.000Z", "1969-12-31T23:59:59.001Z"}) {
    const std::string body = common.substr(0, common.size() - 1);
    EXPECT_NE(parse_timestamp(common), std::nullopt) << common;
    for (size_t i = 0; i < body.size(); ++i) {
      for (int c = 0; c < 256; ++c) {
        std::string changed = body;
        changed[i] = static_cast<char>(c);
        ASSERT_EQ(parse_timestamp(changed + "Z"), parse_timestamp(changed + "+00:00")) << changed;
      }
    }
    for (int c = 0; c < 256; ++c) {
      const auto zone = static_cast<char>(c);
      ASSERT_EQ(parse_timestamp(body + zone).has_value(),
                zone == 'Z' || zone == 'z' || (zone >= '0' && zone <= '9'));
    }
  }
}

TEST(CivilTime, KnowsTheCalendar) {
  struct Day {
    int year, month, day, day_of_week;
    int64_t days;
  };
  const std::vector<Day> days = {{1970, 1, 1, 4, 0},       {1969, 12, 31, 3, -1},
                                 {2000, 2, 29, 2, 11'016}, {2000, 3, 1, 3, 11'017},
                                 {1900, 3, 1, 4, -25'508}, {2026, 3, 1, 7, 20'513},
                                 {0, 1, 1, 6, -719'528},   {9999, 12, 31, 5, 2'932'896}};
  for (const Day& day : days) {
    const Timestamp time{day.days * 86'400'000'000};
    const CivilTime civil = to_civil(time);
    EXPECT_EQ(civil.year, day.year);
    EXPECT_EQ(civil.month, day.month);
    EXPECT_EQ(civil.day, day.day);
    EXPECT_EQ(civil.day_of_week, day.day_of_week) << day.year;
    EXPECT_EQ(from_civil(civil), time);
  }
}

TEST(CivilTime, GoesThereAndBackOnEveryDay) {
  int day_of_week = 6;
  for (int64_t day = -719'528; day <= 2'932'896; ++day) {
    const Timestamp time{day * 86'400'000'000 + 3'723'000'004};
    const CivilTime civil = to_civil(time);
    ASSERT_EQ(from_civil(civil), time) << day;
    ASSERT_EQ(civil.day_of_week, day_of_week);
    ASSERT_EQ(civil.hour * 3600 + civil.minute * 60 + civil.second, 3723);
    ASSERT_EQ(civil.micros, 4);
    day_of_week = day_of_week % 7 + 1;
  }
}

TEST(Timestamp, ArithmeticNeverWraps) {
  EXPECT_EQ(kMaxTimestamp + Duration{1}, kMaxTimestamp);
  EXPECT_EQ(kMinTimestamp + Duration{-1}, kMinTimestamp);
  EXPECT_EQ(kMinTimestamp - Duration{1}, kMinTimestamp);
  EXPECT_EQ(kMaxTimestamp - Duration{-1}, kMaxTimestamp);
  EXPECT_EQ((kMaxTimestamp - kMinTimestamp).micros, std::numeric_limits<int64_t>::max());
  EXPECT_EQ((kMinTimestamp - kMaxTimestamp).micros, std::numeric_limits<int64_t>::min());
  EXPECT_EQ((Timestamp{5} - Timestamp{7}).micros, -2);
}

TEST(ParseDuration, ReadsUnitsThatFall) {
  const std::vector<Case> cases = {{"250ms", "250ms"},
                                   {"5s", "5s"},
                                   {"10m", "10m"},
                                   {"1h30m", "1h30m"},
                                   {"2d", "2d"},
                                   {"1w", "1w"},
                                   {"90s", "1m30s"},
                                   {"36h", "1d12h"},
                                   {"0s", "0s"},
                                   {"0w0us", "0s"},
                                   {"1s1ms1us", "1s1ms1us"},
                                   {"1500us", "1ms500us"},
                                   {"14d", "2w"},
                                   {"1w2d3h4m5s6ms7us", "1w2d3h4m5s6ms7us"},
                                   {"9223372036854775807us", "15250284w3d4h54s775ms807us"}};
  for (const Case& test : cases) {
    const auto span = parse_duration(test.text);
    ASSERT_TRUE(span) << test.text;
    const std::string shown = to_string(*span);
    EXPECT_EQ(shown, test.expected);
    EXPECT_EQ(parse_duration(shown), span);
  }
}

TEST(ParseDuration, RefusesEverythingElse) {
  for (const std::string text :
       {"", "s", "5", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5h", "30m1h", "1h1h", "5S", "5min",
        "5s5", "9223372036854775808us", "99999999999999999999us", "15250285w", "1y", "5s\n"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(Duration, HasASign) {
  EXPECT_EQ(to_string(Duration{-1'500'000}), "-1s500ms");
  EXPECT_EQ(to_string(Duration{std::numeric_limits<int64_t>::min()}),
            "-15250284w3d4h54s775ms808us");
}

TEST(TimestampFromInteger, ReadsEachUnit) {
  const auto shown = [](int64_t value, TimeUnit unit) {
    const auto time = timestamp_from_integer(value, unit);
    return time ? to_string(*time) : "none";
  };
  EXPECT_EQ(shown(1'500, TimeUnit::kMillis), "1970-01-01T00:00:01.500Z");
  EXPECT_EQ(shown(-1, TimeUnit::kMillis), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(shown(1, TimeUnit::kSeconds), "1970-01-01T00:00:01.000Z");
  EXPECT_EQ(shown(1, TimeUnit::kMicros), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(shown(1'999, TimeUnit::kNanos), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(shown(-1, TimeUnit::kNanos), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(shown(-1'000, TimeUnit::kNanos), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(shown(253'402'300'799'999, TimeUnit::kMillis), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(shown(253'402'300'800'000, TimeUnit::kMillis), "none");
  EXPECT_EQ(shown(-62'167'219'200, TimeUnit::kSeconds), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(shown(-62'167'219'201, TimeUnit::kSeconds), "none");
  EXPECT_EQ(shown(std::numeric_limits<int64_t>::max(), TimeUnit::kSeconds), "none");
  EXPECT_EQ(shown(std::numeric_limits<int64_t>::min(), TimeUnit::kMillis), "none");
  EXPECT_EQ(shown(std::numeric_limits<int64_t>::max(), TimeUnit::kMicros), "none");
  EXPECT_EQ(shown(std::numeric_limits<int64_t>::max(), TimeUnit::kNanos),
            "2262-04-11T23:47:16.854775Z");
}

}  // namespace
}  // namespace tocsin::eventtime
