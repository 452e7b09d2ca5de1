#include "eventtime/value.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "eventtime/schema.h"

namespace tocsin::eventtime {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

TEST(Text, IsTheSameOfPaddedBytes) {
  const std::string bytes = "0123456789abcdef0123456789abcdef";
  for (size_t size = 0; size <= 20; ++size) {
    const Text expected(std::string_view(bytes).substr(0, size));
    Text text(std::string_view("something else"));
    text.assign_padded(bytes.data(), size);
    EXPECT_EQ(std::memcmp(&text, &expected, sizeof(Text)), 0) << size;
    EXPECT_EQ(text.view(), bytes.substr(0, size));
  }
}

TEST(AppendJsonString, EscapesWhatMustBe) {
  EXPECT_EQ(json_string(""), R"("")");
  EXPECT_EQ(json_string("a/b"), R"("a/b")");
  EXPECT_EQ(json_string("\"\\\n\r\t\b\f"), R"("\"\\\n\r\t\b\f")");
  EXPECT_EQ(json_string(std::string_view("\0\x01\x1F\x7F", 4)), "\"\\u0000\\u0001\\u001f\x7F\"");
  EXPECT_EQ(json_string("\u00e9\u20ac\U0001F600"), "\"\u00e9\u20ac\U0001F600\"");
}

TEST(AppendJsonString, ReplacesBytesThatAreNoUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  const auto replaced = [&](size_t count) {
    std::string out = "\"";
    for (; count > 0; --count) out += bad;
    return out + "\"";
  };
  EXPECT_EQ(json_string("\xFF"), replaced(1));
  EXPECT_EQ(json_string("\x80"), replaced(1));
  EXPECT_EQ(json_string("\xC0\x80"), replaced(2));          // overlong
  EXPECT_EQ(json_string("\xE0\x9F\xBF"), replaced(3));      // overlong
  EXPECT_EQ(json_string("\xED\xA0\x80"), replaced(3));      // a surrogate
  EXPECT_EQ(json_string("\xF4\x90\x80\x80"), replaced(4));  // beyond U+10FFFF
  EXPECT_EQ(json_string("\xF0\x9F\x98"), replaced(3));      // cut off
  EXPECT_EQ(json_string("a\xC3"), "\"a" + bad + "\"");
  EXPECT_EQ(json_string("\xC3\"b"), "\"" + bad + "\\\"b\"");
  EXPECT_EQ(json_string("\xE2\x82z"), "\"" + bad + bad + "z\"");
}

TEST(AppendFloat, IsTheShortestThatReadsBack) {
  const std::vector<std::pair<double, std::string>> cases = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1, "1.0"},
      {912.5, "912.5"},
      {0.1, "0.1"},
      {1e20, "1e+20"},
      {1e21, "1e+21"},
      {1e-7, "1e-07"},
      {100000, "100000.0"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {0.00001, "0.00001"},
      {0.000001, "1e-06"},
      {123456789, "123456789.0"},
      {1.0 / 3, "0.3333333333333333"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {std::numeric_limits<double>::denorm_min(), "5e-324"},
  };
  for (const auto& [value, expected] : cases) {
    std::string text;
    append_float(text, value);
    EXPECT_EQ(text, expected);
  }
}

TEST(AppendJson, WritesEachType) {
  EXPECT_EQ(json(Value::null()), "null");
  EXPECT_EQ(json(Value::of_bool(true)), "true");
  EXPECT_EQ(json(Value::of_bool(false)), "false");
  EXPECT_EQ(json(Value::of_int(std::numeric_limits<int64_t>::min())), "-9223372036854775808");
  EXPECT_EQ(json(Value::of_float(2)), "2.0");
  EXPECT_EQ(json(Value::of_float(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(json(Value::of_float(std::numeric_limits<double>::quiet_NaN())), "null");
  EXPECT_EQ(json(Value::of_text(Text("a\"b"))), R"("a\"b")");
  EXPECT_EQ(json(Value::of_timestamp({0})), R"("1970-01-01T00:00:00.000Z")");
  EXPECT_EQ(json(Value::of_duration({5'400'000'000})), R"("1h30m")");
}

TEST(Text, KeepsShortStringsInside) {
  for (const size_t size : {0, 1, 3, 4, 5, 11, 12, 13, 100}) {
    const std::string source(size, 'x');
    const Text text(source);
    EXPECT_EQ(text.view(), source);
    EXPECT_EQ(text.is_inline(), size <= 12);
    EXPECT_EQ(text, Text(std::string(source)));
    EXPECT_NE(text, Text(source + "x"));
    if (size > 0) {
      std::string other = source;
      other.back() = 'y';
      EXPECT_NE(text, Text(other)) << size;
      EXPECT_LT(text, Text(other)) << size;
    }
  }
  EXPECT_LT(Text("ab"), Text("abc"));
  EXPECT_LT(Text("z"), Text("\u00e9"));  // as bytes, so as code points
  EXPECT_NE(Text("a"), Text(std::string_view("a\0", 2)));
}

TEST(Schema, FindsByName) {
  EventSchema schema;
  schema.name = "E";
  schema.fields.resize(2);
  schema.fields[0].name = "a";
  schema.fields[1].name = "b";
  EXPECT_EQ(schema.find("b"), 1U);
  EXPECT_FALSE(schema.find("c"));
  const Catalog catalog{{schema}};
  EXPECT_EQ(catalog.find("E"), TypeId{0});
  EXPECT_FALSE(catalog.find("e"));
}

}  // namespace
}  // namespace tocsin::eventtime
