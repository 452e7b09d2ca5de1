#include "tests/model/naive_functions.h"

#include <regex.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/check.h"

namespace tocsin::model {

namespace {

using patterns::Expr;
using patterns::Op;
using Operands = std::span<const NaiveValue>;

// ---- numbers ----

NaiveValue finite(double value) {
  return std::isfinite(value) ? NaiveValue::of_float(value) : NaiveValue::null();
}

NaiveValue absolute(const NaiveValue& value) {
  if (value.type == Type::kFloat) return NaiveValue::of_float(std::fabs(value.number));
  if (value.integer == INT64_MIN) return NaiveValue::null();
  return NaiveValue{value.type, std::abs(value.integer), 0, {}};
}

NaiveValue to_whole(Op op, double value) {
  return NaiveValue::of_float(op == Op::kFloor ? std::floor(value) : std::ceil(value));
}

// At that decimal, half away from zero. Whole numbers are rounded exactly, at -2 to hundreds.
NaiveValue round_at(const NaiveValue& value, int64_t digits) {
  if (value.type == Type::kFloat) {
    const double scale = std::pow(10.0, static_cast<double>(digits));
    return finite(std::round(value.number * scale) / scale);
  }
  if (digits >= 0) return value;
  __int128 scale = 1;
  for (int64_t digit = 0; digit > digits && digit > -20; --digit) scale *= 10;
  const __int128 half = value.integer < 0 ? -scale / 2 : scale / 2;
  const __int128 rounded = (value.integer + half) / scale * scale;
  if (rounded < INT64_MIN || rounded > INT64_MAX) return NaiveValue::null();
  return NaiveValue::of_int(static_cast<int64_t>(rounded));
}

// On a sphere of the mean radius of the earth, by the haversine formula.
double distance_km(Operands at) {
  constexpr double kRadians = std::numbers::pi / 180;
  const double half_lat = (at[2].number - at[0].number) * kRadians / 2;
  const double half_lon = (at[3].number - at[1].number) * kRadians / 2;
  const double h = std::pow(std::sin(half_lat), 2) + std::cos(at[0].number * kRadians) *
                                                         std::cos(at[2].number * kRadians) *
                                                         std::pow(std::sin(half_lon), 2);
  return 2 * 6371.0088 * std::asin(std::sqrt(std::min(1.0, h)));
}

// ---- text ----

std::vector<std::string> code_points(std::string_view text) {
  std::vector<std::string> points;
  for (const char byte : text) {
    const bool continues = (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
    if (!continues || points.empty()) points.emplace_back();
    points.back().push_back(byte);
  }
  return points;
}

// ASCII and the Latin letters of U+00C0 to U+00DE, which is all that the generated texts use.
std::string lower_point(const std::string& point) {
  std::string lower = point;
  const auto last = static_cast<unsigned char>(point.back());
  const bool is_latin =
      point.size() == 2 && point[0] == '\xC3' && last >= 0x80 && last <= 0x9E && last != 0x97;
  if (is_latin || (last >= 'A' && last <= 'Z')) lower.back() = static_cast<char>(last + 32);
  return lower;
}

std::string lower(const std::string& text) {
  std::string out;
  for (const std::string& point : code_points(text)) out += lower_point(point);
  return out;
}

// The letters that have this one as their small letter.
std::string upper(const std::string& text) {
  std::string out;
  for (const std::string& point : code_points(text)) {
    std::string upper = point;
    upper.back() = static_cast<char>(point.back() - 32);
    out += lower_point(upper) == point && upper != point ? upper : point;
  }
  return out;
}

bool is_like(std::span<const std::string> text, std::span<const std::string> form) {
  if (form.empty()) return text.empty();
  if (form[0] == "%") {
    for (size_t skipped = 0; skipped <= text.size(); ++skipped) {
      if (is_like(text.subspan(skipped), form.subspan(1))) return true;
    }
    return false;
  }
  if (text.empty() || (form[0] != "_" && form[0] != text[0])) return false;
  return is_like(text.subspan(1), form.subspan(1));
}

// Only expressions that mean the same in POSIX and to Hyperscan; texts without a zero byte.
bool matches(const std::string& text, const std::string& form) {
  regex_t compiled;
  TOCSIN_CHECK(regcomp(&compiled, form.c_str(), REG_EXTENDED | REG_NOSUB) == 0,
               "the model knows simple expressions only");
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

NaiveValue like(Op op, const std::string& text, const std::string& form) {
  const bool fold = op == Op::kILike;
  const auto points = code_points(fold ? lower(text) : text);
  const auto wanted = code_points(fold ? lower(form) : form);
  return NaiveValue::of_bool(is_like(points, wanted));
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kBlanks = " \t\n\r";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// The code points at places begin <= i < begin + length that there are, counted from 1.
NaiveValue substr(Operands operands) {
  const int64_t begin = operands[1].integer;
  const bool bounded = operands.size() > 2;
  std::string out;
  int64_t place = 0;
  for (const std::string& point : code_points(operands[0].text)) {
    ++place;
    const bool inside = !bounded || static_cast<__int128>(place) <
                                        static_cast<__int128>(begin) + operands[2].integer;
    if (place >= begin && inside) out += point;
  }
  return NaiveValue::of_text(out);
}

NaiveValue text_function(Op op, Operands operands) {
  const std::string& text = operands[0].text;
  switch (op) {
    case Op::kLower:
      return NaiveValue::of_text(lower(text));
    case Op::kUpper:
      return NaiveValue::of_text(upper(text));
    case Op::kTrim:
      return NaiveValue::of_text(trimmed(text));
    case Op::kLength:
      return NaiveValue::of_int(static_cast<int64_t>(code_points(text).size()));
    case Op::kSubstr:
      return substr(operands);
    case Op::kContains:
      return NaiveValue::of_bool(text.find(operands[1].text) != std::string::npos);
    case Op::kStartsWith:
      return NaiveValue::of_bool(text.starts_with(operands[1].text));
    case Op::kEndsWith:
      return NaiveValue::of_bool(text.ends_with(operands[1].text));
    default:
      return like(op, text, operands[1].text);
    case Op::kMatches:
      return NaiveValue::of_bool(matches(text, operands[1].text));
  }
}

// ---- calendar ----

NaiveValue date_trunc(const std::string& unit, int64_t micros) {
  eventtime::CivilTime civil = eventtime::to_civil({micros});
  const int day_of_week = civil.day_of_week;
  civil.micros = 0;
  if (unit == "second") return NaiveValue::of_micros(Type::kTimestamp, from_civil(civil).micros);
  civil.second = 0;
  if (unit == "minute") return NaiveValue::of_micros(Type::kTimestamp, from_civil(civil).micros);
  civil.minute = 0;
  if (unit == "hour") return NaiveValue::of_micros(Type::kTimestamp, from_civil(civil).micros);
  civil.hour = 0;
  const int64_t day = from_civil(civil).micros;
  if (unit == "day") return NaiveValue::of_micros(Type::kTimestamp, day);
  if (unit == "week") {
    constexpr int64_t kDay = int64_t{24} * 3600 * 1'000'000;
    return NaiveValue::of_micros(Type::kTimestamp, day - (day_of_week - 1) * kDay);
  }
  civil.day = 1;
  if (unit == "year") civil.month = 1;
  return NaiveValue::of_micros(Type::kTimestamp, from_civil(civil).micros);
}

// ---- any number of operands ----

NaiveValue extreme(Operands operands, int sign) {
  NaiveValue best = operands[0];
  for (const NaiveValue& operand : operands) {
    if (compare(operand, best) * sign > 0) best = operand;
  }
  return best;
}

NaiveValue coalesce(Operands operands) {
  for (const NaiveValue& operand : operands) {
    if (!operand.is_null()) return operand;
  }
  return NaiveValue::null();
}

NaiveValue concat(Operands operands) {
  std::string out;
  for (const NaiveValue& operand : operands) out += operand.text;
  return NaiveValue::of_text(out);
}

NaiveValue number_function(const Expr& call, Operands operands) {
  switch (call.op) {
    case Op::kAbs:
      return absolute(operands[0]);
    case Op::kRound:
      return round_at(operands[0], operands.size() > 1 ? operands[1].integer : 0);
    case Op::kFloor:
    case Op::kCeil:
      return to_whole(call.op, operands[0].number);
    case Op::kSqrt:
      return finite(std::sqrt(operands[0].number));
    case Op::kPow:
      return finite(std::pow(operands[0].number, operands[1].number));
    case Op::kHour:
      return NaiveValue::of_int(eventtime::to_civil({operands[0].integer}).hour);
    case Op::kDayOfWeek:
      return NaiveValue::of_int(eventtime::to_civil({operands[0].integer}).day_of_week);
    case Op::kDateTrunc:
      return date_trunc(operands[0].text, operands[1].integer);
    case Op::kDistanceKm:
      return finite(distance_km(operands));
    default:
      return text_function(call.op, operands);
  }
}

}  // namespace

NaiveValue call_function(const Expr& call, std::span<const NaiveValue> operands) {
  if (call.op == Op::kCoalesce) return coalesce(operands);
  if (call.op == Op::kIf) return operands[0].is_true() ? operands[1] : operands[2];
  // Of all others: null in, null out.
  if (std::ranges::any_of(operands, &NaiveValue::is_null)) return NaiveValue::null();
  switch (call.op) {
    case Op::kLeast:
      return extreme(operands, -1);
    case Op::kGreatest:
      return extreme(operands, 1);
    case Op::kConcat:
      return concat(operands);
    default:
      return number_function(call, operands);
  }
}

}  // namespace tocsin::model
