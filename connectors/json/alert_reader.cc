#include "connectors/json/alert_reader.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>

namespace tocsin::connectors {

namespace {

namespace dom = simdjson::dom;

AlertScalar scalar_of(const dom::element& json) {
  if (json.is_string()) return {true, std::string(std::string_view(json.get_string().value()))};
  return {false, simdjson::minify(json)};
}

AlertValue value_of(const dom::element& json) {
  AlertValue value;
  dom::array items;
  if (json.get(items) != simdjson::SUCCESS) {
    value.items.push_back(scalar_of(json));
    return value;
  }
  value.is_list = true;
  for (const dom::element item : items) value.items.push_back(scalar_of(item));
  return value;
}

void read_values(const dom::object& object, AlertLine::Named<AlertValue>& values) {
  for (const auto& [name, json] : object) values.emplace_back(name, value_of(json));
}

bool read_events(const dom::object& object, AlertLine& alert) {
  for (const auto& [name, json] : object) {
    dom::array events;
    if (json.get(events) != simdjson::SUCCESS) return false;
    std::vector<std::string> texts;
    for (const dom::element event : events) texts.emplace_back(simdjson::minify(event));
    alert.events.emplace_back(name, std::move(texts));
  }
  return true;
}

bool read_member(std::string_view name, const dom::element& json, AlertLine& alert) {
  std::string_view text;
  dom::object object;
  if (name == "pattern") {
    if (json.get(text) != simdjson::SUCCESS) return false;
    alert.pattern = text;
  } else if (name == "complete") {
    if (json.get(text) != simdjson::SUCCESS) return false;
    const std::optional<eventtime::Timestamp> time = eventtime::parse_timestamp(text);
    if (!time) return false;
    alert.complete = *time;
  } else if (name == "key" || name == "values") {
    if (json.get(object) != simdjson::SUCCESS) return false;
    read_values(object, name == "key" ? alert.key : alert.values);
  } else if (name == "events") {
    return json.get(object) == simdjson::SUCCESS && read_events(object, alert);
  } else if (name == "suppressed") {
    return json.get(alert.suppressed) == simdjson::SUCCESS;
  } else if (name == "timeout") {
    return json.get(alert.timeout) == simdjson::SUCCESS;
  }
  return true;
}

bool read_alert(const dom::object& json, AlertLine& alert) {
  for (const auto& [name, member] : json) {
    if (!read_member(name, member, alert)) return false;
  }
  return !alert.pattern.empty();
}

}  // namespace

eventtime::Result<std::vector<AlertLine>> read_alerts(std::string_view lines) {
  std::vector<AlertLine> alerts;
  dom::parser parser;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    dom::object json;
    const bool parsed = parser.parse(simdjson::padded_string(line)).get(json) == simdjson::SUCCESS;
    if (!parsed || !read_alert(json, alerts.emplace_back())) {
      return eventtime::input_error("this is no alert: " + std::string(line));
    }
  }
  return alerts;
}

}  // namespace tocsin::connectors
