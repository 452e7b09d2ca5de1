#include "server/idle_inputs.h"

#include <algorithm>

namespace tocsin::server {

using eventtime::Duration;
using eventtime::kMaxTimestamp;
using eventtime::kMinTimestamp;
using eventtime::Timestamp;

namespace {

Duration since(Duration now, Duration then) {
  return {now.micros - then.micros};
}

}  // namespace

IdleInputs::IdleInputs(const runtime::Clock& clock,
                       const std::vector<std::optional<Duration>>& idle_after)
    : clock_(clock), now_(clock.now()), quiet_since_(now_), next_lift_(now_) {
  for (const std::optional<Duration>& each : idle_after) inputs_.push_back({each, false, {}});
}

void IdleInputs::begin_round() {
  now_ = clock_.now();
  for (Input& input : inputs_) input.asked = false;
}

void IdleInputs::found(uint32_t input) {
  inputs_[input].idle_from.reset();
  quiet_since_ = now_;
  last_.reset();
}

void IdleInputs::nothing(uint32_t input) {
  inputs_[input].asked = true;
  if (!inputs_[input].idle_from) inputs_[input].idle_from = now_;
}

bool IdleInputs::is_idle(const Input& input) const {
  return input.asked && input.idle_after && since(now_, *input.idle_from) >= *input.idle_after;
}

std::vector<IdleInputs::Lift> IdleInputs::lifts(std::span<const Timestamp> watermarks) {
  if (now_ < next_lift_) return {};
  bool all_idle = true;
  Timestamp smallest = kMaxTimestamp;  // of those that are not idle
  Timestamp largest = kMinTimestamp;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (watermarks[i] == kMaxTimestamp) continue;
    largest = std::max(largest, watermarks[i]);
    if (is_idle(inputs_[i])) continue;
    all_idle = false;
    smallest = std::min(smallest, watermarks[i]);
  }
  if (largest == kMinTimestamp) return {};
  Timestamp time = smallest;
  if (all_idle) {
    if (!last_) last_ = largest;
    // Event times end; kMaxTimestamp is the end of an input.
    time = std::min(*last_ + since(now_, quiet_since_), eventtime::kLatestTimestamp);
  }
  std::vector<Lift> lifts;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (watermarks[i] == kMaxTimestamp || !is_idle(inputs_[i])) continue;
    if (time > watermarks[i]) lifts.push_back({i, time});
  }
  if (!lifts.empty()) next_lift_ = {now_.micros + kBetweenLifts.micros};
  return lifts;
}

}  // namespace tocsin::server
