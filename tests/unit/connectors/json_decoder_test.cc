#include "connectors/json/json_decoder.h"

#include <gtest/gtest.h>

#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

constexpr std::string_view kRefused = "refused: ";

// What becomes of one record: its row's fields, or why it is refused.
std::string json_outcome(const std::string& line) {
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
  EXPECT_EQ(json_outcome(lines[1]), json_outcome(lines[2]));
  std::string text = json_outcome(lines[1]);
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

Catalog two_events() {
  return {{event("Pay", {field("card", Type::kString), field("shop", Type::kString, true, "m.name"),
                         field("at", Type::kTimestamp)}),
           event("Login", {field("user", Type::kString), field("at", Type::kTimestamp)})}};
}

struct RecordCase {
  std::string record;
  std::string expected;
};

void expect_outcomes(const std::vector<RecordCase>& cases, const Catalog& catalog,
                     const DecodeOptions& options) {
  std::string text;
  for (const RecordCase& test : cases) text += test.record + "\n";
  const auto lines = decode_text<JsonDecoder>(text, catalog, {}, options);
  ASSERT_EQ(lines.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(json_outcome(lines[i]), cases[i].expected) << cases[i].record;
    // Alone in a batch the reason is the same.
    const auto alone = decode_text<JsonDecoder>(cases[i].record, catalog, {}, options);
    ASSERT_EQ(alone.size(), 1U);
    EXPECT_EQ(json_outcome(alone[0]), cases[i].expected) << cases[i].record;
  }
}

TEST(JsonDecoder, RefusesWhatIsNotValidJson) {
  const std::string deep(511, '[');
  const std::string open = R"({"at":0,"card":"c","x":)";
  const std::string pay = R"(Pay{card: "c", shop: null, at: "1970-01-01T00:00:00.000Z"})";
  expect_outcomes(
      {
          {"[]", "no JSON object"},
          {"5", "no JSON object"},
          {"hel\"lo", "no JSON object"},
          {"{", "not valid JSON: expected a key at byte 2"},
          {"{}", "field 'card' is missing"},
          {"{}}", "not valid JSON: something follows the object at byte 3"},
          {"{} {}", "not valid JSON: something follows the object at byte 4"},
          {R"({"a" 1})", "not valid JSON: expected ':' at byte 6"},
          {R"({"a":1 "b":2})", "not valid JSON: expected ',' or '}' at byte 8"},
          {R"({"a":1,})", "not valid JSON: expected a key at byte 8"},
          {R"({"a":[1 2]})", "not valid JSON: expected ',' or ']' at byte 9"},
          {R"({"a":[1,]})", "not valid JSON: expected a value at byte 9"},
          {R"({"a":})", "not valid JSON: expected a value at byte 6"},
          {R"({"a":01})", "not valid JSON: expected a value at byte 6"},
          {R"({"a":+1})", "not valid JSON: expected a value at byte 6"},
          {R"({"a":NaN})", "not valid JSON: expected a value at byte 6"},
          {R"({"a":nullx})", "not valid JSON: expected a value at byte 6"},
          {R"({"a":"\x"})", "not valid JSON: a malformed escape at byte 6"},
          {R"({"a":"\ud83d"})", "not valid JSON: a malformed escape at byte 6"},
          {R"({"a":"\udc00"})", "not valid JSON: a malformed escape at byte 6"},
          {R"({"\u12":1})", "not valid JSON: a malformed escape at byte 2"},
          {"{\"a\":\"x}", "not valid JSON: a string that does not end"},
          {"{\"a\":\"\x01\"}", "not valid JSON: a control character in a string"},
          {"{\"a\":\"\xFF\"}", "not valid JSON: bytes that are no UTF-8"},
          {"{\"a\":\"\xED\xA0\x80\"}", "not valid JSON: bytes that are no UTF-8"},
          {open + deep + std::string(511, ']') + "}", pay},
          {open + deep + "[]" + std::string(511, ']') + "}",
           "not valid JSON: nested too deep at byte 535"},
          {open + std::string(100'000, '['), "not valid JSON: nested too deep at byte 535"},
          {open + "123456789012345678901234567890.5e-1000}", pay},
      },
      two_events(), DecodeOptions{eventtime::TypeId{0}, {}});
}

TEST(JsonDecoder, RefusesAKeyThatStandsTwice) {
  std::string many = R"({"card":"c","at":0)";
  for (int i = 0; i < 1000; ++i) many += ",\"k" + std::to_string(i) + "\":1";
  const std::string pay = R"(Pay{card: "c", shop: null, at: "1970-01-01T00:00:00.000Z"})";
  expect_outcomes(
      {
          {R"({"card":"c","card":"d","at":0})", "key 'card' stands twice"},
          {R"({"card":"c","c\u0061rd":"d","at":0})", "key 'card' stands twice"},
          {R"({"card":"c","at":0,"x":1,"x":1})", "key 'x' stands twice"},
          {R"({"card":"c","at":0,"m":{"name":"a","name":"a"}})", "key 'name' stands twice"},
          {R"({"card":"c","at":0,"q":[{"z":{"y":1,"y":2}}]})", "key 'y' stands twice"},
          {R"({"a":{"b":1,"b":1},"a":1})", "key 'b' stands twice"},
          {R"({"a":1,"a":{"b":1,"b":1}})", "key 'a' stands twice"},
          {R"({"card":"c","at":0,"q":{"card":1,"at":{"at":1}}})", pay},
          {R"({"":1,"":1})", "key '' stands twice"},
          {many + "}", pay},
          {many + ",\"k500\":1,\"k3\":1}", "key 'k500' stands twice"},
      },
      two_events(), DecodeOptions{eventtime::TypeId{0}, {}});
}

TEST(JsonDecoder, TellsTheTypeByAField) {
  const std::string pay = R"(Pay{card: "c", shop: null, at: "1970-01-01T00:00:00.000Z"})";
  const std::string login = R"(Login{user: "u", at: "1970-01-01T00:00:00.000Z"})";
  expect_outcomes(
      {
          {R"({"type":"Pay","card":"c","at":0})", pay},
          {R"({"card":"c","at":0,"type":"Pay"})", pay},
          {R"({"type":"L\u006fgin","user":"u","at":0})", login},
          {R"({"type":"Login","card":"c","at":0})", "field 'user' is missing"},
          {R"({"type":"Nope","card":"c","at":0})", "unknown event type 'Nope'"},
          {R"({"card":"c","at":0})", "no field 'type' that names the event's type"},
          {R"({"type":5,"card":"c","at":0})",
           "field 'type' that names the event's type: expected string, found number"},
      },
      two_events(), DecodeOptions{});
  expect_outcomes(
      {{R"({"e":{"kind":"Pay"},"card":"c","at":0})", pay},
       {R"({"e":{"kind":"Login"},"user":"u","at":0})", login},
       {R"({"e.kind":"Pay","e":{"kind":"Login"},"card":"c","at":0})", pay},
       {R"({"e":1,"card":"c","at":0})", "no field 'e.kind' that names the event's type"}},
      two_events(), DecodeOptions{{}, "e.kind"});
  // The only event declared needs no field, unless one is asked for.
  const Catalog one = {{two_events().types[0]}};
  expect_outcomes({{R"({"card":"c","at":0})", pay}, {R"({"type":"Nope","card":"c","at":0})", pay}},
                  one, DecodeOptions{});
  expect_outcomes({{R"({"card":"c","at":0})", "no field 'type' that names the event's type"}}, one,
                  DecodeOptions{{}, "type"});
}

TEST(JsonDecoder, FollowsPaths) {
  const Catalog catalog = {
      {event("E", {field("b", Type::kString, true, "a.b"), field("b2", Type::kString, true, "a.b"),
                   field("c", Type::kInt, true, "a.x.c"), field("at", Type::kTimestamp)})}};
  const auto row = [](const std::string& b, const std::string& c) {
    return "E{b: " + b + ", b2: " + b + ", c: " + c + R"(, at: "1970-01-01T00:00:00.000Z"})";
  };
  expect_outcomes(
      {
          {R"({"a":{"b":"in"},"at":0})", row("\"in\"", "null")},
          {R"({"a":{"b":"in"},"a.b":"literal","at":0})", row("\"literal\"", "null")},
          {R"({"a.b":"literal","a":{"b":5},"at":0})", row("\"literal\"", "null")},
          {R"({"a.b":null,"a":{"b":"in"},"at":0})", row("null", "null")},
          {R"({"a":{"b":5},"at":0})", "field 'b': expected string, found number"},
          {R"({"a":{"x":{"c":1}},"at":0})", row("null", "1")},
          {R"({"a":{"x.c":2,"x":{"c":1}},"at":0})", row("null", "2")},
          {R"({"a.x.c":3,"a":{"x.c":2},"at":0})", row("null", "3")},
          {R"({"a":5,"at":0})", row("null", "null")},
          {R"({"a":[{"b":"in"}],"at":0})", row("null", "null")},
          {R"({"a":null,"at":0})", row("null", "null")},
          {R"({"a":{},"at":0})", row("null", "null")},
          {R"({"\u0061":{"\u0062":"in"},"at":0})", row("\"in\"", "null")},
      },
      catalog, DecodeOptions{});
}

TEST(JsonDecoder, NullNeedsAQuestionMark) {
  EXPECT_EQ(decode_value(one_field(Type::kInt, true), "null"), "null");
  EXPECT_EQ(decode_value(one_field(Type::kString, true), "null"), "null");
  EXPECT_EQ(decode_value(one_field(Type::kString, true), "nul"),
            "not valid JSON: expected a value at byte 6");
}

TEST(JsonDecoder, RemembersManyShapesWithoutConfusingThem) {
  // More shapes than the cache holds, met twice each.
  const Catalog catalog = {
      {event("E", {field("k", Type::kString, true), field("at", Type::kTimestamp)})}};
  std::string text;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 4000; ++i) {
      text += "{\"f" + std::to_string(i) + "\":1,\"g" + std::to_string(i % 7) + "\":2," +
              (i % 2 == 0 ? "\"k\":\"v" + std::to_string(i) + "\"," : "") +
              "\"at\":" + std::to_string(i) + "}\n";
    }
  }
  const auto lines = decode_text<JsonDecoder>(text, catalog, {}, DecodeOptions{});
  ASSERT_EQ(lines.size(), 8000U);
  for (size_t i = 0; i < lines.size(); ++i) {
    const size_t n = i % 4000;
    const std::string key = n % 2 == 0 ? "\"v" + std::to_string(n) + "\"" : "null";
    const std::string at =
        eventtime::to_string(eventtime::Timestamp{static_cast<int64_t>(n) * 1000});
    ASSERT_EQ(json_outcome(lines[i]), "E{k: " + key + ", at: \"" + at + "\"}");
  }
}

TEST(JsonDecoder, AKnownShapeEndsWithItsRecord) {
  // The second record would go on as the shape wants, but on the next line.
  const std::string known = R"({"x":1,"y":[],"at":0})";
  for (const std::string cut :
       {R"({"x":2)", R"({"x":2,"y":)", R"({"x":2,"y":[])", R"({"x":2,"y":[],"at":0)"}) {
    const auto lines = decode_text<JsonDecoder>(
        known + "\n" + cut + "\n" + known.substr(cut.size()) + "\n" + known, one_field(Type::kInt),
        {}, DecodeOptions{});
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(json_outcome(lines[1]).substr(0, 14), "not valid JSON") << cut;
    EXPECT_NE(lines[2].find(kRefused), std::string::npos) << cut;
    EXPECT_EQ(json_outcome(lines[3]), json_outcome(lines[0])) << cut;
  }
}

TEST(JsonDecoder, ReadsKeysOfAnyLengthInKnownShapes) {
  const Catalog catalog = one_field(Type::kInt);
  std::string text;
  std::vector<std::string> expected;
  for (size_t size = 0; size < 150; ++size) {
    const std::string key(size, 'k');
    for (const std::string last : {"a", "a", "b", "x"}) {
      text += "{\"" + key + last + "\": 5, \"x\": 1, \"at\": 0}\n";
      expected.push_back(size == 0 && last == "x" ? "key 'x' stands twice"
                                                  : R"(E{x: 1, at: "1970-01-01T00:00:00.000Z"})");
    }
  }
  const auto lines = decode_text<JsonDecoder>(text, catalog, {}, DecodeOptions{});
  ASSERT_EQ(lines.size(), expected.size());
  for (size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(json_outcome(lines[i]), expected[i]) << i;
}

// A batch of 200 kB, with a record that spoils the tokens of those near it.
TEST(JsonDecoder, ABadRecordChangesNothingForOthers) {
  constexpr size_t kBad = 1777;
  std::string text;
  std::vector<std::string> expected;
  for (size_t i = 0; i < 4000; ++i) {
    const std::string number = std::to_string(i);
    text += "{\"note\":\"" + std::string(i % 40, 'n') + (i == kBad ? "" : "\"") +
            ",\"x\":" + number + ",\"at\":0}\n";
    expected.push_back(i == kBad ? "not valid JSON: a string that does not end"
                                 : "E{x: " + number + ", at: \"1970-01-01T00:00:00.000Z\"}");
  }
  const auto lines = decode_text<JsonDecoder>(text, one_field(Type::kInt), {5000}, DecodeOptions{});
  ASSERT_EQ(lines.size(), expected.size());
  for (size_t i = 0; i < lines.size(); ++i) ASSERT_EQ(json_outcome(lines[i]), expected[i]) << i;
}

TEST(JsonDecoder, SkipsTheByteOrderMarkAndBlankLines) {
  const auto lines = decode_text<JsonDecoder>("\xEF\xBB\xBF\r\n {\"x\":1,\"at\":0} \r\n\n",
                                              one_field(Type::kInt), {7, 1}, DecodeOptions{});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0], "0 E{x: 1, at: \"1970-01-01T00:00:00.000Z\"} <-  {\"x\":1,\"at\":0} ");
  EXPECT_TRUE(decode_text<JsonDecoder>("", one_field(Type::kInt), {}, DecodeOptions{}).empty());
  EXPECT_TRUE(
      decode_text<JsonDecoder>("\xEF\xBB\xBF", one_field(Type::kInt), {}, DecodeOptions{}).empty());
}

TEST(JsonDecoder, RefusesRecordsThatAreTooLong) {
  const std::string text = "{\"x\":1,\"at\":0}\n{\"x\":1,\"at\":0 }\n{\"x\":2,\"at\":0}";
  const auto lines =
      decode_text<JsonDecoder>(text, one_field(Type::kInt), {}, DecodeOptions{}, size_t{14});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1], "1 refused: record longer than 14 bytes <- {\"x\":1,\"at\":0 ");
  EXPECT_EQ(json_outcome(lines[2]), "E{x: 2, at: \"1970-01-01T00:00:00.000Z\"}");
}

}  // namespace
}  // namespace tocsin::connectors
