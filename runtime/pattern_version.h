// Patterns that change while their state stays: where in the inputs a version of a pattern begins,
// and from where on it begins no more matches but only goes on with those that it has.
//
// A place is told by record numbers, so that what comes out stays a function of the inputs and of
// where the patterns changed. Tested by tests/unit/runtime/pattern_version_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/timestamp.h"

namespace tocsin::runtime {

// Between two records of each input.
struct InputPlace {
  std::vector<uint64_t> records;  // by input: so many are before it
  // Events that patterns emit have no number: those of an earlier time are before it.
  eventtime::Timestamp derived = eventtime::kMinTimestamp;

  bool is_behind(const eventtime::Batch& batch, const eventtime::Row& row) const {
    return batch.input < records.size() ? row.record < records[batch.input] : row.time < derived;
  }
  friend bool operator==(const InputPlace&, const InputPlace&) = default;
};

struct PatternVersion {
  // What its state is called in saved records: not two patterns have the same. Empty: as the
  // pattern.
  std::string state;
  std::optional<InputPlace> since;  // it sees nothing that comes before
  std::optional<InputPlace> until;  // no match of it begins with an event from there on
  friend bool operator==(const PatternVersion&, const PatternVersion&) = default;
};

}  // namespace tocsin::runtime
