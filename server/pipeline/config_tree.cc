#include "server/pipeline/config_tree.h"

#include <toml++/toml.h>
#include <algorithm>
#include <sstream>
#include <utility>

namespace tocsin::server {
namespace {

Place place_in_source(const toml::source_region& region) {
  if (!region.begin) return {};
  return {region.begin.line, region.begin.column};
}

// Dots outside of texts and comments: names with dots make tables in tables, as deep as there are
// dots, and whatever walks or frees them needs the program's stack.
constexpr size_t kMaxDots = 2000;

size_t dots_of(std::string_view text) {
  size_t dots = 0;
  std::string_view quote;  // of the text that it is in
  for (size_t at = 0; at < text.size(); ++at) {
    const std::string_view rest = text.substr(at);
    if (!quote.empty()) {
      if (quote.front() == '"' && rest.front() == '\\') ++at;
      const bool ends = rest.starts_with(quote) || (quote.size() == 1 && rest.front() == '\n');
      if (ends) at += quote.size() - 1;
      if (ends) quote = {};
    } else if (rest.front() == '"' || rest.front() == '\'') {
      quote = rest.substr(0, rest.starts_with(R"(""")") || rest.starts_with("'''") ? 3 : 1);
      at += quote.size() - 1;
    } else if (rest.front() == '#') {
      at += std::min(rest.find('\n'), rest.size()) - 1;
    } else if (rest.front() == '.') {
      ++dots;
    }
  }
  return dots;
}

// As deep as the library lets values be nested, which it limits to 256.
ConfigValue value_of(const toml::node& node) {
  ConfigValue value;
  value.place = place_in_source(node.source());
  using Kind = ConfigValue::Kind;
  if (const auto* table = node.as_table()) {
    for (const auto& [key, member] : *table) {
      value.members.push_back(
          {std::string(key.str()), place_in_source(key.source()), value_of(member)});
    }
    // The library sorts them by name.
    std::stable_sort(
        value.members.begin(), value.members.end(),
        [](const ConfigMember& a, const ConfigMember& b) { return a.place < b.place; });
  } else if (const auto* list = node.as_array()) {
    value.kind = Kind::kList;
    for (const toml::node& item : *list) value.items.push_back(value_of(item));
  } else if (const auto* text = node.as_string()) {
    value.kind = Kind::kText;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = Kind::kInteger;
    value.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.kind = Kind::kFloat;
    value.number = number->get();
  } else if (const auto* truth = node.as_boolean()) {
    value.kind = Kind::kTruth;
    value.truth = truth->get();
  } else {
    value.kind = Kind::kTime;
    std::ostringstream out;
    if (const auto* moment = node.as_date_time()) out << moment->get();
    if (const auto* date = node.as_date()) out << date->get();
    if (const auto* time = node.as_time()) out << time->get();
    value.text = std::move(out).str();
  }
  return value;
}

}  // namespace

std::string_view called(ConfigValue::Kind kind) {
  switch (kind) {
    case ConfigValue::Kind::kText:
      return "a text";
    case ConfigValue::Kind::kInteger:
      return "a whole number";
    case ConfigValue::Kind::kFloat:
      return "a number";
    case ConfigValue::Kind::kTruth:
      return "true or false";
    case ConfigValue::Kind::kTime:
      return "a date or time";
    case ConfigValue::Kind::kList:
      return "a list";
    case ConfigValue::Kind::kTable:
      break;
  }
  return "a table";
}

ConfigValue parse_config(std::string_view text, Mistakes& mistakes) {
  if (dots_of(text) > kMaxDots) {
    mistakes.add({}, "syntax", "there are too many names with dots");
    return {};
  }
  try {
    return value_of(toml::parse(text));
  } catch (const toml::parse_error& error) {
    // The library's own words: they name characters and keys, never values.
    mistakes.add(place_in_source(error.source()), "syntax", std::string(error.description()),
                 "this is no TOML; see https://toml.io");
    return {};
  }
}

}  // namespace tocsin::server
