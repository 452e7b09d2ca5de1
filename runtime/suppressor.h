// `suppress 1h by x` (language page 3.9): which of a pattern's alerts, taken in the order in which
// they come out, are not emitted but counted.
//
// Tested by tests/unit/runtime/suppressor_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "eventtime/timestamp.h"

namespace tocsin::runtime {

class Suppressor {
 public:
  // Of a group: its last alert that came out, and how many were suppressed since.
  struct Last {
    eventtime::Timestamp time;
    uint64_t suppressed = 0;
  };

  explicit Suppressor(eventtime::Duration duration) : duration_(duration) {}

  // An alert complete at `time`; `group` is its key or its values of `by`. Nothing if it is
  // suppressed, else how many were since the last one of the group.
  std::optional<uint64_t> pass(const std::string& group, eventtime::Timestamp time) {
    const auto [entry, is_new] = last_.try_emplace(group, Last{time, 0});
    Last& last = entry->second;
    if (is_new) return 0;
    if (time - last.time < duration_) {
      ++last.suppressed;
      ++suppressed_;
      return std::nullopt;
    }
    const uint64_t count = last.suppressed;
    last = {time, 0};
    return count;
  }

  // Forgets groups that can say nothing about alerts at `now` or later.
  void forget(eventtime::Timestamp now) {
    if (last_.size() < next_forget_) return;
    std::erase_if(last_, [&](const auto& entry) {
      return entry.second.suppressed == 0 && now - entry.second.time >= duration_;
    });
    next_forget_ = 2 * last_.size() + kMinForget;
  }

  uint64_t suppressed() const { return suppressed_; }

  // For saved state.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const auto& [group, last] : last_) visit(group, last);
  }
  void restore(std::string group, const Last& last) { last_.emplace(std::move(group), last); }
  void set_suppressed(uint64_t suppressed) { suppressed_ = suppressed; }

 private:
  static constexpr size_t kMinForget = 1024;

  eventtime::Duration duration_;
  std::unordered_map<std::string, Last> last_;
  size_t next_forget_ = kMinForget;
  uint64_t suppressed_ = 0;
};

}  // namespace tocsin::runtime
