// Alerts on their way out: each waits until none that comes before it can come, is suppressed or
// not, and goes out in the order of completion, pattern, key.
//
// Patterns that use the events of other patterns are of a higher level than those; a level's
// alerts are settled before the next level is matched. For one thread. Tested by
// tests/unit/runtime/alert_queue_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/codec.h"
#include "eventtime/timestamp.h"
#include "nfa/match_buffer.h"
#include "nfa/match_set.h"
#include "patterns/pattern.h"
#include "runtime/derived_events.h"
#include "runtime/suppressor.h"

namespace tocsin::runtime {

struct PendingAlert {
  eventtime::Timestamp complete;
  uint32_t pattern = 0;  // its number
  uint32_t rank = 0;     // of its name
  bool timeout = false;
  uint64_t start = 0;  // of timeouts: the place of their first event in the order of events
  std::string key;     // encoded
  std::string group;   // of `suppress`: alerts with the same one suppress each other
  nfa::NodeId node = nfa::kRootNode;   // of the match; held
  std::unique_ptr<nfa::MatchSet> set;  // instead of the node: several, in order
  uint64_t matches = 1;
  uint64_t suppressed = 0;  // alerts of its group since the last one
  std::unique_ptr<DerivedEvent> derived;
};

class AlertQueue {
 public:
  // Takes an alert that leaves the queue.
  using Taker = std::function<void(const PendingAlert&)>;

  AlertQueue(const std::vector<patterns::Pattern>& patterns, size_t levels);

  // What a level's patterns have found, in the order of each pattern and key.
  std::vector<PendingAlert>& found(size_t level) { return found_[level]; }
  // All alerts of the level that are complete before `until` have been found. Those that become
  // events are appended to `derived`, in order; those that are suppressed go to `drop`.
  void settle(size_t level, eventtime::Timestamp until, std::vector<DerivedEvent>& derived,
              const Taker& drop);
  // All alerts of all levels that are complete before `until` have been settled, and go to `out`.
  void flush(eventtime::Timestamp until, const Taker& out);

  // For saved state: each alert with its level, those that are settled with one more than the last;
  // restored in the same order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (size_t level = 0; level < found_.size(); ++level) {
      for (const PendingAlert& alert : found_[level]) visit(level, alert);
    }
    for (const PendingAlert& alert : settled_) visit(found_.size(), alert);
  }
  void restore(size_t level, PendingAlert alert) {
    (level < found_.size() ? found_[level] : settled_).push_back(std::move(alert));
  }
  // What `suppress` of a pattern knows; null without it.
  const Suppressor* suppressor(size_t pattern) const {
    return suppressors_[pattern] ? &*suppressors_[pattern] : nullptr;
  }
  // False: these are no such bytes.
  bool restore_group(size_t pattern, std::string_view group, eventtime::Decoder& from);
  void restore_counters(size_t pattern, uint64_t emitted, uint64_t suppressed);

  uint64_t emitted(size_t pattern) const { return emitted_[pattern]; }
  uint64_t suppressed() const;

 private:
  std::vector<std::vector<PendingAlert>> found_;  // by level
  std::vector<PendingAlert> settled_;
  std::vector<std::optional<Suppressor>> suppressors_;  // by pattern
  std::vector<size_t> suppressing_;                     // patterns that have one
  std::vector<uint64_t> emitted_;                       // by pattern
};

}  // namespace tocsin::runtime
