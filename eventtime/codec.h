// Plain bytes for state that is saved: numbers of variable length (LEB128, signed ones folded as in
// Protocol Buffers), texts with their length in front. Byte order plays no part.
//
// Decoding never fails in the middle: what is not there reads as zero or empty, and failed() says
// so at the end. Tested by tests/unit/eventtime/codec_test.cc.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "eventtime/value.h"

namespace tocsin::eventtime {

class Encoder {
 public:
  // Appends to `out`, which outlives it.
  explicit Encoder(std::string& out) : out_(out) {}

  void number(uint64_t value) {
    for (; value >= 0x80; value >>= 7) out_ += static_cast<char>(value | 0x80);
    out_ += static_cast<char>(value);
  }
  void integer(int64_t value) {
    number(static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63));
  }
  void text(std::string_view text) {
    number(text.size());
    out_ += text;
  }
  void time(Timestamp time) { integer(time.micros); }
  void value(const Value& value) {
    number(static_cast<uint64_t>(value.type));
    if (value.is_null()) return;
    if (value.type == Type::kString) {
      text(value.cell.text.view());
    } else if (value.type == Type::kFloat) {
      number(__builtin_bswap64(std::bit_cast<uint64_t>(value.cell.number)));
    } else {
      integer(value.cell.integer);
    }
  }

 private:
  std::string& out_;
};

class Decoder {
 public:
  // The bytes outlive the decoder, and what is read from it.
  explicit Decoder(std::string_view bytes) : rest_(bytes) {}

  uint64_t number() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  // At most `limit`.
  uint64_t number_up_to(uint64_t limit) {
    const uint64_t value = number();
    return value <= limit ? value : fail();
  }
  // How many things of at least one byte each come next.
  size_t count() {
    const uint64_t value = number();
    return value <= rest_.size() ? value : fail();
  }
  bool flag() { return number_up_to(1) != 0; }
  int64_t integer() {
    const uint64_t folded = number();
    return static_cast<int64_t>(folded >> 1 ^ (~(folded & 1) + 1));
  }
  std::string_view text() {
    const size_t size = count();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }
  Timestamp time() { return {integer()}; }
  // Texts point into the bytes.
  Value value() {
    const auto type = static_cast<Type>(number_up_to(static_cast<uint64_t>(Type::kDuration)));
    if (type == Type::kNull) return Value::null();
    if (type == Type::kString) return Value::of_text(Text(text()));
    if (type == Type::kFloat) {
      return Value::of_float(std::bit_cast<double>(__builtin_bswap64(number())));
    }
    return {type, Cell(integer())};
  }

  bool failed() const { return failed_; }
  // Everything was there, and nothing more.
  bool is_complete() const { return !failed_ && rest_.empty(); }
  std::string_view rest() const { return rest_; }

 private:
  uint64_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace tocsin::eventtime
