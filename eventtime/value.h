// Types and values of event fields.
//
// Text is the 16-byte string of Neumann and Freitag, "Umbra: A Disk-Based System with In-Memory
// Performance", CIDR 2020: up to twelve bytes inline, else a four-byte prefix and a pointer. Most
// keys, kinds and codes in events are short, so comparing them touches no other memory. It replaces
// an intern table, which would have to grow with every new card number.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "eventtime/check.h"
#include "eventtime/timestamp.h"

namespace tocsin::eventtime {

enum class Type : uint8_t { kNull, kBool, kInt, kFloat, kString, kTimestamp, kDuration };

// "int", "string", … as the language spells it.
std::string_view to_string(Type type);

// A string that is not owned (beyond twelve bytes): whoever made it says how long it lives.
class Text {
 public:
  static constexpr uint32_t kInlineBytes = 12;

  Text() { std::memset(this, 0, sizeof(*this)); }
  // Keeps a pointer into `text` if it is longer than kInlineBytes. At most 4 GiB.
  explicit Text(std::string_view text) : Text() {
    size_ = static_cast<uint32_t>(text.size());
    if (size_ <= kInlineBytes) {
      if (size_ > 0) std::memcpy(bytes_, text.data(), size_);
    } else {
      std::memcpy(bytes_, text.data(), 4);
      const char* data = text.data();
      std::memcpy(bytes_ + 4, &data, sizeof(data));
    }
  }

  // Becomes Text({data, size}), faster. Of `data` kInlineBytes can be read however few it is.
  void assign_padded(const char* data, size_t size);

  uint32_t size() const { return size_; }
  bool is_inline() const { return size_ <= kInlineBytes; }
  const char* data() const {
    if (is_inline()) return bytes_;
    const char* data = nullptr;
    std::memcpy(&data, bytes_ + 4, sizeof(data));
    return data;
  }
  // Of an inline Text the view points into the Text itself.
  std::string_view view() const { return {data(), size_}; }

  friend bool operator==(const Text& left, const Text& right) {
    if (std::memcmp(&left, &right, 8) != 0) return false;  // size and prefix
    if (left.is_inline()) return std::memcmp(left.bytes_ + 4, right.bytes_ + 4, 8) == 0;
    return std::memcmp(left.data(), right.data(), left.size_) == 0;
  }
  friend auto operator<=>(const Text& left, const Text& right) {
    return left.view() <=> right.view();  // by bytes, as UTF-8 orders code points
  }

 private:
  uint32_t size_;
  char bytes_[kInlineBytes];
};
static_assert(sizeof(Text) == 16);

// Writes whole words where the text shall stand: made in pieces elsewhere and then copied as one,
// it would wait for the pieces to arrive in memory.
inline void Text::assign_padded(const char* data, size_t size) {
  struct Mask {
    uint32_t prefix;
    uint64_t rest;
  };
  static constexpr std::array<Mask, kInlineBytes + 1> kMasks = [] {
    std::array<Mask, kInlineBytes + 1> masks{};
    for (size_t i = 0; i <= kInlineBytes; ++i) {
      std::array<unsigned char, 4> prefix{};
      std::array<unsigned char, 8> rest{};
      for (size_t byte = 0; byte < i; ++byte) {
        if (byte < 4) {
          prefix[byte] = 0xFF;
        } else {
          rest[byte - 4] = 0xFF;
        }
      }
      masks[i] = {std::bit_cast<uint32_t>(prefix), std::bit_cast<uint64_t>(rest)};
    }
    return masks;
  }();
  uint32_t prefix = 0;
  uint64_t rest = 0;
  std::memcpy(&prefix, data, sizeof(prefix));
  if (size > kInlineBytes) {
    rest = std::bit_cast<uint64_t>(data);
  } else {
    std::memcpy(&rest, data + sizeof(prefix), sizeof(rest));
    prefix &= kMasks[size].prefix;
    rest &= kMasks[size].rest;
  }
  size_ = static_cast<uint32_t>(size);
  std::memcpy(bytes_, &prefix, sizeof(prefix));
  std::memcpy(bytes_ + sizeof(prefix), &rest, sizeof(rest));
}

// A value without its type: what columns and runs hold. Whoever reads it knows the type.
union Cell {
  int64_t integer;  // kInt; kTimestamp and kDuration in microseconds; kBool as 0 or 1
  double number;    // kFloat
  Text text;        // kString

  Cell() : text() {}
  explicit Cell(int64_t value) : integer(value) {}
  explicit Cell(double value) : number(value) {}
  explicit Cell(Text value) : text(value) {}
};

// A value with its type; null has the type kNull.
struct Value {
  Type type = Type::kNull;
  Cell cell;

  static Value null() { return {}; }
  static Value of_bool(bool value) { return {Type::kBool, Cell(int64_t{value})}; }
  static Value of_int(int64_t value) { return {Type::kInt, Cell(value)}; }
  static Value of_float(double value) { return {Type::kFloat, Cell(value)}; }
  static Value of_text(Text value) { return {Type::kString, Cell(value)}; }
  static Value of_timestamp(Timestamp value) { return {Type::kTimestamp, Cell(value.micros)}; }
  static Value of_duration(Duration value) { return {Type::kDuration, Cell(value.micros)}; }

  bool is_null() const { return type == Type::kNull; }
};

// The length of the well-formed UTF-8 sequence at `at`, 0 if there is none.
size_t utf8_length(std::string_view text, size_t at);

// The JSON text of a value as alerts write it: floats in the shortest form that reads back the same
// (always told from an int by a point or an exponent; not-a-number and infinities as null),
// timestamps and durations as strings.
void append_json(std::string& out, const Value& value);
// A JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// "912.5", "100000.0", "1e+20": the shortest digits that read back the same; an exponent from 1e16
// on and below 1e-5.
void append_float(std::string& out, double value);

}  // namespace tocsin::eventtime
