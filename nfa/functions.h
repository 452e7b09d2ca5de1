// The scalar functions of the language that need more than one instruction of arithmetic. Pure; no
// locale; UTF-8 in, UTF-8 out. Tested by tests/unit/nfa/functions_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "eventtime/arena.h"
#include "eventtime/timestamp.h"

namespace tocsin::nfa {

// `%` stands for any text, `_` for one code point; there is no escape. O(text * pattern) at worst.
bool like(std::string_view text, std::string_view pattern);

// One code point to one (the simple case mapping of Unicode). The result lives in `arena`.
std::string_view to_lower(std::string_view text, eventtime::Arena& arena);
std::string_view to_upper(std::string_view text, eventtime::Arena& arena);
// Without blanks, tabs and line ends at both ends.
std::string_view trim(std::string_view text);
int64_t length(std::string_view text);  // in code points
// `count` code points from the one numbered `from`, counted from 1: what of [from, from + count)
// the text has, as SQL defines it.
std::string_view substr(std::string_view text, int64_t from, std::optional<int64_t> count);

// Half away from zero, at the given decimal digit (negative: tens, hundreds …).
double round_half_away(double value, int64_t digits);
std::optional<int64_t> round_half_away(int64_t value, int64_t digits);  // nothing: does not fit

enum class DateUnit : uint8_t { kYear, kMonth, kWeek, kDay, kHour, kMinute, kSecond };
std::optional<DateUnit> date_unit(std::string_view name);
// The beginning of the unit that holds `time`; weeks begin on Monday.
eventtime::Timestamp date_trunc(DateUnit unit, eventtime::Timestamp time);

// Great-circle distance by the haversine formula on a sphere of radius 6371.0088 km (IUGG mean).
double distance_km(double latitude1, double longitude1, double latitude2, double longitude2);

}  // namespace tocsin::nfa
