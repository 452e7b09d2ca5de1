#include "nfa/functions.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace tocsin::nfa {
namespace {

using eventtime::Timestamp;

// Where the code point after the one at `at` begins; bytes that are no UTF-8 count one each.
size_t next_code_point(std::string_view text, size_t at) {
  utf8proc_int32_t ignored = 0;
  const auto length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                                       static_cast<utf8proc_ssize_t>(text.size() - at), &ignored);
  return at + (length > 0 ? static_cast<size_t>(length) : 1);
}

template <class Map>
std::string_view map_code_points(std::string_view text, eventtime::Arena& arena, Map map) {
  char* out = arena.allocate(text.size() * 4);  // a mapped code point has at most four bytes
  size_t size = 0;
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t code_point = 0;
    const auto length =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()) + at,
                         static_cast<utf8proc_ssize_t>(text.size() - at), &code_point);
    if (length <= 0) {
      out[size++] = text[at++];
      continue;
    }
    size += static_cast<size_t>(
        utf8proc_encode_char(map(code_point), reinterpret_cast<utf8proc_uint8_t*>(out + size)));
    at += static_cast<size_t>(length);
  }
  return {out, size};
}

// Past `count` code points from `at`, or the end.
size_t skip_code_points(std::string_view text, size_t at, int64_t count) {
  for (; count > 0 && at < text.size(); --count) at = next_code_point(text, at);
  return at;
}

}  // namespace

bool like(std::string_view text, std::string_view pattern) {
  size_t at = 0;
  size_t wanted = 0;
  size_t star = std::string_view::npos;  // the last `%`, and the text that it has swallowed up to
  size_t swallowed = 0;
  while (at < text.size()) {
    if (wanted < pattern.size() && pattern[wanted] == '%') {
      star = wanted++;
      swallowed = at;
    } else if (wanted < pattern.size() && pattern[wanted] == '_') {
      at = next_code_point(text, at);
      ++wanted;
    } else if (wanted < pattern.size() && pattern[wanted] == text[at]) {
      ++at;
      ++wanted;
    } else if (star != std::string_view::npos) {
      swallowed = next_code_point(text, swallowed);
      at = swallowed;
      wanted = star + 1;
    } else {
      return false;
    }
  }
  while (wanted < pattern.size() && pattern[wanted] == '%') ++wanted;
  return wanted == pattern.size();
}

std::string_view to_lower(std::string_view text, eventtime::Arena& arena) {
  return map_code_points(text, arena, utf8proc_tolower);
}

std::string_view to_upper(std::string_view text, eventtime::Arena& arena) {
  // utf8proc's own opinion is U+1E9E for the sharp s; the simple mapping of Unicode leaves it.
  constexpr utf8proc_int32_t kSharpS = 0xDF;
  return map_code_points(text, arena, [](utf8proc_int32_t code_point) {
    return code_point == kSharpS ? code_point : utf8proc_toupper(code_point);
  });
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

int64_t length(std::string_view text) {
  int64_t count = 0;
  for (size_t at = 0; at < text.size(); at = next_code_point(text, at)) ++count;
  return count;
}

std::string_view substr(std::string_view text, int64_t from, std::optional<int64_t> count) {
  int64_t end = std::numeric_limits<int64_t>::max();
  if (count && __builtin_add_overflow(from, *count, &end)) {
    end = *count > 0 ? std::numeric_limits<int64_t>::max() : 0;
  }
  from = std::max<int64_t>(from, 1);
  if (end <= from) return {};
  const size_t begin = skip_code_points(text, 0, from - 1);
  return text.substr(begin, skip_code_points(text, begin, end - from) - begin);
}

double round_half_away(double value, int64_t digits) {
  if (digits == 0) return std::round(value);
  if (digits > 300) return value;
  if (digits < -308) return 0;
  const double scale = std::pow(10.0, static_cast<double>(std::abs(digits)));
  if (digits < 0) return std::round(value / scale) * scale;
  const double scaled = value * scale;
  constexpr double kWhole = 9007199254740992;  // from here on (2^53) every float is a whole number
  if (!(std::abs(scaled) < kWhole)) return value;  // no digits that far behind the point
  return std::round(scaled) / scale;
}

std::optional<int64_t> round_half_away(int64_t value, int64_t digits) {
  if (digits >= 0) return value;
  constexpr int64_t kHalf = 5'000'000'000'000'000'000;  // of 10^19, which does not fit
  if (digits == -19 && (value >= kHalf || value <= -kHalf)) return std::nullopt;
  if (digits < -18) return 0;
  int64_t scale = 1;
  for (; digits < 0; ++digits) scale *= 10;
  const int64_t rest = value % scale;
  int64_t result = value - rest;
  if (std::abs(rest) >= scale - std::abs(rest) &&
      __builtin_add_overflow(result, rest < 0 ? -scale : scale, &result)) {
    return std::nullopt;
  }
  return result;
}

std::optional<DateUnit> date_unit(std::string_view name) {
  constexpr std::array<std::string_view, 7> kNames = {"year", "month",  "week",  "day",
                                                      "hour", "minute", "second"};
  const auto* found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<DateUnit>(found - kNames.begin());
}

Timestamp date_trunc(DateUnit unit, Timestamp time) {
  eventtime::CivilTime civil = eventtime::to_civil(time);
  civil.micros = 0;
  if (unit <= DateUnit::kMinute) civil.second = 0;
  if (unit <= DateUnit::kHour) civil.minute = 0;
  if (unit <= DateUnit::kDay) civil.hour = 0;
  if (unit <= DateUnit::kMonth) civil.day = 1;
  if (unit == DateUnit::kYear) civil.month = 1;
  const Timestamp begin = eventtime::from_civil(civil);
  if (unit != DateUnit::kWeek) return begin;
  constexpr int64_t kMicrosPerDay = 86'400'000'000;
  return begin - eventtime::Duration{(civil.day_of_week - 1) * kMicrosPerDay};
}

double distance_km(double latitude1, double longitude1, double latitude2, double longitude2) {
  constexpr double kRadius = 6371.0088;
  constexpr double kDegree = std::numbers::pi / 180;
  const double half_height = std::sin((latitude2 - latitude1) * kDegree / 2);
  const double half_width = std::sin((longitude2 - longitude1) * kDegree / 2);
  const double chord = half_height * half_height + std::cos(latitude1 * kDegree) *
                                                       std::cos(latitude2 * kDegree) * half_width *
                                                       half_width;
  return 2 * kRadius * std::asin(std::min(1.0, std::sqrt(chord)));
}

}  // namespace tocsin::nfa
