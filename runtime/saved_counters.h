// The counters of a pattern in saved state (`p PATTERN`, engine_state.cc), of two versions of it
// taken together: a version that has come to its end leaves its numbers to the one of today.
// Tested by tests/unit/server/state_change_test.cc and tests/faults/changing_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "eventtime/codec.h"

namespace tocsin::runtime {

// What is damaged stays damaged, for the engine to find.
inline std::string add_counters(std::string_view left, std::string_view right) {
  eventtime::Decoder first(left);
  eventtime::Decoder second(right);
  std::string bytes;
  eventtime::Encoder sum(bytes);
  while (!first.is_complete() && !second.is_complete()) {
    const uint64_t value = first.number() + second.number();
    if (first.failed() || second.failed()) break;
    sum.number(value);
  }
  return bytes;
}

}  // namespace tocsin::runtime
