// Checks of flag values, for all commands. As CLI11 wants it: "" for a good value, else what is
// wrong with it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::server {

std::string check_choice(const std::string& text, const std::vector<std::string>& choices);
std::string check_duration(const std::string& text);
std::string check_duration_or_never(const std::string& text);
// RFC 3339.
std::string check_time(const std::string& text);
// "60x", "0.5x"; the x may be left out.
std::string check_speed(const std::string& text);
double parse_speed(const std::string& text);  // 0 if it is none
// "2GB", "512MB", "1.5GiB"; a number alone is bytes.
std::string check_size(const std::string& text);
uint64_t parse_size(const std::string& text);  // 0 if it is none
// A whole number from 1 to `maximum`.
std::string check_count(const std::string& text, uint64_t maximum);

}  // namespace tocsin::server
