// Outputs, a record a line.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

namespace tocsin::tests {

inline size_t line_count(const std::string& text) {
  return static_cast<size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace tocsin::tests
