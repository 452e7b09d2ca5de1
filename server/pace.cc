#include "server/pace.h"

namespace tocsin::server {

using eventtime::Duration;

Duration Pace::wait_for(eventtime::Timestamp time) {
  const Duration now = clock_.now();
  if (!origin_) origin_ = {time, now};
  const double due = static_cast<double>((time - origin_->time).micros) / speed_;
  const double passed = static_cast<double>(now.micros - origin_->clock.micros);
  constexpr double kLongest = 1e18;  // of years by the ten thousand
  if (due <= passed) return {};
  return {static_cast<int64_t>(due - passed < kLongest ? due - passed : kLongest)};
}

}  // namespace tocsin::server
