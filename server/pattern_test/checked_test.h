// Tests whose names and types are those of the declarations: what can be run, and compared with
// alerts. Tested by tests/unit/server/test_command_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/json/alert_reader.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"
#include "server/pattern_test/test_file.h"

namespace tocsin::server {

// An arrival, or time that passes.
struct CheckedArrival {
  eventtime::Timestamp time;  // event time
  bool is_event = false;
  std::string record;  // of an event: as JSON
  std::string name;    // of an event; may be empty
  patterns::Span span;
};

// One of the things that an alert must hold.
struct Demand {
  enum class Kind : uint8_t { kVariable, kValue, kKey, kTimeout, kSuppressed };
  Kind kind = Kind::kValue;
  std::string name;              // of the variable, the value, the part of the key
  std::vector<size_t> events;    // kVariable: places in CheckedTest::arrivals
  connectors::AlertValue value;  // the others, as alerts write them
  eventtime::Type type = eventtime::Type::kNull;
};

struct CheckedExpectation {
  std::string pattern;
  std::optional<eventtime::Timestamp> at;
  std::vector<Demand> demands;
  patterns::Span span;
};

struct CheckedTest {
  std::string name;
  eventtime::Duration out_of_order;
  std::vector<CheckedArrival> arrivals;
  std::vector<CheckedExpectation> expectations;
  bool open_end = false;
  bool absolute = false;     // times are shown as dates
  uint32_t expect_here = 0;  // see PatternTest
  patterns::Span span;
};

// Says what is wrong with each test; those that are wrong are left out.
std::vector<CheckedTest> check_tests(const TestFile& file, const patterns::PatternSet& set,
                                     patterns::Diagnostics& diagnostics);

// The field that names the type of a test's records: no declared path begins with it.
std::string type_field_of(const eventtime::Catalog& catalog);
// The type of a value of `emit` or `on timeout emit`; of `collect`, of its items. Nothing if the
// pattern has no such value.
std::optional<eventtime::Type> value_type(const patterns::Pattern& pattern, std::string_view name);

}  // namespace tocsin::server
