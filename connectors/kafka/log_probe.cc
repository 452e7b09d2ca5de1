#include "connectors/kafka/log_probe.h"

namespace tocsin::connectors {

LogProbe::LogProbe(runtime::LogClient& client, const Times& times)
    : client_(client), times_(times), thread_([this] { ask(); }) {}

LogProbe::~LogProbe() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

std::optional<int64_t> LogProbe::end(const runtime::LogPartition& partition) {
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  Known& known = known_[partition];
  known.wanted = now;
  return known.end && now - known.told < times_.good_for ? known.end : std::nullopt;
}

std::optional<runtime::LogPartition> LogProbe::next_wanted(Clock::time_point now,
                                                           Clock::time_point asked_before) {
  for (const auto& [partition, known] : known_) {
    if (now - known.wanted < times_.wanted_for && known.told < asked_before) return partition;
  }
  return std::nullopt;
}

void LogProbe::ask() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const Clock::time_point round = Clock::now();
    while (const auto partition = next_wanted(Clock::now(), round)) {
      lock.unlock();
      const Clock::time_point asked = Clock::now();
      const auto bounds = client_.bounds(*partition);
      lock.lock();
      if (stop_) return;
      Known& known = known_[*partition];
      // An answer that took long tells of the time when it was asked for.
      known.told = bounds ? asked : Clock::now();
      known.end = bounds ? std::optional(bounds->end) : std::nullopt;
    }
    changed_.wait_for(lock, times_.ask_every, [this] { return stop_; });
  }
}

}  // namespace tocsin::connectors
