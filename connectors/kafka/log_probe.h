// Whether a partition of a log can still be reached, for those who wait for its next record.
//
// A reader that has come to the end of a partition hears nothing more of it, whether nothing comes
// or the brokers have gone. Somebody who lets time go on because nothing comes must know which. So
// a thread asks for the ends of partitions, every second, as long as somebody wants to know.
//
// The functions may be called by one other thread. Tested by
// tests/unit/connectors/log_probe_test.cc, with real brokers by tests/kafka/kafka_mixed_test.cc.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "runtime/log_client.h"

namespace tocsin::connectors {

class LogProbe {
 public:
  struct Times {
    std::chrono::milliseconds ask_every{1000};
    std::chrono::milliseconds good_for{15000};  // a round over many partitions takes long
    std::chrono::milliseconds wanted_for{60000};
  };

  // The client outlives it, and answers to several threads.
  explicit LogProbe(runtime::LogClient& client) : LogProbe(client, Times()) {}
  LogProbe(runtime::LogClient& client, const Times& times);
  LogProbe(const LogProbe&) = delete;
  LogProbe& operator=(const LogProbe&) = delete;
  ~LogProbe();

  // Its end, as the brokers have told in the last seconds; nothing: they have not, or nobody has
  // asked them yet. They are asked from now on, until nobody has called this for a while.
  std::optional<int64_t> end(const runtime::LogPartition& partition);

 private:
  using Clock = std::chrono::steady_clock;
  struct Known {
    std::optional<int64_t> end;
    Clock::time_point told;
    Clock::time_point wanted;
  };

  void ask();
  std::optional<runtime::LogPartition> next_wanted(Clock::time_point now,
                                                   Clock::time_point asked_before);

  runtime::LogClient& client_;
  Times times_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  std::map<runtime::LogPartition, Known> known_;
  std::thread thread_;
};

}  // namespace tocsin::connectors
