// Numbers in files of fixed layout: little-endian, as they lie in memory. Tested by
// tests/unit/connectors/record_file_test.cc (bytes) and tests/unit/server/kept_state_test.cc (files
// of older programs).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::connectors {

static_assert(std::endian::native == std::endian::little);

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &number, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

// There are enough bytes behind `at`.
template <class T>
T number_at(std::string_view bytes, size_t at) {
  T number;
  std::memcpy(&number, bytes.data() + at, sizeof(T));
  return number;
}

}  // namespace tocsin::connectors
