#include "eventtime/timestamp.h"

#include <array>
#include <bit>
#include <cstring>

namespace tocsin::eventtime {
namespace {

constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

constexpr int64_t floor_div(int64_t value, int64_t divisor) {
  const int64_t quotient = value / divisor;
  return quotient - (value % divisor < 0 ? 1 : 0);
}

// Days since 1970-01-01 and back, after Howard Hinnant, "chrono-compatible low-level date
// algorithms": years begin in March, so that the leap day is the last of its year.
constexpr int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = floor_div(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr bool is_leap(int year) {
  return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

constexpr int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Reads exactly `digits` decimal digits at `at` and moves it on; -1 when they are not there.
int read_digits(std::string_view text, size_t& at, size_t digits) {
  if (text.size() < at + digits) return -1;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    const char c = text[at + i];
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  at += digits;
  return value;
}

bool read_char(std::string_view text, size_t& at, char wanted) {
  if (at >= text.size() || text[at] != wanted) return false;
  ++at;
  return true;
}

// ".5" at `at`: microseconds; 0 when there is no fraction, -1 when it is malformed.
int read_fraction(std::string_view text, size_t& at) {
  if (!read_char(text, at, '.')) return 0;
  int micros = 0;
  size_t digits = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
    if (digits < 6) micros = micros * 10 + (text[at] - '0');
  }
  if (digits == 0) return -1;
  for (; digits < 6; ++digits) micros *= 10;
  return micros;
}

// "Z", "+01:00", or nothing, up to the end of the text: seconds east of UTC.
std::optional<int> read_zone(std::string_view text, size_t at) {
  if (at == text.size()) return 0;
  if (text[at] == 'Z' || text[at] == 'z') {
    return at + 1 == text.size() ? std::optional<int>(0) : std::nullopt;
  }
  if (text[at] != '+' && text[at] != '-') return std::nullopt;
  const int sign = text[at] == '-' ? -1 : 1;
  ++at;
  const int hours = read_digits(text, at, 2);
  read_char(text, at, ':');
  const int minutes = read_digits(text, at, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || at != text.size()) {
    return std::nullopt;
  }
  return sign * (hours * 3600 + minutes * 60);
}

void append_padded(std::string& out, int value, int digits) {
  std::array<char, 10> buffer{};
  for (int i = digits - 1; i >= 0; --i, value /= 10) {
    buffer[static_cast<size_t>(i)] = static_cast<char>('0' + value % 10);
  }
  out.append(buffer.data(), static_cast<size_t>(digits));
}

struct Unit {
  std::string_view name;
  int64_t micros;
};
constexpr std::array<Unit, 7> kUnits = {{{"w", 7 * kMicrosPerDay},
                                         {"d", kMicrosPerDay},
                                         {"h", 3600 * kMicrosPerSecond},
                                         {"m", 60 * kMicrosPerSecond},
                                         {"s", kMicrosPerSecond},
                                         {"ms", 1000},
                                         {"us", 1}}};

}  // namespace

CivilTime to_civil(Timestamp time) {
  const int64_t days = floor_div(time.micros, kMicrosPerDay);
  int64_t rest = time.micros % kMicrosPerDay;
  if (rest < 0) rest += kMicrosPerDay;
  const int64_t shifted = days + 719'468;
  const int64_t era = floor_div(shifted, 146'097);
  const int64_t day_of_era = shifted - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_index = (5 * day_of_year + 2) / 153;
  CivilTime civil;
  civil.day = static_cast<int>(day_of_year - (153 * month_index + 2) / 5 + 1);
  civil.month = static_cast<int>(month_index < 10 ? month_index + 3 : month_index - 9);
  civil.year = static_cast<int>(year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0));
  civil.day_of_week = static_cast<int>(((days + 3) % 7 + 7) % 7) + 1;
  civil.micros = static_cast<int>(rest % kMicrosPerSecond);
  rest /= kMicrosPerSecond;
  civil.second = static_cast<int>(rest % 60);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.hour = static_cast<int>(rest / 3600);
  return civil;
}

Timestamp from_civil(const CivilTime& civil) {
  const int64_t days = days_from_civil(civil.year, civil.month, civil.day);
  const int64_t seconds = civil.hour * 3600 + civil.minute * 60 + civil.second;
  // Computed times may lie at the edges of the range, where the beginning of a day lies outside.
  int64_t midnight = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &midnight)) {
    return days < 0 ? kMinTimestamp : kMaxTimestamp;
  }
  return Timestamp{midnight} + Duration{seconds * kMicrosPerSecond + civil.micros};
}

namespace {

// Eight characters of a text: a digit where '0' stands, anything else as it is.
struct Form {
  uint64_t text = 0;
  uint64_t most = 0;  // by how much each byte may be greater

  explicit constexpr Form(const char (&form)[9]) {
    for (int i = 7; i >= 0; --i) {
      text = text << 8 | static_cast<unsigned char>(form[i]);
      most = most << 8 | (form[i] == '0' ? 9 : 0);
    }
  }
};

// Reads the two digits at each place at once, see pair_at(). False if the text has another form.
bool read_pairs(const char* text, const Form& form, uint64_t& pairs) {
  constexpr uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  uint64_t digits = 0;
  std::memcpy(&digits, text, sizeof(digits));
  digits ^= form.text;  // '0' to '9' differ from '0' by their value
  if (((((digits & kLow) + (kLow - form.most)) | digits) & ~kLow) != 0) return false;
  pairs = digits * 10 + (digits >> 8);
  return true;
}

constexpr int pair_at(uint64_t pairs, int place) {
  return static_cast<int>(pairs >> (8 * place) & 0xFF);
}

// "2026-03-01T10:00:00.000Z", which most programs write, a word at a time. False: it is written in
// another way, or is no time.
bool parse_common(std::string_view text, Timestamp& time) {
  constexpr size_t kSize = 24;
  uint64_t date = 0;
  uint64_t day_and_hour = 0;
  uint64_t second = 0;
  if (std::endian::native != std::endian::little || text.size() != kSize ||
      !read_pairs(text.data(), Form("0000-00-"), date) ||
      !read_pairs(text.data() + 8, Form("00T00:00"), day_and_hour) ||
      !read_pairs(text.data() + 16, Form(":00.000Z"), second)) {
    return false;
  }
  const int year = pair_at(date, 0) * 100 + pair_at(date, 2);
  const int month = pair_at(date, 5);
  const int day = pair_at(day_and_hour, 0);
  const int hour = pair_at(day_and_hour, 3);
  const int minute = pair_at(day_and_hour, 6);
  const int seconds = pair_at(second, 1);
  const int64_t millis = pair_at(second, 4) * 10 + (text[22] - '0');
  if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
      minute > 59 || seconds > 59) {
    return false;
  }
  const int64_t seconds_of_day = (hour * 60 + minute) * 60 + seconds;
  time = {days_from_civil(year, month, day) * kMicrosPerDay + seconds_of_day * kMicrosPerSecond +
          millis * 1000};
  return true;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Timestamp common;
  if (parse_common(text, common)) return common;
  size_t at = 0;
  CivilTime civil;
  civil.year = read_digits(text, at, 4);
  if (civil.year < 0 || !read_char(text, at, '-')) return std::nullopt;
  civil.month = read_digits(text, at, 2);
  if (civil.month < 1 || civil.month > 12 || !read_char(text, at, '-')) return std::nullopt;
  civil.day = read_digits(text, at, 2);
  if (civil.day < 1 || civil.day > days_in_month(civil.year, civil.month)) return std::nullopt;
  if (at == text.size()) return from_civil(civil);  // a date alone is its midnight
  if (text[at] != 'T' && text[at] != 't' && text[at] != ' ') return std::nullopt;
  ++at;
  civil.hour = read_digits(text, at, 2);
  if (civil.hour < 0 || civil.hour > 23 || !read_char(text, at, ':')) return std::nullopt;
  civil.minute = read_digits(text, at, 2);
  if (civil.minute < 0 || civil.minute > 59) return std::nullopt;
  if (read_char(text, at, ':')) {
    civil.second = read_digits(text, at, 2);
    if (civil.second < 0 || civil.second > 60) return std::nullopt;  // 60: a leap second
    civil.micros = read_fraction(text, at);
    if (civil.micros < 0) return std::nullopt;
  }
  const std::optional<int> zone = read_zone(text, at);
  if (!zone) return std::nullopt;
  const Timestamp time = from_civil(civil) - Duration{*zone * kMicrosPerSecond};
  if (time < kEarliestTimestamp || time > kLatestTimestamp) return std::nullopt;
  return time;
}

void append_timestamp(std::string& out, Timestamp time) {
  const CivilTime civil = to_civil(time);
  append_padded(out, civil.year, 4);
  out += '-';
  append_padded(out, civil.month, 2);
  out += '-';
  append_padded(out, civil.day, 2);
  out += 'T';
  append_padded(out, civil.hour, 2);
  out += ':';
  append_padded(out, civil.minute, 2);
  out += ':';
  append_padded(out, civil.second, 2);
  out += '.';
  if (civil.micros % 1000 == 0) {
    append_padded(out, civil.micros / 1000, 3);
  } else {
    append_padded(out, civil.micros, 6);
  }
  out += 'Z';
}

std::string to_string(Timestamp time) {
  std::string out;
  append_timestamp(out, time);
  return out;
}

std::optional<Duration> parse_duration(std::string_view text) {
  int64_t total = 0;
  size_t at = 0;
  size_t next_unit = 0;
  while (at < text.size()) {
    int64_t amount = 0;
    const size_t first_digit = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      if (__builtin_mul_overflow(amount, 10, &amount) ||
          __builtin_add_overflow(amount, text[at] - '0', &amount)) {
        return std::nullopt;
      }
    }
    if (at == first_digit) return std::nullopt;
    const size_t first_letter = at;
    while (at < text.size() && text[at] >= 'a' && text[at] <= 'z') ++at;
    const std::string_view name = text.substr(first_letter, at - first_letter);
    while (next_unit < kUnits.size() && kUnits[next_unit].name != name) ++next_unit;
    if (next_unit == kUnits.size()) return std::nullopt;
    if (__builtin_mul_overflow(amount, kUnits[next_unit].micros, &amount) ||
        __builtin_add_overflow(total, amount, &total)) {
      return std::nullopt;
    }
    ++next_unit;
  }
  if (text.empty()) return std::nullopt;
  return Duration{total};
}

void append_duration(std::string& out, Duration span) {
  if (span.micros == 0) {
    out += "0s";
    return;
  }
  // Unsigned, so that the most negative span has a magnitude.
  uint64_t rest = static_cast<uint64_t>(span.micros);
  if (span.micros < 0) {
    out += '-';
    rest = 0 - rest;
  }
  for (const Unit& unit : kUnits) {
    const auto micros = static_cast<uint64_t>(unit.micros);
    if (rest < micros) continue;
    out += std::to_string(rest / micros);
    out += unit.name;
    rest %= micros;
  }
}

std::string to_string(Duration span) {
  std::string out;
  append_duration(out, span);
  return out;
}

}  // namespace tocsin::eventtime
