// How long to wait before a log is tried again that could not be reached: a quarter of a second,
// twice as long with each failure, ten seconds at most. Tested by
// tests/unit/connectors/retry_pause_test.cc.
#pragma once

#include <algorithm>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

class RetryPause {
 public:
  static constexpr eventtime::Duration kFirst{250'000};
  static constexpr eventtime::Duration kLongest{10'000'000};

  // Begun by a failure, at this time.
  void begin(eventtime::Duration now) {
    pause_.micros = std::clamp(2 * pause_.micros, kFirst.micros, kLongest.micros);
    until_.micros = now.micros + pause_.micros;
  }
  // It can be reached: the next pause is a short one.
  void forget() { pause_ = {}; }

  bool is_over(eventtime::Duration now) const { return now.micros >= until_.micros; }
  eventtime::Duration until() const { return until_; }
  // Of the last one, since forget().
  eventtime::Duration length() const { return pause_; }

 private:
  eventtime::Duration pause_;
  eventtime::Duration until_;
};

}  // namespace tocsin::connectors
