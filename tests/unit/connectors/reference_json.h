// The rules for JSON records as plainly as they can be written: a recursive parser into a tree,
// then one look-up after the other. Shares nothing with the decoder but the types of events and the
// texts of timestamps and durations; compared with it by
// tests/unit/connectors/json_property_test.cc.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/schema.h"
#include "eventtime/value.h"

namespace tocsin::connectors::reference {

struct Json {
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject } kind = Kind::kNull;
  std::string text;  // of a number or bool as written, of a string unescaped
  std::vector<std::pair<std::string, Json>> members;

  const Json* find(const std::string& key) const {
    for (const auto& [name, value] : members) {
      if (name == key) return &value;
    }
    return nullptr;
  }
};

// What is no JSON throws; nothing leaves this file.
struct NotJson {};

class Parser {
 public:
  explicit Parser(const std::string& text) : text_(text) {}

  Json parse() {
    blanks();
    Json value = parse_value(1);
    blanks();
    if (at_ != text_.size()) throw NotJson{};
    return value;
  }
  // The key that is the first in the text to stand a second time.
  const std::optional<std::pair<size_t, std::string>>& duplicate() const { return duplicate_; }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void blanks() {
    while (at_ < text_.size() && std::string(" \t\r\n").find(text_[at_]) != std::string::npos)
      ++at_;
  }
  void expect(const std::string& word) {
    if (text_.compare(at_, word.size(), word) != 0) throw NotJson{};
    at_ += word.size();
  }

  Json parse_value(int depth) {
    switch (peek()) {
      case '{':
        return parse_object(depth);
      case '[':
        return parse_array(depth);
      case '"':
        return {Json::Kind::kString, parse_string(), {}};
      case 't':
        expect("true");
        return {Json::Kind::kBool, "true", {}};
      case 'f':
        expect("false");
        return {Json::Kind::kBool, "false", {}};
      case 'n':
        expect("null");
        return {};
      default:
        return parse_number();
    }
  }

  Json parse_object(int depth) {
    if (depth > 512) throw NotJson{};
    Json object{Json::Kind::kObject, {}, {}};
    expect("{");
    blanks();
    if (peek() == '}') return ++at_, object;
    while (true) {
      const size_t position = at_;
      std::string key = parse_string();
      if (object.find(key) != nullptr && (!duplicate_ || position < duplicate_->first)) {
        duplicate_ = {position, key};
      }
      blanks();
      expect(":");
      blanks();
      object.members.emplace_back(std::move(key), parse_value(depth + 1));
      blanks();
      if (peek() == '}') return ++at_, object;
      expect(",");
      blanks();
    }
  }

  Json parse_array(int depth) {
    if (depth > 512) throw NotJson{};
    expect("[");
    blanks();
    if (peek() == ']') return ++at_, Json{Json::Kind::kArray, {}, {}};
    while (true) {
      parse_value(depth + 1);
      blanks();
      if (peek() == ']') return ++at_, Json{Json::Kind::kArray, {}, {}};
      expect(",");
      blanks();
    }
  }

  Json parse_number() {
    const size_t begin = at_;
    const auto digits = [&] {
      const size_t first = at_;
      while (peek() >= '0' && peek() <= '9') ++at_;
      if (at_ == first) throw NotJson{};
      return at_ - first;
    };
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    if (digits() > 1 && zero) throw NotJson{};
    if (peek() == '.') ++at_, digits();
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      digits();
    }
    return {Json::Kind::kNumber, text_.substr(begin, at_ - begin), {}};
  }

  uint32_t parse_hex() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (std::isxdigit(static_cast<unsigned char>(peek())) == 0) throw NotJson{};
      code = code * 16 + static_cast<uint32_t>(std::stoi(std::string(1, peek()), nullptr, 16));
    }
    return code;
  }

  std::string parse_string() {
    expect("\"");
    std::string out;
    while (peek() != '"' || at_ >= text_.size()) {
      if (at_ >= text_.size() || static_cast<unsigned char>(peek()) < 0x20) throw NotJson{};
      if (peek() == '\\') {
        ++at_;
        parse_escape(out);
      } else {
        copy_utf8(out);
      }
    }
    ++at_;
    return out;
  }

  void parse_escape(std::string& out) {
    const std::string from = "\"\\/bfnrt";
    const std::string to = "\"\\/\b\f\n\r\t";
    const char kind = peek();
    ++at_;
    if (kind != 'u') {
      const size_t place = kind == '\0' ? std::string::npos : from.find(kind);
      if (place == std::string::npos) throw NotJson{};
      out += to[place];
      return;
    }
    uint32_t code = parse_hex();
    if (code >= 0xDC00 && code < 0xE000) throw NotJson{};
    if (code >= 0xD800 && code < 0xDC00) {
      expect("\\u");
      const uint32_t low = parse_hex();
      if (low < 0xDC00 || low > 0xDFFF) throw NotJson{};
      code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
    }
    const auto put = [&out](uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xC0 + code / 64), put(0x80 + code % 64);
    if (code < 0x10000) {
      return put(0xE0 + code / 4096), put(0x80 + code / 64 % 64), put(0x80 + code % 64);
    }
    put(0xF0 + code / 262144), put(0x80 + code / 4096 % 64);
    put(0x80 + code / 64 % 64), put(0x80 + code % 64);
  }

  void copy_utf8(std::string& out) {
    const auto first = static_cast<unsigned char>(peek());
    const size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0xFFU >> (size + 1));
    if ((first >= 0x80 && first < 0xC0) || first > 0xF7) throw NotJson{};
    for (size_t i = 1; i < size; ++i) {
      if (at_ + i >= text_.size() || (text_[at_ + i] & 0xC0) != 0x80) throw NotJson{};
      code = code * 64 + (static_cast<unsigned char>(text_[at_ + i]) & 0x3F);
    }
    const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) throw NotJson{};
    out += text_.substr(at_, size);
    at_ += size;
  }

  const std::string& text_;
  size_t at_ = 0;
  std::optional<std::pair<size_t, std::string>> duplicate_;
};

// A decimal shifted by its exponent, on paper: digits before and behind the point.
struct Paper {
  std::string whole, fraction;
  bool negative = false;
};

inline Paper on_paper(std::string text) {
  Paper paper;
  if (text[0] == '-') paper.negative = true, text.erase(0, 1);
  const size_t e = text.find_first_of("eE");
  int exponent = e == std::string::npos ? 0 : std::atoi(text.c_str() + e + 1);
  text = text.substr(0, e);
  const size_t point = text.find('.');
  paper.whole = text.substr(0, point);
  if (point != std::string::npos) paper.fraction = text.substr(point + 1);
  for (; exponent > 0; --exponent) {
    paper.whole += paper.fraction.empty() ? '0' : paper.fraction[0];
    if (!paper.fraction.empty()) paper.fraction.erase(0, 1);
  }
  for (; exponent < 0; ++exponent) {
    paper.fraction.insert(0, 1, paper.whole.empty() ? '0' : paper.whole.back());
    if (!paper.whole.empty()) paper.whole.pop_back();
  }
  paper.whole.erase(0, std::min(paper.whole.find_first_not_of('0'), paper.whole.size()));
  paper.fraction.erase(paper.fraction.find_last_not_of('0') + 1);
  return paper;
}

// The value as an alert shows it, or the reason with `refused` set.
inline std::string convert(const eventtime::Field& field, const Json& value, bool& refused) {
  using eventtime::Type;
  const auto refuse = [&](const std::string& what) {
    refused = true;
    return "field '" + field.name + "': " + what;
  };
  const std::string type(eventtime::to_string(field.type));
  const char* const kinds[] = {"null", "bool", "number", "string", "array", "object"};
  const std::string wrong =
      "expected " + type + ", found " + kinds[static_cast<size_t>(value.kind)];
  std::string out;
  switch (value.kind) {
    case Json::Kind::kNull:
      return field.nullable ? "null" : refuse(wrong);
    case Json::Kind::kBool:
      return field.type == Type::kBool ? value.text : refuse(wrong);
    case Json::Kind::kString: {
      if (field.type == Type::kString) return eventtime::append_json_string(out, value.text), out;
      const std::string no_text = "'" + value.text + "' is no " + type;
      if (field.type == Type::kTimestamp) {
        const auto time = eventtime::parse_timestamp(value.text);
        return time ? '"' + eventtime::to_string(*time) + '"' : refuse(no_text);
      }
      if (field.type == Type::kDuration) {
        const auto span = eventtime::parse_duration(value.text);
        return span ? '"' + eventtime::to_string(*span) + '"' : refuse(no_text);
      }
      return refuse(wrong);
    }
    case Json::Kind::kNumber: {
      if (field.type == Type::kString || field.type == Type::kBool) return refuse(wrong);
      const std::string no_room = value.text + " does not fit into " + type;
      if (field.type == Type::kFloat) {
        const double number = std::strtod(value.text.c_str(), nullptr);
        if (std::isinf(number)) return refuse(no_room);
        return eventtime::append_float(out, number), out;
      }
      const Paper paper = on_paper(value.text);
      if (!paper.fraction.empty()) {
        return refuse("expected " + type + ", found the fraction " + value.text);
      }
      const std::string most = paper.negative ? "9223372036854775808" : "9223372036854775807";
      if (paper.whole.size() > most.size() ||
          (paper.whole.size() == most.size() && paper.whole > most)) {
        return refuse(no_room);
      }
      const std::string digits = paper.whole.empty() ? "0" : paper.whole;
      const int64_t integer =
          std::strtoll(((paper.negative ? "-" : "") + digits).c_str(), nullptr, 10);
      if (field.type == Type::kInt) return std::to_string(integer);
      if (field.type == Type::kTimestamp) {
        const auto time = eventtime::timestamp_from_integer(integer, field.unit);
        return time ? '"' + eventtime::to_string(*time) + '"' : refuse(no_room);
      }
      if (integer > INT64_MAX / 1000 || integer < INT64_MIN / 1000) return refuse(no_room);
      return '"' + eventtime::to_string(eventtime::Duration{integer * 1000}) + '"';
    }
    default:
      return refuse(wrong);
  }
}

inline const Json* resolve(const Json& object, const std::string& path) {
  if (const Json* whole = object.find(path)) return whole;
  const size_t dot = path.find('.');
  if (dot == std::string::npos) return nullptr;
  const Json* inner = object.find(path.substr(0, dot));
  if (inner == nullptr || inner->kind != Json::Kind::kObject) return nullptr;
  return resolve(*inner, path.substr(dot + 1));
}

// "Payment{card: …}", or "refused: …"; of what is not valid JSON only that.
inline std::string outcome(const std::string& record, const eventtime::Catalog& catalog,
                           std::optional<eventtime::TypeId> type, const std::string& type_field) {
  const size_t first = record.find_first_not_of(" \t\r");
  if (record[first] != '{') return "refused: no JSON object";
  Parser parser(record);
  Json object;
  try {
    object = parser.parse();
  } catch (const NotJson&) {
    return "refused: not valid JSON";
  }
  if (parser.duplicate()) return "refused: key '" + parser.duplicate()->second + "' stands twice";
  if (!type) {
    const Json* name = resolve(object, type_field);
    if (name == nullptr)
      return "refused: no field '" + type_field + "' that names the event's type";
    if (name->kind != Json::Kind::kString) {
      const char* const kinds[] = {"null", "bool", "number", "string", "array", "object"};
      return "refused: field '" + type_field +
             "' that names the event's type: expected string, found " +
             kinds[static_cast<size_t>(name->kind)];
    }
    type = catalog.find(name->text);
    if (!type) return "refused: unknown event type '" + name->text + "'";
  }
  const eventtime::EventSchema& schema = catalog.types[*type];
  std::string out = schema.name + "{";
  for (const eventtime::Field& field : schema.fields) {
    if (&field != &schema.fields.front()) out += ", ";
    const Json* value = resolve(object, field.path);
    if (value == nullptr && !field.nullable)
      return "refused: field '" + field.name + "' is missing";
    bool refused = false;
    const std::string shown = value == nullptr ? "null" : convert(field, *value, refused);
    if (refused) return "refused: " + shown;
    out += field.name + ": " + shown;
  }
  return out + "}";
}

}  // namespace tocsin::connectors::reference
