#include "server/machine_clock.h"

#include <chrono>
#include <ctime>

namespace tocsin::server {

eventtime::Duration MachineClock::now() const {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

eventtime::Timestamp MachineClock::date() const {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

void MachineClock::sleep(eventtime::Duration span) {
  if (span.micros <= 0) return;
  const timespec wanted{static_cast<time_t>(span.micros / eventtime::kMicrosPerSecond),
                        static_cast<long>(span.micros % eventtime::kMicrosPerSecond * 1000)};
  ::nanosleep(&wanted, nullptr);
}

}  // namespace tocsin::server
