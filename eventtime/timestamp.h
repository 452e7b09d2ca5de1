// Points in event time and spans between them, in whole microseconds; UTC throughout.
//
// Text forms are those of the pattern language: RFC 3339 for timestamps ("T" or a blank between
// date and time; no zone means UTC), "1h30m" for durations. Tested by
// tests/unit/eventtime/timestamp_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::eventtime {

inline constexpr int64_t kMicrosPerMs = 1000;
inline constexpr int64_t kMicrosPerSecond = 1'000'000;

struct Duration {
  int64_t micros = 0;
  friend constexpr auto operator<=>(Duration, Duration) = default;
};

// Microseconds since 1970-01-01T00:00:00Z. Values read from records lie in the years 0 to 9999;
// the extremes stand for "before" and "after everything".
struct Timestamp {
  int64_t micros = 0;
  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
};

inline constexpr Timestamp kMinTimestamp{std::numeric_limits<int64_t>::min()};
inline constexpr Timestamp kMaxTimestamp{std::numeric_limits<int64_t>::max()};
// The first and the last microsecond that an RFC 3339 text can name.
inline constexpr Timestamp kEarliestTimestamp{-62167219200000000};
inline constexpr Timestamp kLatestTimestamp{253402300799999999};

// Saturating: arithmetic on timestamps never wraps around.
constexpr Timestamp operator+(Timestamp time, Duration span) {
  int64_t sum = 0;
  if (__builtin_add_overflow(time.micros, span.micros, &sum)) {
    return span.micros > 0 ? kMaxTimestamp : kMinTimestamp;
  }
  return {sum};
}
constexpr Timestamp operator-(Timestamp time, Duration span) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(time.micros, span.micros, &difference)) {
    return span.micros > 0 ? kMinTimestamp : kMaxTimestamp;
  }
  return {difference};
}
constexpr Duration operator-(Timestamp left, Timestamp right) {
  int64_t difference = 0;
  if (__builtin_sub_overflow(left.micros, right.micros, &difference)) {
    return {left > right ? std::numeric_limits<int64_t>::max()
                         : std::numeric_limits<int64_t>::min()};
  }
  return {difference};
}

// Civil date and time of day (proleptic Gregorian calendar, UTC).
struct CivilTime {
  int year = 1970;
  int month = 1;  // 1 to 12
  int day = 1;    // 1 to 31
  int hour = 0;
  int minute = 0;
  int second = 0;
  int micros = 0;
  int day_of_week = 4;  // 1 Monday to 7 Sunday
};
CivilTime to_civil(Timestamp time);
Timestamp from_civil(const CivilTime& civil);  // day_of_week is ignored

// "2026-03-01T10:00:00.5+01:00"; digits beyond microseconds are cut off. Nothing else may follow.
std::optional<Timestamp> parse_timestamp(std::string_view text);
// "2026-03-01T10:00:00.000Z"; six digits where microseconds are not zero.
void append_timestamp(std::string& out, Timestamp time);
std::string to_string(Timestamp time);

// "250ms", "5s", "1h30m", "2d", "1w"; units fall from left to right, each at most once; no blanks,
// no sign. Units: us ms s m h d w.
std::optional<Duration> parse_duration(std::string_view text);
// The canonical text of the same form: "1h30m", "0s", "-5s".
void append_duration(std::string& out, Duration span);
std::string to_string(Duration span);

}  // namespace tocsin::eventtime
