// What the engine can be told besides patterns and inputs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tocsin::runtime {

// What alerts show of the events of their match: the records themselves, or none.
enum class EventDetail : uint8_t { kFull, kNone };

// How patterns are evaluated; what comes out is the same.
enum class PlanChoice : uint8_t {
  kBest,   // the cheapest way that a pattern allows
  kPlain,  // run by run
};

struct EngineOptions {
  EventDetail events = EventDetail::kFull;
  size_t max_starts = 100'000;  // live first events of one pattern and key; the oldest are dropped
  PlanChoice plan = PlanChoice::kBest;
};

}  // namespace tocsin::runtime
