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
// A whole number from 1 to `maximum`.
std::string check_count(const std::string& text, uint64_t maximum);

}  // namespace tocsin::server
