// What the engine can be told besides patterns and inputs.
#pragma once

#include <cstddef>

#include "runtime/alert.h"

namespace tocsin::runtime {

struct EngineOptions {
  EventDetail events = EventDetail::kFull;
  size_t max_starts = 100'000;  // live first events of one pattern and key; the oldest are dropped
};

}  // namespace tocsin::runtime
