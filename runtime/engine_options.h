// What the engine can be told besides patterns and inputs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/pattern_version.h"

namespace tocsin::runtime {

// What alerts show of the events of their match: the records themselves, or none.
enum class EventDetail : uint8_t { kFull, kNone };

// How patterns are evaluated; what comes out is the same.
enum class PlanChoice : uint8_t {
  kBest,   // the cheapest way that a pattern allows
  kPlain,  // run by run
};

class SpillFiles;

struct EngineOptions {
  EventDetail events = EventDetail::kFull;
  size_t max_starts = 100'000;  // live first events of one pattern and key; the oldest are dropped
  PlanChoice plan = PlanChoice::kBest;
  // That match at the same time, each a share of the keys; the caller's is one of them. What comes
  // out is the same for any number.
  size_t threads = 1;
  // What is pending may take about so many bytes; keys that have not been used for long then go to
  // `spill`, which outlives the engine. Null: all stays in memory.
  uint64_t memory = UINT64_MAX;
  SpillFiles* spill = nullptr;
  // What the inputs are a part of, such as a partition of a topic: two engines over different ones
  // never give two alerts the same id. Empty: the inputs are all there is.
  std::string origin = {};
  // By pattern; empty: each begins with the inputs and goes on to their ends.
  std::vector<PatternVersion> versions = {};
};

}  // namespace tocsin::runtime
