// Numbers of a sink's position as a text, each with a blank behind it. Private to this folder.
#pragma once

#include <charconv>
#include <string_view>
#include <system_error>

namespace tocsin::connectors {

// The number that `text` begins with, and the blank behind it, are removed; false: there is none.
template <class Number>
bool take_number(std::string_view& text, Number& number) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end == text.data() + text.size() || *end != ' ') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace tocsin::connectors
