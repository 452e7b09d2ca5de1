// Reminds an operator of keys that may have gone quiet, so that what has expired does not stay for
// ever.
//
// Coarse on purpose: a timer fires up to 1/64 of the pattern's window late, or a second. Nothing
// that comes out depends on it, for the matcher checks deadlines itself; and so a timer is pushed
// and fired in O(1), in buckets of time, after Varghese and Lauck, "Hashed and Hierarchical Timing
// Wheels", SOSP 1987. Tested by tests/unit/runtime/clean_up_timers_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "eventtime/timestamp.h"

namespace tocsin::runtime {

class CleanUpTimers {
 public:
  struct Timer {
    uint32_t slot = 0;
    uint32_t generation = 0;
  };

  // `span`: how long timers usually run.
  explicit CleanUpTimers(eventtime::Duration span)
      : width_(std::max<int64_t>(span.micros / 64, 1'000'000)) {}

  void set(eventtime::Timestamp time, Timer timer) {
    const int64_t bucket = time.micros / width_;
    if (bucket != last_bucket_ || last_ == nullptr) {
      last_ = &buckets_[bucket];
      last_bucket_ = bucket;
    }
    last_->push_back(timer);
  }

  // Appends all timers of buckets that lie wholly before `now`, the earliest buckets first.
  void take_due(eventtime::Timestamp now, std::vector<Timer>& due) {
    while (!buckets_.empty() && buckets_.begin()->first < now.micros / width_) {
      const std::vector<Timer>& bucket = buckets_.begin()->second;
      due.insert(due.end(), bucket.begin(), bucket.end());
      buckets_.erase(buckets_.begin());
      last_ = nullptr;
    }
  }

 private:
  int64_t width_;
  std::map<int64_t, std::vector<Timer>> buckets_;  // by time / width_
  int64_t last_bucket_ = 0;                        // most timers go where the one before went
  std::vector<Timer>* last_ = nullptr;
};

}  // namespace tocsin::runtime
