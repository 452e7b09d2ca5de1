#include "server/tick_queue.h"

#include <algorithm>

namespace tocsin::server {

using eventtime::Timestamp;
using runtime::Tick;

TickQueue::TickQueue(size_t inputs, const std::vector<Tick>& ticks) : ticks_(inputs) {
  for (const Tick& tick : ticks) ticks_[tick.input].push_back(tick);
  for (std::deque<Tick>& queue : ticks_) {
    std::stable_sort(queue.begin(), queue.end(), [](const Tick& left, const Tick& right) {
      return left.position < right.position;
    });
  }
}

size_t TickQueue::room(uint32_t input, uint64_t position, size_t most) const {
  const std::deque<Tick>& queue = ticks_[input];
  if (queue.empty()) return most;
  return std::min<uint64_t>(most, queue.front().position - position);
}

std::optional<Timestamp> TickQueue::take(uint32_t input, uint64_t position) {
  std::deque<Tick>& queue = ticks_[input];
  std::optional<Timestamp> latest;
  while (!queue.empty() && queue.front().position <= position) {
    latest = std::max(latest.value_or(eventtime::kMinTimestamp), queue.front().time);
    queue.pop_front();
  }
  return latest;
}

std::optional<Tick> TickQueue::next(uint32_t input) const {
  const std::deque<Tick>& queue = ticks_[input];
  return queue.empty() ? std::optional<Tick>() : queue.front();
}

}  // namespace tocsin::server
