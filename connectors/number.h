// Numbers as they stand in records, read exactly: a whole number is an int however it is written,
// a float is the nearest double of any number of digits.
//
// The short way for floats (a mantissa below 2^53 and a small power of ten give the nearest double
// in one operation) is Clinger's, "How to Read Floating Point Numbers Accurately", PLDI 1990; the
// rest goes to std::from_chars. Tested by tests/unit/connectors/number_test.cc.
#pragma once

#include <cstdint>
#include <string_view>

namespace tocsin::connectors {

// kJson is the grammar of RFC 8259. kLoose is for CSV, which many programs write: also a leading
// '+', leading zeros, and a point without digits on one of its sides. Never blanks, hexadecimal
// digits, "nan" or "inf".
enum class NumberGrammar : uint8_t { kJson, kLoose };

enum class NumberFault : uint8_t {
  kNone,
  kMalformed,   // not of the grammar
  kFraction,    // a number, but no whole one
  kOutOfRange,  // does not fit into int64 or double
};

// The whole of `text` is the number.
NumberFault parse_int(std::string_view text, NumberGrammar grammar, int64_t& value);
NumberFault parse_float(std::string_view text, NumberGrammar grammar, double& value);
// The float of a plain JSON number (no exponent) of at most eight bytes after its sign, much
// faster; nine bytes can be read however short it is. False: read it with parse_float.
bool parse_short_float(std::string_view text, double& value);
// The int of at most sixteen digits after its sign, nothing else, much faster; sixteen bytes behind
// the sign can be read however short it is. Zeros may lead. False: read it with parse_int.
bool parse_short_int(std::string_view text, int64_t& value);
bool is_number(std::string_view text, NumberGrammar grammar);

}  // namespace tocsin::connectors
