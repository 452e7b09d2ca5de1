#include "runtime/alert_queue.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;

bool comes_before(const PendingAlert& left, const PendingAlert& right) {
  if (left.complete != right.complete) return left.complete < right.complete;
  if (left.rank != right.rank) return left.rank < right.rank;
  if (left.key != right.key) return left.key < right.key;
  // Then in the order of emission; timeouts behind matches, by their first events.
  if (left.timeout != right.timeout) return right.timeout;
  return left.start < right.start;
}

// Those complete before `until`, in order; the rest stays.
std::vector<PendingAlert> take_until(std::vector<PendingAlert>& alerts, Timestamp until) {
  const auto end =
      std::stable_partition(alerts.begin(), alerts.end(), [&](const PendingAlert& alert) {
        return alert.complete < until || until == eventtime::kMaxTimestamp;
      });
  // Alerts are large: their places are sorted, if they have not been found in order, and each is
  // moved once.
  std::vector<PendingAlert*> order;
  order.reserve(static_cast<size_t>(end - alerts.begin()));
  for (auto alert = alerts.begin(); alert != end; ++alert) order.push_back(&*alert);
  const auto in_order = [](const PendingAlert* left, const PendingAlert* right) {
    return comes_before(*left, *right);
  };
  if (!std::is_sorted(order.begin(), order.end(), in_order)) {
    std::stable_sort(order.begin(), order.end(), in_order);
  }
  std::vector<PendingAlert> taken;
  taken.reserve(order.size());
  for (PendingAlert* alert : order) taken.push_back(std::move(*alert));
  alerts.erase(alerts.begin(), end);
  return taken;
}

}  // namespace

AlertQueue::AlertQueue(const std::vector<patterns::Pattern>& patterns, size_t levels)
    : found_(levels), emitted_(patterns.size()) {
  for (const patterns::Pattern& pattern : patterns) {
    suppressors_.emplace_back();
    if (!pattern.suppress) continue;
    suppressing_.push_back(suppressors_.size() - 1);
    suppressors_.back().emplace(pattern.suppress->duration);
  }
}

void AlertQueue::settle(size_t level, Timestamp until, std::vector<DerivedEvent>& derived,
                        const Taker& drop) {
  if (found_[level].empty()) return;
  for (PendingAlert& alert : take_until(found_[level], until)) {
    std::optional<Suppressor>& suppressor = suppressors_[alert.pattern];
    // Those that were found before the pattern had a `suppress` may be a set.
    if (suppressor && !alert.timeout && alert.set == nullptr) {
      const std::optional<uint64_t> passed = suppressor->pass(alert.group, alert.complete);
      if (!passed) {
        drop(alert);
        continue;
      }
      alert.suppressed = *passed;
    }
    uint64_t& emitted = emitted_[alert.pattern];
    emitted += std::min(alert.matches, UINT64_MAX - emitted);
    if (alert.derived != nullptr) derived.push_back(std::move(*alert.derived));
    settled_.push_back(std::move(alert));
  }
  if (until == eventtime::kMaxTimestamp) return;
  for (const size_t pattern : suppressing_) suppressors_[pattern]->forget(until);
}

void AlertQueue::flush(Timestamp until, const Taker& out) {
  if (settled_.empty()) return;
  for (const PendingAlert& alert : take_until(settled_, until)) out(alert);
}

bool AlertQueue::restore_group(size_t pattern, std::string_view group, eventtime::Decoder& from) {
  Suppressor::Last last;
  last.time = from.time();
  last.suppressed = from.number();
  if (suppressors_[pattern]) suppressors_[pattern]->restore(std::string(group), last);
  return from.is_complete();
}

void AlertQueue::restore_counters(size_t pattern, uint64_t emitted, uint64_t suppressed) {
  emitted_[pattern] = emitted;
  if (suppressors_[pattern]) suppressors_[pattern]->set_suppressed(suppressed);
}

uint64_t AlertQueue::suppressed() const {
  uint64_t total = 0;
  for (const std::optional<Suppressor>& suppressor : suppressors_) {
    if (suppressor) total += suppressor->suppressed();
  }
  return total;
}

}  // namespace tocsin::runtime
