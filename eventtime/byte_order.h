// Numbers as unsigned ones and as bytes of the same order, for keys that are sorted as bytes.
// Tested by tests/unit/eventtime/byte_order_test.cc.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tocsin::eventtime {

inline constexpr uint64_t kSignBit = uint64_t{1} << 63;

constexpr uint64_t ordered_bits(int64_t value) {
  return static_cast<uint64_t>(value) ^ kSignBit;
}
constexpr int64_t integer_of_ordered(uint64_t bits) {
  return static_cast<int64_t>(bits ^ kSignBit);
}
// Negative floats turn around; the two zeros are one.
inline uint64_t ordered_bits(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}
inline double float_of_ordered(uint64_t bits) {
  return std::bit_cast<double>((bits & kSignBit) != 0 ? bits ^ kSignBit : ~bits);
}

template <std::unsigned_integral T>
constexpr T swapped_bytes(T value) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  static_assert(std::endian::native == std::endian::little);
  if constexpr (sizeof(T) == 4) {
    return __builtin_bswap32(value);
  } else {
    return __builtin_bswap64(value);
  }
}

template <std::unsigned_integral T>
void append_big_endian(std::string& out, T value) {
  value = swapped_bytes(value);
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  out.append(bytes, sizeof(bytes));
}

// PRECONDITION: there are as many bytes.
template <std::unsigned_integral T>
T take_big_endian(std::string_view& bytes) {
  T value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  bytes.remove_prefix(sizeof(value));
  return swapped_bytes(value);
}

}  // namespace tocsin::eventtime
