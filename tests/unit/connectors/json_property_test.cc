// Random records, valid and broken, through the decoder and through the reference: the same rows
// and the same reasons, for every batch size and however the bytes arrive.
#include <gtest/gtest.h>

#include <random>

#include "connectors/json/json_decoder.h"
#include "tests/unit/connectors/decoding.h"
#include "tests/unit/connectors/reference_json.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

Catalog catalog() {
  Catalog result;
  result.types.push_back(event(
      "Pay",
      {field("card", Type::kString), field("amount", Type::kFloat), field("n", Type::kInt, true),
       field("shop", Type::kString, true, "m.name"), field("again", Type::kString, true, "m.name"),
       field("deep", Type::kInt, true, "m.x.y"), field("ok", Type::kBool, true),
       field("at", Type::kTimestamp)}));
  result.types.push_back(event(
      "Login", {field("user", Type::kString, false, "m.name"), field("took", Type::kDuration, true),
                field("kind", Type::kString, true, "type"), field("at", Type::kTimestamp)}));
  return result;
}

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 6; ++i) templates_.push_back(keys());
  }

  std::string record() {
    std::string text = object(pick(templates_), 0);
    if (chance(6)) mutate(text);
    if (text.find_first_not_of(" \t\r") == std::string::npos) text = "x";
    return text;
  }

  std::string text(std::vector<std::string>& records) {
    std::string result;
    for (size_t count = random_() % 40; count > 0; --count) {
      records.push_back(record());
      result += records.back();
      if (records.back().back() == '\r') records.back().pop_back();
      if (count > 1 || chance(2)) result += "\n";
      if (result.back() == '\n' && chance(9)) result += " \r\n\n";
    }
    return result;
  }

 private:
  bool chance(uint64_t n) { return random_() % n == 0; }
  template <class T>
  const T& pick(const std::vector<T>& items) {
    return items[random_() % items.size()];
  }
  std::string blank() { return chance(12) ? pick<std::string>({" ", "\t", "  "}) : ""; }

  std::vector<std::string> keys() {
    std::vector<std::string> result = {"type", "card", "amount", "at", "m"};
    for (const char* key : {"n", "ok", "took", "m.name", "m.x.y", "other", "m.x", "x\\u0020y"}) {
      if (chance(3)) result.emplace_back(key);
    }
    if (chance(4)) std::shuffle(result.begin(), result.end(), random_);
    return result;
  }

  std::string object(std::vector<std::string> names, int depth) {
    if (chance(10) && !names.empty())
      names.erase(names.begin() + static_cast<long>(random_() % names.size()));
    if (chance(25)) names.push_back(pick<std::string>({"card", "c\\u0061rd", "x y", "m", "name"}));
    std::string text = blank() + "{" + blank();
    for (const std::string& name : names) {
      if (text.back() != '{' && text.find(':') != std::string::npos) text += "," + blank();
      text += "\"" + name + "\"" + blank() + ":" + blank() + value(name, depth) + blank();
    }
    return text + "}" + blank();
  }

  std::string value(const std::string& name, int depth) {
    if (chance(80)) return broken();
    if (chance(20)) return any(depth);
    if (name == "type")
      return pick<std::string>({"\"Pay\"", "\"Pay\"", "\"Login\"", "\"L\\u006fgin\"", "\"Nope\""});
    if (name == "at")
      return pick<std::string>(
          {"1000", "\"2026-03-01T10:00:00Z\"", "1e3", "\"2026-03-01\"", "5.0"});
    if (name == "amount")
      return pick<std::string>(
          {"1", "2.5", "-0.0", "1e5", "123456789012345678901234567890", "1e999", "0.1e-400"});
    if (name == "n")
      return pick<std::string>(
          {"1", "1.0", "1e2", "1.5", "99999999999999999999", "-9223372036854775808", "null"});
    if (name == "ok") return pick<std::string>({"true", "false", "null"});
    if (name == "took") return pick<std::string>({"\"1h30m\"", "1500", "\"x\"", "null"});
    if (name == "m" && depth < 2)
      return object(chance(3) ? std::vector<std::string>{"name"}
                              : std::vector<std::string>{"name", "x", "mcc"},
                    depth + 1);
    if (name == "x" && depth < 3) return chance(3) ? "{}" : object({"y"}, depth + 1);
    return chance(3) ? any(depth) : string();
  }

  std::string string() {
    return pick<std::string>({R"("")", R"("abc")", R"("a longer string than twelve")",
                              R"("\u00e9\n\"")", "\"\u00e9\u20ac\U0001F600\"", R"("\ud83d\ude00")",
                              R"("{,}:[]")", R"("\\")", R"("a\/b")"});
  }

  std::string any(int depth) {
    if (depth < 4 && chance(4)) return "[" + any(depth + 1) + blank() + "," + any(depth + 1) + "]";
    if (depth < 4 && chance(4)) return object({"name", "x", "q"}, depth + 1);
    return pick<std::string>({"null", "true", "false", "0", "-1", "1.5e3", "[]", "{}", R"("s")",
                              "12345678901234567890123"});
  }

  std::string broken() {
    return pick<std::string>({"01", "tru", "nul", "-", "1e", "[1,]", "[1 2]", R"({"a":1,"a":2})",
                              R"("\u12")", R"("\ud83d")", R"("\udc00")", R"("\x")", "{1}",
                              R"({"a"})", R"({"a":})", R"({"a":1,})", "]", "", "\"a\"\"b\""});
  }

  void mutate(std::string& text) {
    const std::string bytes = "{}[]:,\"\\ \t\r0n1e.-ax\x01\x7F\x80\xC3\xFF";
    for (uint64_t count = 1 + random_() % 2; count > 0 && !text.empty(); --count) {
      const size_t at = random_() % text.size();
      const char byte = bytes[random_() % bytes.size()];
      if (chance(3)) {
        text.erase(at, 1 + random_() % 3);
      } else if (chance(2)) {
        text.insert(at, 1, byte);
      } else {
        text[at] = byte;
      }
    }
  }

  std::mt19937_64 random_;
  std::vector<std::vector<std::string>> templates_;
};

// Which of the ways of not being JSON it is, the reference does not say.
std::string without_detail(std::string line) {
  const std::string what = "refused: not valid JSON";
  const size_t at = line.find(what);
  const size_t raw = line.find(" <- ", at == std::string::npos ? 0 : at);
  if (at != std::string::npos && raw != std::string::npos) {
    line.erase(at + what.size(), raw - at - what.size());
  }
  return line;
}

void compare_json_with_reference(uint64_t seed) {
  const Catalog types = catalog();
  Generator generator(seed);
  std::vector<std::string> records;
  const std::string text = generator.text(records);
  for (const std::optional<eventtime::TypeId> type :
       {std::optional<eventtime::TypeId>(), std::optional<eventtime::TypeId>(0)}) {
    std::vector<std::string> expected;
    for (const std::string& record : records) {
      expected.push_back(std::to_string(expected.size()) + " " +
                         reference::outcome(record, types, type, "type") + " <- " + record);
    }
    for (const size_t batch : {1, 2, 7, 1000}) {
      for (const size_t piece : {1, 13, 1 << 20}) {
        std::vector<std::string> lines =
            decode_text<JsonDecoder>(text, types, {batch, piece}, DecodeOptions{type, {}});
        for (std::string& line : lines) line = without_detail(line);
        ASSERT_EQ(lines.size(), expected.size());
        for (size_t i = 0; i < lines.size(); ++i) {
          ASSERT_EQ(lines[i], expected[i]) << "batches of " << batch << ", pieces of " << piece;
        }
      }
    }
  }
}

TEST(JsonProperty, AgreesWithTheReference) {
  for (uint64_t seed = 1; seed <= 60 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    compare_json_with_reference(seed);
  }
}

}  // namespace
}  // namespace tocsin::connectors
