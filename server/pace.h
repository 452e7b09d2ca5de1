// Events at the speed of their times, or a multiple of it: when each is due, the first one at once.
// Tested by tests/unit/server/pace_test.cc.
#pragma once

#include <optional>

#include "eventtime/timestamp.h"
#include "runtime/clock.h"

namespace tocsin::server {

class Pace {
 public:
  // `speed` is above 0; 60: a minute of events takes a second. The clock outlives it.
  Pace(const runtime::Clock& clock, double speed) : clock_(clock), speed_(speed) {}

  // How long to wait for an event of this time; nothing for one that is overdue.
  eventtime::Duration wait_for(eventtime::Timestamp time);

 private:
  struct Origin {
    eventtime::Timestamp time;
    eventtime::Duration clock;
  };

  const runtime::Clock& clock_;
  double speed_;
  std::optional<Origin> origin_;
};

}  // namespace tocsin::server
