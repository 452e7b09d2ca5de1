#include "server/flags.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "eventtime/timestamp.h"

namespace tocsin::server {

std::string check_choice(const std::string& text, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return {};
  return fmt::format("'{}' is none of {}", text, fmt::join(choices, ", "));
}

std::string check_duration(const std::string& text) {
  if (eventtime::parse_duration(text)) return {};
  return fmt::format("'{}' is no duration, which looks like 250ms, 5s, 10m, 1h30m or 2d", text);
}

std::string check_duration_or_never(const std::string& text) {
  return text == "never" ? std::string() : check_duration(text);
}

std::string check_count(const std::string& text, uint64_t maximum) {
  uint64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = failed == std::errc() && end == text.data() + text.size();
  if (whole && count >= 1 && count <= maximum) return {};
  return fmt::format("'{}' is no whole number from 1 to {}", text, maximum);
}

}  // namespace tocsin::server
