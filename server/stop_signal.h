// SIGTERM and SIGINT as a wish to end: for runs that have no end of their own. One that comes more
// than a second later ends the program at once, as it would without this. Tested by
// tests/unit/server/stop_signal_test.cc.
#pragma once

#include <csignal>

namespace tocsin::server {

class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  // Signals do again what they did before, if none has come.
  ~StopSignal();

  // One has come since the beginning.
  static bool requested();

 private:
  struct sigaction old_terminate_{};
  struct sigaction old_interrupt_{};
};

}  // namespace tocsin::server
