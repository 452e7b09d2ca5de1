// Time that passes outside of events: one of the four doors to the world (with Source, Sink and
// Storage). Nothing that comes out may depend on it but by a tick in the journal.
#pragma once

#include "eventtime/timestamp.h"

namespace tocsin::runtime {

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  // Since a beginning of its own. It never goes back, and setting the time of the day does not move
  // it.
  virtual eventtime::Duration now() const = 0;
  // What people call the time; only for show.
  virtual eventtime::Timestamp date() const = 0;
  // May return early, when a signal comes.
  virtual void sleep(eventtime::Duration span) = 0;
};

}  // namespace tocsin::runtime
