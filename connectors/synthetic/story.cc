// The story of one alert (score.h): a time line that a person can read.
#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

#include "connectors/synthetic/score.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {
namespace {

using eventtime::Duration;
using eventtime::Timestamp;
using simdjson::dom::element;

struct Moment {
  Timestamp time;
  std::string variable;
  element event;
};

std::string_view text_at(const element& object, std::string_view path) {
  std::string_view text;
  if (object.at_pointer(path).get(text) != simdjson::SUCCESS) return {};
  return text;
}

// What happened, in words: of a payment its amount and place, of others the fields that tell.
std::string describe(const element& event) {
  std::string words;
  double amount = 0;
  if (event["amount"].get(amount) == simdjson::SUCCESS) words += fmt::format("{:>9.2f}", amount);
  const auto add = [&words](std::string_view text) {
    if (text.empty()) return;
    if (!words.empty()) words += "  ";
    words += text;
  };
  if (const std::string_view merchant = text_at(event, "/merchant/name"); !merchant.empty()) {
    add(fmt::format("{} ({})", merchant, text_at(event, "/merchant/country")));
  }
  bool present = false;
  if (event["card_present"].get(present) == simdjson::SUCCESS)
    add(present ? "at a till" : "online");
  add(text_at(event, "/action"));
  add(fmt::format("device {}", text_at(event, "/device")));
  if (text_at(event, "/auth") == "declined") {
    add(fmt::format("declined: {}", text_at(event, "/reason")));
  }
  return words;
}

bool read_moments(const element& alert, std::vector<Moment>& moments) {
  simdjson::dom::object variables;
  if (alert["events"].get(variables) != simdjson::SUCCESS) return false;
  for (const auto& variable : variables) {
    simdjson::dom::array events;
    if (variable.value.get(events) != simdjson::SUCCESS) return false;
    for (const element event : events) {
      const auto time = eventtime::parse_timestamp(text_at(event, "/at"));
      if (!time) return false;
      moments.push_back({*time, std::string(variable.key), event});
    }
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& left, const Moment& right) { return left.time < right.time; });
  return !moments.empty();
}

// "card c17", of several fields "card c17, shop s2".
std::string key_words(const element& alert) {
  std::string words;
  simdjson::dom::object key;
  if (alert["key"].get(key) != simdjson::SUCCESS) return words;
  for (const auto& field : key) {
    if (!words.empty()) words += ", ";
    std::string_view text;
    if (field.value.get(text) != simdjson::SUCCESS) text = "?";
    words += fmt::format("{} {}", field.key, text);
  }
  return words;
}

void append_values(std::string& out, const element& alert) {
  simdjson::dom::object values;
  if (alert["values"].get(values) != simdjson::SUCCESS) return;
  bool first = true;
  for (const auto& value : values) {
    std::string text = simdjson::minify(value.value);
    std::erase(text, '"');
    out += fmt::format("{}{}: {}", first ? "  " : ", ", value.key, text);
    first = false;
  }
  if (!first) out += '\n';
}

}  // namespace

eventtime::Result<std::string> tell_story(std::string_view alert, std::string_view description) {
  simdjson::dom::parser parser;
  element object;
  std::vector<Moment> moments;
  if (parser.parse(alert.data(), alert.size(), true).get(object) != simdjson::SUCCESS ||
      !read_moments(object, moments)) {
    return eventtime::input_error("no alert with its events");
  }
  size_t width = 0;
  for (const Moment& moment : moments) width = std::max(width, moment.variable.size());
  std::string out = fmt::format("{}, {}", text_at(object, "/pattern"), key_words(object));
  if (!description.empty()) out += fmt::format(": {}", description);
  out += '\n';
  const Timestamp start = moments.front().time;
  for (const Moment& moment : moments) {
    // Whole seconds are enough for a reader.
    const Duration since{(moment.time - start).micros / 1'000'000 * 1'000'000};
    const std::string clock = eventtime::to_string(moment.time).substr(11, 8);
    out += fmt::format("  {}  {:>9}  {:<{}}  {}\n", clock, "+" + eventtime::to_string(since),
                       moment.variable, width, describe(moment.event));
  }
  append_values(out, object);
  return out;
}

}  // namespace tocsin::connectors::synthetic
