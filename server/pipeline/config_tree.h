// A TOML file as a tree of plain values, each with its place in the text: the only part that knows
// the TOML library. Tested by tests/unit/server/pipeline_test.cc and tests/fuzz/pipeline_fuzz.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "server/pipeline/mistakes.h"

namespace tocsin::server {

struct ConfigMember;

struct ConfigValue {
  enum class Kind : uint8_t { kText, kInteger, kFloat, kTruth, kTime, kList, kTable };

  Kind kind = Kind::kTable;
  Place place;
  std::string text;  // of kText; of kTime as RFC 3339 writes it
  int64_t integer = 0;
  double number = 0;
  bool truth = false;
  std::vector<ConfigValue> items;     // of kList
  std::vector<ConfigMember> members;  // of kTable, in the order of the text
};

struct ConfigMember {
  std::string key;
  Place place;  // of the key
  ConfigValue value;
};

// "a text", "a list": for messages.
std::string_view called(ConfigValue::Kind kind);

// What is no TOML is one mistake; the tree is empty then.
ConfigValue parse_config(std::string_view text, Mistakes& mistakes);

}  // namespace tocsin::server
