// How large a regular expression becomes when its repeats are written out, told from its text
// before anything is compiled: a few characters can ask for hours and gigabytes.
//
// The measure is a position of an automaton over bytes: a character counts one, what stands for
// code points of several lengths (`.`, negated classes) four, and a property of Unicode (`\p{L}`)
// hundreds. On expressions of the allowed size Hyperscan spends up to a second or two.
// Tested by tests/unit/patterns/regex_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::patterns {

inline constexpr size_t kMaxRegexBytes = 4096;
inline constexpr uint64_t kMaxRegexRepeat = 1000;
inline constexpr uint64_t kMaxRegexPositions = 4096;

struct RegexSize {
  uint64_t positions = 0;       // more than the limit: at least so many
  uint64_t largest_repeat = 0;  // of `{n,m}`
};
// Of any text; whether it is an expression is not looked at.
RegexSize measure_regex(std::string_view text);

}  // namespace tocsin::patterns
