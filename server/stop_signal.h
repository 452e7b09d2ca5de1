// SIGTERM and SIGINT as a wish to end: for runs that have no end of their own. A second one ends
// the program at once, as it would without this.
#pragma once

#include <csignal>

namespace tocsin::server {

class StopSignal {
 public:
  StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
  ~StopSignal();  // signals do again what they did before

  // One has come since the beginning.
  static bool requested();

 private:
  struct sigaction old_terminate_{};
  struct sigaction old_interrupt_{};
};

}  // namespace tocsin::server
