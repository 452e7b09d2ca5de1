#include "server/flags.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>
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

std::string check_time(const std::string& text) {
  if (eventtime::parse_timestamp(text)) return {};
  return fmt::format("'{}' is no time, which looks like 2026-03-01T10:00:00Z", text);
}

double parse_speed(const std::string& text) {
  const size_t size = text.size() - (text.ends_with('x') ? 1 : 0);
  double speed = 0;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + size, speed, std::chars_format::fixed);
  const bool whole = failed == std::errc() && end == text.data() + size;
  return whole && std::isfinite(speed) && speed > 0 ? speed : 0;
}

std::string check_speed(const std::string& text) {
  if (parse_speed(text) > 0) return {};
  return fmt::format("'{}' is no speed, which looks like 60x or 0.5x", text);
}

uint64_t parse_size(const std::string& text) {
  struct Unit {
    std::string_view name;
    double bytes;
  };
  constexpr std::array<Unit, 10> kUnits{{{"", 1},
                                         {"B", 1},
                                         {"KB", 1e3},
                                         {"KiB", 0x1p10},
                                         {"MB", 1e6},
                                         {"GB", 1e9},
                                         {"TB", 1e12},
                                         {"MiB", 0x1p20},
                                         {"GiB", 0x1p30},
                                         {"TiB", 0x1p40}}};
  constexpr double kMost = 1e18;
  double number = 0;
  const auto [end, failed] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  const std::string_view rest(end, static_cast<size_t>(text.data() + text.size() - end));
  const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                 [&](const Unit& each) { return each.name == rest; });
  if (failed != std::errc() || unit == kUnits.end()) return 0;
  const double bytes = number * unit->bytes;
  return bytes >= 1 && bytes <= kMost ? static_cast<uint64_t>(bytes) : 0;
}

std::string check_size(const std::string& text) {
  if (parse_size(text) > 0) return {};
  return fmt::format("'{}' is no size, which looks like 2GB, 512MB or 1.5GiB", text);
}

std::string check_count(const std::string& text, uint64_t maximum) {
  uint64_t count = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
  const bool whole = failed == std::errc() && end == text.data() + text.size();
  if (whole && count >= 1 && count <= maximum) return {};
  return fmt::format("'{}' is no whole number from 1 to {}", text, maximum);
}

}  // namespace tocsin::server
