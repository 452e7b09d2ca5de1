// A file of tests of patterns (`*.test`, docs/language.md) as it is written: nothing is looked up
// or checked against declarations yet. Plain data with spans.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/timestamp.h"
#include "patterns/ast.h"
#include "patterns/source_file.h"

namespace tocsin::server {

// 2026-01-01T00:00:00Z, from which `+20s` counts.
inline constexpr eventtime::Timestamp kTestStart{1767225600000000};

struct TestValue {
  enum class Kind : uint8_t {
    kNull,
    kBool,
    kInt,
    kFloat,
    kString,
    kTimestamp,
    kDuration,
    kName,  // of an event
    kList,
    kMap,
  };
  Kind kind = Kind::kNull;
  patterns::Span span;
  std::string text;              // kString, kName
  int64_t integer = 0;           // kInt; kBool as 0 or 1; kTimestamp, kDuration in microseconds
  double number = 0;             // kFloat
  std::vector<TestValue> items;  // kList, kMap
  std::vector<patterns::ast::Name> names;  // kMap: of the items
};

using TestKind = TestValue::Kind;

// An arrival, or time that passes.
struct TestLine {
  eventtime::Timestamp time;
  std::optional<patterns::ast::Name> type;  // nothing: only time passes
  TestValue fields;                         // kMap
  std::optional<patterns::ast::Name> name;  // `as p1`
  patterns::Span span;
};

struct TestExpectation {
  patterns::ast::Name pattern;
  std::optional<eventtime::Timestamp> at;  // its completion
  TestValue values;                        // kMap: what the alert must hold
  patterns::Span span;
};

struct PatternTest {
  patterns::ast::Name name;
  eventtime::Duration out_of_order;
  std::vector<TestLine> lines;
  std::vector<TestExpectation> expectations;
  bool open_end = false;
  bool absolute = false;     // some time is written as a date
  uint32_t expect_here = 0;  // where another `expect` could stand: behind the last line's last byte
  patterns::Span span;
};

struct TestFile {
  std::vector<patterns::ast::Name> uses;  // files of declarations, as written, without quotes
  std::string declarations;  // the text with blanks in place of everything else: spans still hold
  std::vector<PatternTest> tests;  // without those that could not be read
};

}  // namespace tocsin::server
