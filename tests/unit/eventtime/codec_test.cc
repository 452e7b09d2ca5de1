#include "eventtime/codec.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace tocsin::eventtime {
namespace {

TEST(Codec, NumbersComeBack) {
  const std::vector<uint64_t> numbers{0, 1, 127, 128, 300, uint64_t{1} << 32, UINT64_MAX};
  std::string bytes;
  Encoder out(bytes);
  for (const uint64_t number : numbers) {
    out.number(number);
    out.integer(static_cast<int64_t>(number));
  }
  Decoder from(bytes);
  for (const uint64_t number : numbers) {
    EXPECT_EQ(from.number(), number);
    EXPECT_EQ(from.integer(), static_cast<int64_t>(number));
  }
  EXPECT_TRUE(from.is_complete());
}

TEST(Codec, SmallNumbersAreShort) {
  std::string bytes;
  Encoder out(bytes);
  out.number(127);
  out.integer(-64);
  EXPECT_EQ(bytes.size(), 2U);
}

TEST(Codec, ValuesComeBackWithTheirTypes) {
  const std::string text = "longer than twelve bytes";
  const std::vector<Value> values{Value::null(),
                                  Value::of_bool(true),
                                  Value::of_int(std::numeric_limits<int64_t>::min()),
                                  Value::of_float(-0.0),
                                  Value::of_float(1e300),
                                  Value::of_text(Text("")),
                                  Value::of_text(Text(text)),
                                  Value::of_timestamp({-5}),
                                  Value::of_duration({7})};
  std::string bytes;
  Encoder out(bytes);
  for (const Value& value : values) out.value(value);
  Decoder from(bytes);
  for (const Value& value : values) {
    const Value read = from.value();
    ASSERT_EQ(read.type, value.type);
    if (value.type == Type::kString) {
      EXPECT_EQ(read.cell.text.view(), value.cell.text.view());
    } else if (value.type == Type::kFloat) {
      EXPECT_EQ(std::bit_cast<uint64_t>(read.cell.number),
                std::bit_cast<uint64_t>(value.cell.number));
    } else if (!value.is_null()) {
      EXPECT_EQ(read.cell.integer, value.cell.integer);
    }
  }
  EXPECT_TRUE(from.is_complete());
}

TEST(Codec, WhatIsMissingReadsAsNothingAndIsTold) {
  std::string bytes;
  Encoder out(bytes);
  out.text("twelve bytes");
  for (size_t size = 0; size < bytes.size(); ++size) {
    Decoder from(std::string_view(bytes).substr(0, size));
    EXPECT_EQ(from.text(), "") << size;
    EXPECT_TRUE(from.failed()) << size;
    EXPECT_EQ(from.number(), 0U);
    EXPECT_TRUE(from.text().empty());
  }
}

TEST(Codec, NumbersBeyondTheirLimitFail) {
  std::string bytes;
  Encoder(bytes).number(8);
  EXPECT_EQ(Decoder(bytes).number_up_to(8), 8U);
  Decoder from(bytes);
  EXPECT_EQ(from.number_up_to(7), 0U);
  EXPECT_TRUE(from.failed());
  Decoder endless(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 11));
  endless.number();
  EXPECT_TRUE(endless.failed());
}

TEST(Codec, WhatIsLeftOverIsTold) {
  std::string bytes;
  Encoder out(bytes);
  out.number(1);
  out.number(2);
  Decoder from(bytes);
  from.number();
  EXPECT_FALSE(from.failed());
  EXPECT_FALSE(from.is_complete());
}

}  // namespace
}  // namespace tocsin::eventtime
