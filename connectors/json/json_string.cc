#include "connectors/json/json_string.h"

#include <cstdint>
#include <cstring>

namespace tocsin::connectors {
namespace {

// Four hexadecimal digits; -1 if they are not there.
int32_t read_hex(std::string_view text, size_t at) {
  if (text.size() < at + 4) return -1;
  int32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    int32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

// The code point of the "\u…" whose digits stand at `at`, which moves behind it; -1 if malformed.
int32_t read_code_point(std::string_view text, size_t& at) {
  const int32_t first = read_hex(text, at);
  at += 4;
  if (first < 0xD800 || first > 0xDFFF) return first;
  if (first > 0xDBFF || text.substr(at, 2) != "\\u") return -1;
  const int32_t second = read_hex(text, at + 2);
  at += 6;
  if (second < 0xDC00 || second > 0xDFFF) return -1;
  return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

char* write_utf8(char* out, int32_t code) {
  const auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xC0 | code >> 6);
    *out++ = tail(0);
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xE0 | code >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xF0 | code >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

// What "\c" stands for; 0 if nothing ("\u" is not asked for).
char simple_escape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

}  // namespace

std::optional<size_t> unescape_json(std::string_view escaped, char* out) {
  char* const begin = out;
  size_t at = 0;
  while (at < escaped.size()) {
    const size_t plain = std::min(escaped.find('\\', at), escaped.size()) - at;
    std::memcpy(out, escaped.data() + at, plain);
    out += plain;
    at += plain;
    if (at == escaped.size()) break;
    if (at + 1 == escaped.size()) return std::nullopt;
    const char kind = escaped[at + 1];
    at += 2;
    if (kind == 'u') {
      const int32_t code = read_code_point(escaped, at);
      if (code < 0) return std::nullopt;
      out = write_utf8(out, code);
      continue;
    }
    const char simple = simple_escape(kind);
    if (simple == 0) return std::nullopt;
    *out++ = simple;
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace tocsin::connectors
