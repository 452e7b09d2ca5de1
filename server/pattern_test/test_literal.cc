#include "server/pattern_test/test_literal.h"

#include <charconv>
#include <cmath>

namespace tocsin::server {

using connectors::AlertScalar;
using connectors::AlertValue;
using eventtime::Duration;
using eventtime::Timestamp;
using eventtime::Type;

namespace {

AlertScalar word(std::string text) {
  return {false, std::move(text)};
}

AlertScalar float_word(double value) {
  AlertScalar scalar;
  eventtime::append_float(scalar.text, value);
  return scalar;
}

// A whole number is an int however it is written, as in records.
std::optional<AlertScalar> int_word(const TestValue& value) {
  if (value.kind == TestKind::kInt) return word(std::to_string(value.integer));
  constexpr double kLimit = 9223372036854775808.0;
  const double number = value.number;
  if (value.kind != TestKind::kFloat || std::trunc(number) != number || number < -kLimit ||
      number >= kLimit) {
    return std::nullopt;
  }
  return word(std::to_string(static_cast<int64_t>(number)));
}

std::optional<AlertScalar> time_text(const TestValue& value) {
  if (value.kind == TestKind::kTimestamp)
    return AlertScalar{true, to_string(Timestamp{value.integer})};
  if (value.kind != TestKind::kString) return std::nullopt;
  const auto time = eventtime::parse_timestamp(value.text);
  if (!time) return std::nullopt;
  return AlertScalar{true, to_string(*time)};
}

std::optional<AlertScalar> duration_text(const TestValue& value) {
  if (value.kind == TestKind::kDuration)
    return AlertScalar{true, to_string(Duration{value.integer})};
  if (value.kind != TestKind::kString) return std::nullopt;
  const auto span = eventtime::parse_duration(value.text);
  if (!span) return std::nullopt;
  return AlertScalar{true, to_string(*span)};
}

Type own_type(TestKind kind) {
  switch (kind) {
    case TestKind::kBool:
      return Type::kBool;
    case TestKind::kInt:
      return Type::kInt;
    case TestKind::kFloat:
      return Type::kFloat;
    case TestKind::kString:
      return Type::kString;
    case TestKind::kTimestamp:
      return Type::kTimestamp;
    case TestKind::kDuration:
      return Type::kDuration;
    default:
      return Type::kNull;
  }
}

std::optional<double> number_of(const AlertScalar& scalar) {
  double number = 0;
  const char* end = scalar.text.data() + scalar.text.size();
  const auto [last, failed] = std::from_chars(scalar.text.data(), end, number);
  if (scalar.is_string || failed != std::errc() || last != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<AlertScalar> scalar_of(const TestValue& value, Type type) {
  if (value.kind == TestKind::kNull) return word("null");
  switch (type == Type::kNull ? own_type(value.kind) : type) {
    case Type::kBool:
      if (value.kind != TestKind::kBool) return std::nullopt;
      return word(value.integer != 0 ? "true" : "false");
    case Type::kInt:
      return int_word(value);
    case Type::kFloat:
      if (value.kind == TestKind::kInt) return float_word(static_cast<double>(value.integer));
      if (value.kind != TestKind::kFloat) return std::nullopt;
      return float_word(value.number);
    case Type::kString:
      if (value.kind != TestKind::kString) return std::nullopt;
      return AlertScalar{true, value.text};
    case Type::kTimestamp:
      return time_text(value);
    case Type::kDuration:
      return duration_text(value);
    case Type::kNull:
      break;  // a name, a list or a map
  }
  return std::nullopt;
}

bool same_scalar(const AlertScalar& wanted, const AlertScalar& found, Type type) {
  if (wanted == found) return true;
  if (type != Type::kFloat && type != Type::kNull) return false;
  const auto number = number_of(wanted);
  return number && number == number_of(found);
}

std::string to_json(const AlertScalar& scalar) {
  if (!scalar.is_string) return scalar.text;
  std::string json;
  eventtime::append_json_string(json, scalar.text);
  return json;
}

std::string default_json(const eventtime::Field& field) {
  if (field.nullable) return "null";
  switch (field.type) {
    case Type::kBool:
      return "false";
    case Type::kString:
      return "\"\"";
    case Type::kDuration:
      return "\"0s\"";
    default:
      return "0";
  }
}

std::string_view kind_name(TestKind kind) {
  switch (kind) {
    case TestKind::kNull:
      return "null";
    case TestKind::kName:
      return "a name";
    case TestKind::kList:
      return "a list";
    case TestKind::kMap:
      return "fields between braces";
    default:
      return to_string(own_type(kind));
  }
}

std::string time_literal(Timestamp time, bool absolute) {
  if (absolute || time < kTestStart) return to_string(time);
  return "+" + to_string(time - kTestStart);
}

std::string value_literal(const AlertScalar& scalar, Type type, bool absolute) {
  if (!scalar.is_string) return scalar.text;
  if (type == Type::kDuration) return scalar.text;
  if (type == Type::kTimestamp) {
    const auto time = eventtime::parse_timestamp(scalar.text);
    return time ? time_literal(*time, absolute) : scalar.text;
  }
  std::string quoted = "'";
  for (const char c : scalar.text) quoted.append(c == '\'' ? 2 : 1, c);
  return quoted + "'";
}

std::string value_literal(const AlertValue& value, Type type, bool absolute) {
  if (!value.is_list) return value_literal(value.items.front(), type, absolute);
  std::string list = "[";
  for (const AlertScalar& item : value.items) {
    if (list.size() > 1) list += ", ";
    list += value_literal(item, type, absolute);
  }
  return list + "]";
}

}  // namespace tocsin::server
