#include "connectors/number.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "eventtime/check.h"

namespace tocsin::connectors {
namespace {

// A number taken apart: mantissa * 10^exponent, where the mantissa holds the first 19 digits.
struct Decimal {
  uint64_t mantissa = 0;
  int64_t exponent = 0;
  int64_t last_exponent = 0;  // power of ten of the last digit that is not zero
  bool negative = false;
  bool truncated = false;  // a digit that is not zero is missing from the mantissa
};

// Exponents beyond it all mean the same: far too large or far too small.
constexpr int64_t kExponentLimit = 1'000'000'000'000;
constexpr uint64_t kMantissaLimit = 1'000'000'000'000'000'000;  // room for one more digit

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Scanner {
 public:
  Scanner(std::string_view text, NumberGrammar grammar)
      : at_(text.data()), end_(text.data() + text.size()), grammar_(grammar) {}

  bool scan(Decimal& decimal) {
    if (at_ < end_ && (*at_ == '-' || (*at_ == '+' && grammar_ == NumberGrammar::kLoose))) {
      decimal.negative = *at_ == '-';
      ++at_;
    }
    const char* const whole = at_;
    take_digits(decimal);
    const auto whole_digits = at_ - whole;
    const bool loose = grammar_ == NumberGrammar::kLoose;
    if (!loose && (whole_digits == 0 || (whole_digits > 1 && *whole == '0'))) return false;
    int64_t fraction_digits = 0;
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      const char* const fraction = at_;
      take_digits(decimal);
      fraction_digits = at_ - fraction;
      if (!loose && fraction_digits == 0) return false;
    }
    if (whole_digits + fraction_digits == 0) return false;
    int64_t written = 0;
    if (at_ < end_ && (*at_ == 'e' || *at_ == 'E') && !take_exponent(written)) return false;
    const int64_t shift = written - fraction_digits;
    decimal.exponent = shift + dropped_;
    decimal.last_exponent = shift + (digits_ - last_nonzero_);
    return at_ == end_;
  }

 private:
  void take_digits(Decimal& decimal) {
    for (; at_ < end_ && is_digit(*at_); ++at_) {
      ++digits_;
      const auto digit = static_cast<uint64_t>(*at_ - '0');
      if (digit != 0) last_nonzero_ = digits_;
      if (decimal.mantissa < kMantissaLimit) {
        decimal.mantissa = decimal.mantissa * 10 + digit;
      } else {
        ++dropped_;
        decimal.truncated |= digit != 0;
      }
    }
  }

  bool take_exponent(int64_t& exponent) {
    ++at_;
    bool negative = false;
    if (at_ < end_ && (*at_ == '-' || *at_ == '+')) negative = *at_++ == '-';
    const char* const first = at_;
    for (; at_ < end_ && is_digit(*at_); ++at_) {
      exponent = std::min(exponent * 10 + (*at_ - '0'), kExponentLimit);
    }
    if (negative) exponent = -exponent;
    return at_ != first;
  }

  const char* at_;
  const char* end_;
  NumberGrammar grammar_;
  int64_t digits_ = 0;
  int64_t last_nonzero_ = 0;  // how many digits up to the last one that is not zero
  int64_t dropped_ = 0;
};

NumberFault to_int(Decimal decimal, int64_t& value) {
  if (decimal.mantissa == 0) {
    value = 0;
    return NumberFault::kNone;
  }
  if (decimal.last_exponent < 0) return NumberFault::kFraction;
  if (decimal.truncated) return NumberFault::kOutOfRange;
  for (; decimal.exponent < 0; ++decimal.exponent) decimal.mantissa /= 10;
  for (; decimal.exponent > 0; --decimal.exponent) {
    if (__builtin_mul_overflow(decimal.mantissa, uint64_t{10}, &decimal.mantissa)) {
      return NumberFault::kOutOfRange;
    }
  }
  constexpr auto kMost = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (decimal.mantissa > kMost + (decimal.negative ? 1 : 0)) return NumberFault::kOutOfRange;
  value = static_cast<int64_t>(decimal.negative ? 0 - decimal.mantissa : decimal.mantissa);
  return NumberFault::kNone;
}

constexpr std::array<double, 23> kPowersOfTen = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

NumberFault to_float(const Decimal& decimal, std::string_view text, double& value) {
  constexpr int64_t kExact = 22;
  if (!decimal.truncated && decimal.mantissa <= (uint64_t{1} << 53) &&
      decimal.exponent >= -kExact && decimal.exponent <= kExact) {
    const auto mantissa = static_cast<double>(decimal.mantissa);
    const double power = kPowersOfTen[static_cast<size_t>(std::abs(decimal.exponent))];
    value = decimal.exponent < 0 ? mantissa / power : mantissa * power;
    if (decimal.negative) value = -value;
    return NumberFault::kNone;
  }
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range || value == std::numeric_limits<double>::infinity() ||
      value == -std::numeric_limits<double>::infinity()) {
    // Too small is the nearest double, zero; too large has none.
    if (decimal.mantissa != 0 && decimal.exponent > 0) return NumberFault::kOutOfRange;
    value = decimal.negative ? -0.0 : 0.0;
    return NumberFault::kNone;
  }
  TOCSIN_CHECK(error == std::errc() && end == text.data() + text.size(),
               "std::from_chars reads what our grammar accepts");
  return NumberFault::kNone;
}

}  // namespace

NumberFault parse_int(std::string_view text, NumberGrammar grammar, int64_t& value) {
  Decimal decimal;
  if (!Scanner(text, grammar).scan(decimal)) return NumberFault::kMalformed;
  return to_int(decimal, value);
}

NumberFault parse_float(std::string_view text, NumberGrammar grammar, double& value) {
  Decimal decimal;
  if (!Scanner(text, grammar).scan(decimal)) return NumberFault::kMalformed;
  return to_float(decimal, text, value);
}

namespace {

constexpr uint64_t kOnes = 0x0101010101010101;
constexpr size_t kBytes = sizeof(uint64_t);

// All digits at once, the last of so many in the highest byte; the bytes below the first are zero.
// After Lemire, "Number Parsing at a Gigabyte per Second", Software: Practice and Experience 51,
// 2021.
bool digits_to_number(uint64_t bytes, size_t digits, uint64_t& number) {
  bytes ^= (kOnes * '0') << (8 * (kBytes - digits));
  if ((((bytes + kOnes * 0x76) | bytes) & (kOnes * 0x80)) != 0) return false;
  bytes = bytes * 10 + (bytes >> 8);  // pairs of digits in each second byte
  constexpr uint64_t kPairs = 0x000000FF000000FF;
  bytes =
      ((bytes & kPairs) * 0x000F424000000064 + (bytes >> 16 & kPairs) * 0x0000271000000001) >> 32;
  number = bytes & 0xFFFFFFFF;
  return true;
}

// Of one to eight bytes.
uint64_t load_bytes(const char* from, size_t size) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, from, kBytes);
  return bytes << (8 * (kBytes - size));
}

}  // namespace

bool parse_short_int(std::string_view text, int64_t& value) {
  if (std::endian::native != std::endian::little || text.empty()) return false;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > 2 * kBytes) return false;
  uint64_t high = 0;
  if (text.size() > kBytes) {
    const size_t digits = text.size() - kBytes;
    if (!digits_to_number(load_bytes(text.data(), digits), digits, high)) return false;
    text.remove_prefix(digits);
  }
  uint64_t low = 0;
  if (!digits_to_number(load_bytes(text.data(), text.size()), text.size(), low)) return false;
  constexpr int64_t kEightDigits = 100'000'000;
  value = static_cast<int64_t>(high) * kEightDigits + static_cast<int64_t>(low);
  if (negative) value = -value;
  return true;
}

bool parse_short_float(std::string_view text, double& value) {
  if (std::endian::native != std::endian::little) return false;
  const bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  if (text.empty() || text.size() > kBytes) return false;
  uint64_t bytes = load_bytes(text.data(), text.size());
  const uint64_t first_two = bytes >> (8 * (kBytes - text.size()));
  if ((first_two & 0xF0FF) == 0x3030 && text.size() > 1) return false;  // "00" to "0?": or none
  // The highest bit of the byte that is the point, if there is one: other bytes are judged below.
  const uint64_t point_or_zero = bytes ^ (kOnes * '.');
  const uint64_t points = (point_or_zero - kOnes) & ~point_or_zero & (kOnes * 0x80);
  size_t fraction_digits = 0;
  size_t digits = text.size();
  if (points != 0) {
    const auto place = static_cast<size_t>(std::countr_zero(points)) / 8;
    fraction_digits = kBytes - 1 - place;
    --digits;
    if (fraction_digits == 0 || fraction_digits == digits) return false;
    const uint64_t behind = ~uint64_t{0xFF} << (8 * place);
    bytes = (bytes & behind) | ((bytes << 8) & ~behind);
  }
  uint64_t number = 0;
  if (!digits_to_number(bytes, digits, number)) return false;
  value = static_cast<double>(number) / kPowersOfTen[fraction_digits];
  if (negative) value = -value;
  return true;
}

bool is_number(std::string_view text, NumberGrammar grammar) {
  Decimal decimal;
  return Scanner(text, grammar).scan(decimal);
}

}  // namespace tocsin::connectors
