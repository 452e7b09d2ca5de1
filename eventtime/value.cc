#include "eventtime/value.h"

#include <array>
#include <charconv>
#include <cmath>

namespace tocsin::eventtime {
namespace {

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

// Unicode 15, table 3-7.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto follows = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

std::string_view to_string(Type type) {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "bool";
    case Type::kInt:
      return "int";
    case Type::kFloat:
      return "float";
    case Type::kString:
      return "string";
    case Type::kTimestamp:
      return "timestamp";
    case Type::kDuration:
      return "duration";
  }
  return "?";
}

void append_float(std::string& out, double value) {
  std::array<char, 32> buffer{};
  // As people write numbers, where that takes no more than sixteen digits; else with an exponent.
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-5 && size < 1e16);
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  TOCSIN_CHECK(error == std::errc(), "a double fits into 32 characters");
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  out += text;
  if (text.find_first_of(".en") == std::string_view::npos) out += ".0";
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  size_t done = 0;  // what stands before is written
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++at;
      continue;
    }
    const size_t length = byte < 0x80 ? 0 : utf8_length(text, at);
    if (length > 0) {
      at += length;
      continue;
    }
    out += text.substr(done, at - done);
    if (byte < 0x80) {
      append_escaped(out, text[at]);
    } else {
      out += "\xEF\xBF\xBD";
    }
    done = ++at;
  }
  out += text.substr(done);
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  switch (value.type) {
    case Type::kNull:
      out += "null";
      return;
    case Type::kBool:
      out += value.cell.integer != 0 ? "true" : "false";
      return;
    case Type::kInt:
      out += std::to_string(value.cell.integer);
      return;
    case Type::kFloat:
      if (std::isfinite(value.cell.number)) {
        append_float(out, value.cell.number);
      } else {
        out += "null";
      }
      return;
    case Type::kString:
      append_json_string(out, value.cell.text.view());
      return;
    case Type::kTimestamp:
      out += '"';
      append_timestamp(out, Timestamp{value.cell.integer});
      out += '"';
      return;
    case Type::kDuration:
      out += '"';
      append_duration(out, Duration{value.cell.integer});
      out += '"';
      return;
  }
}

}  // namespace tocsin::eventtime
