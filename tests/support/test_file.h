// Reads the unit tests of patterns (`*.test`, section "Tests of patterns" of the language
// reference): declarations, and tests that say which alerts a list of arrivals must give. Nothing
// is compiled or run here. Tested by tests/golden/test_file_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"

namespace tocsin::tests {

using eventtime::Duration;
using eventtime::Timestamp;

// A literal as it is written, or a list, or named values between braces.
struct TestValue {
  enum class Kind : uint8_t { kString, kWord, kList, kMap };
  Kind kind = Kind::kWord;
  std::string text;  // kString: its value; kWord: a number, `true`, `null`, a name, a time
  std::vector<TestValue> items;    // kList, kMap
  std::vector<std::string> names;  // kMap: of the items

  friend bool operator==(const TestValue&, const TestValue&) = default;
};

// An arrival, or time that passes.
struct TestLine {
  Timestamp time;
  std::string type;  // empty: only time passes
  TestValue fields;  // kMap
  std::string name;  // `as p1`; may be empty
};

struct TestExpectation {
  std::string pattern;
  std::optional<Timestamp> at;  // its completion
  TestValue values;             // kMap: what the alert must hold
};

struct PatternTest {
  std::string name;
  uint32_t line = 0;  // in the file, from 1
  Duration out_of_order;
  std::vector<TestLine> lines;
  std::vector<TestExpectation> expectations;
  bool open_end = false;
};

struct TestFile {
  std::vector<std::string> uses;  // files of declarations, as written
  std::string declarations;       // the file with everything else blanked, line by line
  std::vector<PatternTest> tests;
};

// An error names the line.
eventtime::Result<TestFile> parse_test_file(std::string_view text);

}  // namespace tocsin::tests
