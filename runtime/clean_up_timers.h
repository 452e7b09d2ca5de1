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
  // `span`: how long timers usually run.
  explicit CleanUpTimers(eventtime::Duration span)
      : width_(std::max<int64_t>(span.micros / 64, 1'000'000)) {}

  // `slot` of a KeyTable.
  void set(eventtime::Timestamp time, uint32_t slot) {
    const int64_t bucket = time.micros / width_;
    if (bucket != last_bucket_ || last_ == nullptr) {
      last_ = &buckets_[bucket];
      last_bucket_ = bucket;
    }
    last_->push_back(slot);
    ++size_;
  }

  // Appends the slots of all buckets that lie wholly before `now`, the earliest buckets first.
  void take_due(eventtime::Timestamp now, std::vector<uint32_t>& due) {
    while (!buckets_.empty() && buckets_.begin()->first < now.micros / width_) {
      const std::vector<uint32_t>& bucket = buckets_.begin()->second;
      due.insert(due.end(), bucket.begin(), bucket.end());
      size_ -= bucket.size();
      buckets_.erase(buckets_.begin());
      last_ = nullptr;
    }
  }

  size_t size() const { return size_; }

 private:
  int64_t width_;
  std::map<int64_t, std::vector<uint32_t>> buckets_;  // by time / width_
  size_t size_ = 0;
  int64_t last_bucket_ = 0;  // most timers go where the one before went
  std::vector<uint32_t>* last_ = nullptr;
};

}  // namespace tocsin::runtime
