#include "connectors/json/json_decoder.h"

#include <gtest/gtest.h>

#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

constexpr std::string_view kRefused = "refused: ";

// What becomes of one record: its row's fields, or why it is refused.
std::string outcome(const std::string& line) {
  const size_t refused = line.find(kRefused);
  const size_t raw = line.find(" <- ");
  if (refused != std::string::npos && refused < raw) {
    return line.substr(refused + kRefused.size(), raw - refused - kRefused.size());
  }
  return line.substr(line.find(' ') + 1, raw - line.find(' ') - 1);
}

Catalog one_field(Type type, bool nullable = false) {
  return {{event("E", {field("x", type, nullable), field("at", Type::kTimestamp)})}};
}

// The value of field x as JSON, or the reason. Decoded twice in one input, so that the second
// record takes the way through the shape cache; both must agree.
std::string decode_value(const Catalog& catalog, const std::string& value) {
  const std::string record = R"({"x":)" + value + R"(,"at":0})";
  const auto lines = decode_text<JsonDecoder>(R"({"x":null,"at":0})"
                                              "\n" +
                                                  record + "\n" + record,
                                              catalog, {}, DecodeOptions{});
  EXPECT_EQ(lines.size(), 3U);
  EXPECT_EQ(outcome(lines[1]), outcome(lines[2]));
  std::string text = outcome(lines[1]);
  const std::string before = "E{x: ";
  if (text.starts_with(before)) {
    text = text.substr(before.size(), text.rfind(", at: ") - before.size());
  }
  return text;
}

struct ValueCase {
  Type type;
  std::string json;
  std::string expected;
};

TEST(JsonDecoder, ReadsValuesByTheirDeclaredType) {
  const std::vector<ValueCase> cases = {
      {Type::kInt, "0", "0"},
      {Type::kInt, "-0", "0"},
      {Type::kInt, "1.0", "1"},
      {Type::kInt, "1e3", "1000"},
      {Type::kInt, "1.5e1", "15"},
      {Type::kInt, "100e-2", "1"},
      {Type::kInt, "9223372036854775807", "9223372036854775807"},
      {Type::kInt, "-9223372036854775808", "-9223372036854775808"},
      {Type::kInt, "9223372036854775808", "field 'x': 9223372036854775808 does not fit into int"},
      {Type::kInt, "1e30", "field 'x': 1e30 does not fit into int"},
      {Type::kInt, "1.5", "field 'x': expected int, found the fraction 1.5"},
      {Type::kInt, "\"1\"", "field 'x': expected int, found string"},
      {Type::kInt, "true", "field 'x': expected int, found bool"},
      {Type::kInt, "{}", "field 'x': expected int, found object"},
      {Type::kInt, "[1]", "field 'x': expected int, found array"},
      {Type::kInt, "null", "field 'x': expected int, found null"},
      {Type::kFloat, "1", "1.0"},
      {Type::kFloat, "-0", "-0.0"},
      {Type::kFloat, "912.5", "912.5"},
      {Type::kFloat, "123456789012345678901234567890", "1.2345678901234568e+29"},
      {Type::kFloat, "1e999", "field 'x': 1e999 does not fit into float"},
      {Type::kFloat, "1e-999", "0.0"},
      {Type::kFloat, "\"1\"", "field 'x': expected float, found string"},
      {Type::kBool, "true", "true"},
      {Type::kBool, "false", "false"},
      {Type::kBool, "1", "field 'x': expected bool, found number"},
      {Type::kBool, "\"true\"", "field 'x': expected bool, found string"},
      {Type::kString, R"("")", R"("")"},
      {Type::kString, R"("abc")", R"("abc")"},
      {Type::kString, R"("a string that is long")", R"("a string that is long")"},
      {Type::kString, R"("\u0041\n\"\\\/\t\b\f\r")", R"("A\n\"\\/\t\b\f\r")"},
      {Type::kString, R"("\u00e9\u20AC\uD83D\uDE00")", "\"\u00e9\u20ac\U0001F600\""},
      {Type::kString, R"("a\u0000b")", R"("a\u0000b")"},
      {Type::kString, "5", "field 'x': expected string, found number"},
      {Type::kTimestamp, "1000", R"("1970-01-01T00:00:01.000Z")"},
      {Type::kTimestamp, "1e3", R"("1970-01-01T00:00:01.000Z")"},
      {Type::kTimestamp, R"("2026-03-01T10:00:00+01:00")", R"("2026-03-01T09:00:00.000Z")"},
      {Type::kTimestamp, R"("2026-03-01\u002010:00:00")", R"("2026-03-01T10:00:00.000Z")"},
      {Type::kTimestamp, R"("soon")", "field 'x': 'soon' is no timestamp"},
      {Type::kTimestamp, "1.5", "field 'x': expected timestamp, found the fraction 1.5"},
      {Type::kTimestamp, "253402300800000",
       "field 'x': 253402300800000 does not fit into timestamp"},
      {Type::kTimestamp, "true", "field 'x': expected timestamp, found bool"},
      {Type::kDuration, R"("1h30m")", R"("1h30m")"},
      {Type::kDuration, "1500", R"("1s500ms")"},
      {Type::kDuration, "-1500", R"("-1s500ms")"},
      {Type::kDuration, R"("1 h")", "field 'x': '1 h' is no duration"},
      {Type::kDuration, "9223372036854775807",
       "field 'x': 9223372036854775807 does not fit into duration"},
  };
  for (const ValueCase& test : cases) {
    EXPECT_EQ(decode_value(one_field(test.type), test.json), test.expected)
        << eventtime::to_string(test.type) << " from " << test.json;
  }
}

}  // namespace
}  // namespace tocsin::connectors
