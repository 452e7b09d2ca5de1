#include "eventtime/byte_order.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace tocsin::eventtime {
namespace {

template <class T>
std::string bytes_of(T value) {
  std::string bytes;
  append_big_endian(bytes, ordered_bits(value));
  return bytes;
}

TEST(ByteOrder, IsTheOrderOfIntegers) {
  using Limits = std::numeric_limits<int64_t>;
  const std::vector<int64_t> rising{Limits::min(), -256, -255, -1, 0, 1, 255, 256, Limits::max()};
  for (size_t i = 0; i + 1 < rising.size(); ++i) {
    EXPECT_LT(ordered_bits(rising[i]), ordered_bits(rising[i + 1])) << rising[i];
    EXPECT_LT(bytes_of(rising[i]), bytes_of(rising[i + 1])) << rising[i];
  }
  for (const int64_t each : rising) EXPECT_EQ(integer_of_ordered(ordered_bits(each)), each);
}

TEST(ByteOrder, IsTheOrderOfFloats) {
  using Limits = std::numeric_limits<double>;
  const std::vector<double> rising{
      -Limits::infinity(),  Limits::lowest(), -1.5, -Limits::min(), -Limits::denorm_min(), 0.0,
      Limits::denorm_min(), 1e-300,           1.5,  Limits::max(),  Limits::infinity()};
  for (size_t i = 0; i + 1 < rising.size(); ++i) {
    EXPECT_LT(ordered_bits(rising[i]), ordered_bits(rising[i + 1])) << rising[i];
    EXPECT_LT(bytes_of(rising[i]), bytes_of(rising[i + 1])) << rising[i];
  }
  for (const double each : rising) EXPECT_EQ(float_of_ordered(ordered_bits(each)), each);
  EXPECT_EQ(ordered_bits(-0.0), ordered_bits(0.0));
}

TEST(ByteOrder, NumbersAreTakenFromTheFront) {
  std::string bytes;
  append_big_endian(bytes, uint32_t{0x01020304});
  append_big_endian(bytes, uint64_t{0x05060708090a0b0c});
  EXPECT_EQ(bytes, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c");
  std::string_view rest = bytes;
  EXPECT_EQ(take_big_endian<uint32_t>(rest), 0x01020304U);
  EXPECT_EQ(take_big_endian<uint64_t>(rest), 0x05060708090a0b0cU);
  EXPECT_TRUE(rest.empty());
}

}  // namespace
}  // namespace tocsin::eventtime
