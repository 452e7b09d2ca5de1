// Alerts read back from the lines that the engine writes (runtime/alert.h). What is not needed to
// compare alerts is passed over. Tested by tests/unit/connectors/alert_reader_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors {

struct AlertScalar {
  bool is_string = false;
  std::string text;  // a string without quotes and escapes, else the word as it stands
  friend bool operator==(const AlertScalar&, const AlertScalar&) = default;
};

struct AlertValue {
  bool is_list = false;
  std::vector<AlertScalar> items;  // one if it is no list
  friend bool operator==(const AlertValue&, const AlertValue&) = default;
};

struct AlertLine {
  template <class T>
  using Named = std::vector<std::pair<std::string, T>>;

  std::string pattern;
  Named<AlertValue> key;
  eventtime::Timestamp complete;
  Named<AlertValue> values;
  Named<std::vector<std::string>> events;  // of each variable, as JSON
  uint64_t suppressed = 0;
  bool timeout = false;
};

// Any number of lines, each with its end.
eventtime::Result<std::vector<AlertLine>> read_alerts(std::string_view lines);

}  // namespace tocsin::connectors
