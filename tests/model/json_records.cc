#include "tests/model/json_records.h"

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "eventtime/check.h"

namespace tocsin::model {

namespace {

using eventtime::Field;
using simdjson::dom::element;
using simdjson::dom::object;

std::optional<element> find(const object& record, std::string_view path) {
  element found;
  if (record.at_key(path).get(found) == simdjson::SUCCESS) return found;
  const size_t dot = path.find('.');
  object inner;
  if (dot == std::string_view::npos ||
      record.at_key(path.substr(0, dot)).get(inner) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return find(inner, path.substr(dot + 1));
}

NaiveValue timestamp_value(const element& json, const Field& field) {
  std::optional<Timestamp> time;
  if (json.is_string()) {
    time = eventtime::parse_timestamp(json.get_string().value());
  } else {
    time = eventtime::timestamp_from_integer(json.get_int64().value(), field.unit);
  }
  TOCSIN_CHECK(time, "a record's time can be read");
  return NaiveValue::of_micros(Type::kTimestamp, time->micros);
}

// A whole number is an int however it is written.
NaiveValue int_value(const element& json) {
  if (json.is_int64()) return NaiveValue::of_int(json.get_int64().value());
  return NaiveValue::of_int(static_cast<int64_t>(json.get_double().value()));
}

NaiveValue value_of(const element& json, const Field& field) {
  if (json.is_null()) return NaiveValue::null();
  switch (field.type) {
    case Type::kBool:
      return NaiveValue::of_bool(json.get_bool().value());
    case Type::kInt:
      return int_value(json);
    case Type::kFloat:
      return NaiveValue::of_float(json.get_double().value());
    case Type::kString:
      return NaiveValue::of_text(std::string(json.get_string().value()));
    case Type::kTimestamp:
      return timestamp_value(json, field);
    case Type::kDuration:
    case Type::kNull:
      break;
  }
  TOCSIN_CHECK(false, "the model's records hold no durations");
}

TypeId type_of(const object& record, const Catalog& catalog) {
  std::string_view name;
  if (catalog.types.size() == 1 || record.at_key("type").get(name) != simdjson::SUCCESS) return 0;
  const std::optional<TypeId> type = catalog.find(name);
  TOCSIN_CHECK(type, "a record's type is declared");
  return *type;
}

}  // namespace

std::vector<NaiveEvent> read_records(std::span<const std::string> lines, const Catalog& catalog,
                                     uint32_t input) {
  simdjson::dom::parser parser;
  std::vector<NaiveEvent> events;
  for (size_t i = 0; i < lines.size(); ++i) {
    object record;
    TOCSIN_CHECK(parser.parse(lines[i]).get(record) == simdjson::SUCCESS, "records are objects");
    NaiveEvent event;
    event.type = type_of(record, catalog);
    event.input = input;
    event.record = i;
    const eventtime::EventSchema& schema = catalog.types[event.type];
    for (const Field& field : schema.fields) {
      const std::optional<element> json = find(record, field.path);
      event.fields.push_back(json ? value_of(*json, field) : NaiveValue::null());
    }
    event.time = {event.fields[schema.time_field].integer};
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace tocsin::model
