// A moment (3.1): a place in the order of one key's events. An event; a timer, which comes after
// all events up to its time; or the end of a bounded input, which comes after everything else.
#pragma once

#include <compare>
#include <cstddef>
#include <span>

#include "tests/model/naive_event.h"

namespace tocsin::model {

enum class MomentKind : uint8_t { kEvent, kTimer, kEnd };

struct Moment {
  size_t events = 0;  // of the key up to this moment
  MomentKind kind = MomentKind::kEvent;
  Timestamp timer;  // of kTimer

  friend auto operator<=>(const Moment&, const Moment&) = default;
};

// When something is decided: its place in the order, and the time that an alert states.
struct Decided {
  Moment moment;
  Timestamp time;
};

// Makes the moments of one key's events. `largest`: the largest event time of the whole input.
class Clock {
 public:
  Clock(std::span<const NaiveEvent> events, Timestamp largest)
      : events_(events), largest_(largest) {}

  Decided event(size_t index) const;
  Decided timer(Timestamp time) const;
  Decided end() const;

 private:
  std::span<const NaiveEvent> events_;
  Timestamp largest_;
};

}  // namespace tocsin::model
