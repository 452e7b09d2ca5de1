// A clock that goes on only when it is told to, or when somebody sleeps.
#pragma once

#include <functional>

#include "runtime/clock.h"

namespace tocsin::tests {

class ManualClock : public runtime::Clock {
 public:
  eventtime::Duration now() const override { return now_; }
  eventtime::Timestamp date() const override { return {now().micros}; }
  void sleep(eventtime::Duration span) override {
    go_on(span);
    if (on_sleep) on_sleep();
  }
  void go_on(eventtime::Duration span) { now_.micros += span.micros; }

  // What happens in the world while somebody sleeps.
  std::function<void()> on_sleep;

 private:
  eventtime::Duration now_{1'000'000'000};
};

}  // namespace tocsin::tests
