// Time without events, as a record: "behind so many records of an input, its time is at least
// this". What a tick does depends on its own input alone, so a run over the same records with the
// same ticks gives the same alerts, whenever the ticks came.
#pragma once

#include <cstdint>

#include "eventtime/timestamp.h"

namespace tocsin::runtime {

struct Tick {
  uint32_t input = 0;
  uint64_t position = 0;      // records of the input before it, refused ones counted
  eventtime::Timestamp time;  // its watermark from now on; kMaxTimestamp: it has ended
  friend bool operator==(const Tick&, const Tick&) = default;
};

}  // namespace tocsin::runtime
