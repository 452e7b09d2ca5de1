#include "connectors/field_value.h"

#include <fmt/core.h>

#include <optional>

#include "eventtime/check.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors {

using eventtime::Column;
using eventtime::Field;
using eventtime::Type;

namespace {

ValueFault from_number_fault(NumberFault fault) {
  switch (fault) {
    case NumberFault::kNone:
      return ValueFault::kNone;
    case NumberFault::kMalformed:
      return ValueFault::kMalformed;
    case NumberFault::kFraction:
      return ValueFault::kFraction;
    case NumberFault::kOutOfRange:
      return ValueFault::kOutOfRange;
  }
  return ValueFault::kMalformed;
}

// Cuts long text at the start of a UTF-8 sequence.
std::string shortened(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return std::string(text);
  size_t end = kShown;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

ValueFault set_number_field(const Field& field, std::string_view number, NumberGrammar grammar,
                            Column& column, size_t row) {
  if (field.type == Type::kFloat) {
    double value = 0;
    const NumberFault fault = parse_float(number, grammar, value);
    if (fault != NumberFault::kNone) return from_number_fault(fault);
    column.set_number(row, value);
    return ValueFault::kNone;
  }
  int64_t value = 0;
  const NumberFault fault = parse_int(number, grammar, value);
  if (fault != NumberFault::kNone) return from_number_fault(fault);
  if (field.type == Type::kTimestamp) {
    const auto time = eventtime::timestamp_from_integer(value, field.unit);
    if (!time) return ValueFault::kOutOfRange;
    value = time->micros;
  } else if (field.type == Type::kDuration) {  // milliseconds
    if (__builtin_mul_overflow(value, 1000, &value)) return ValueFault::kOutOfRange;
  } else {
    TOCSIN_CHECK(field.type == Type::kInt, "a number is read only for a field that takes one");
  }
  column.set_integer(row, value);
  return ValueFault::kNone;
}

ValueFault set_text_field(const Field& field, std::string_view text, Column& column, size_t row) {
  if (field.type == Type::kTimestamp) {
    const auto time = eventtime::parse_timestamp(text);
    if (!time) return ValueFault::kNotText;
    column.set_integer(row, time->micros);
    return ValueFault::kNone;
  }
  TOCSIN_CHECK(field.type == Type::kDuration, "text is read only for a field that takes it");
  const auto span = eventtime::parse_duration(text);
  if (!span) return ValueFault::kNotText;
  column.set_integer(row, span->micros);
  return ValueFault::kNone;
}

std::string fault_reason(const Field& field, ValueFault fault, std::string_view text) {
  const std::string_view type = eventtime::to_string(field.type);
  switch (fault) {
    case ValueFault::kFraction:
      return wrong_type_reason(field, "the fraction " + shortened(text));
    case ValueFault::kOutOfRange:
      return fmt::format("field '{}': {} does not fit into {}", field.name, shortened(text), type);
    case ValueFault::kNotText:
    case ValueFault::kMalformed:
      return fmt::format("field '{}': {} is no {}", field.name, in_quotes(text), type);
    case ValueFault::kNone:
      break;
  }
  TOCSIN_CHECK(false, "a reason is asked for only when something is wrong");
  return {};
}

std::string in_quotes(std::string_view text) {
  return fmt::format("'{}'", shortened(text));
}

}  // namespace tocsin::connectors
