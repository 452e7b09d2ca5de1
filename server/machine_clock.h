// The clock of the machine.
#pragma once

#include "runtime/clock.h"

namespace tocsin::server {

class MachineClock : public runtime::Clock {
 public:
  eventtime::Duration now() const override;
  eventtime::Timestamp date() const override;
  void sleep(eventtime::Duration span) override;
};

}  // namespace tocsin::server
