// Ticks that a run knows beforehand, from a journal: each is due when exactly as many records of
// its input have been read as it says. Tested by tests/unit/server/tick_queue_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "runtime/tick.h"

namespace tocsin::server {

class TickQueue {
 public:
  // Of each input in any order; all inputs are below `inputs`.
  TickQueue(size_t inputs, const std::vector<runtime::Tick>& ticks);

  // How many records may be read, at most `most`, before the next tick is due. `position` is how
  // many have been read, and nothing is due there: see take().
  size_t room(uint32_t input, uint64_t position, size_t most) const;
  // Removes what is due, or was before; the latest time of it.
  std::optional<eventtime::Timestamp> take(uint32_t input, uint64_t position);
  // The next tick of the input.
  std::optional<runtime::Tick> next(uint32_t input) const;

 private:
  std::vector<std::deque<runtime::Tick>> ticks_;  // by input, in order of position
};

}  // namespace tocsin::server
