// Numbers as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace tocsin::server {

// "1 file", "2 files"
inline std::string counted(uint64_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// "1,234,567"
inline std::string grouped(uint64_t number) {
  std::string text = std::to_string(number);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

}  // namespace tocsin::server
