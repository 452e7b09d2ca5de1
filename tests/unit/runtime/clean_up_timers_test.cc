#include "runtime/clean_up_timers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;

// None before its time, all within a 64th of the window (or a second) after it, each once.
TEST(CleanUpTimers, FireSoonAfterTheirTime) {
  std::mt19937_64 random(12);
  for (const int64_t window : {1'000, 5'000'000, 600'000'000}) {
    const int64_t slack = 2 * std::max<int64_t>(window / 64, 1'000'000);
    CleanUpTimers timers({window});
    std::vector<int64_t> pending;  // by slot; 0: fired
    int64_t now = 0;
    for (int step = 0; step < 2000; ++step) {
      now += static_cast<int64_t>(random() % 400'000);
      if (random() % 2 == 0) {
        pending.push_back(now + 1 + static_cast<int64_t>(random() % static_cast<uint64_t>(window)));
        timers.set(Timestamp{pending.back()}, static_cast<uint32_t>(pending.size() - 1));
      }
      std::vector<uint32_t> due;
      timers.take_due(Timestamp{now}, due);
      for (const uint32_t slot : due) {
        ASSERT_NE(pending[slot], 0) << "slot " << slot << " fires twice";
        ASSERT_LT(pending[slot], now);
        pending[slot] = 0;
      }
      const auto left = [&](int64_t time) { return time != 0; };
      ASSERT_EQ(timers.size(), static_cast<size_t>(std::ranges::count_if(pending, left)));
      ASSERT_TRUE(std::ranges::all_of(
          pending, [&](int64_t time) { return time == 0 || time + slack > now; }));
    }
  }
}

TEST(CleanUpTimers, TakeAllTimesBackToTheYearZero) {
  CleanUpTimers timers({1'000'000});
  timers.set(eventtime::kEarliestTimestamp, 7);
  timers.set(Timestamp{-1}, 8);
  std::vector<uint32_t> due;
  timers.take_due(Timestamp{3'000'000}, due);
  EXPECT_EQ(due, (std::vector<uint32_t>{7, 8}));
  EXPECT_EQ(timers.size(), 0U);
}

}  // namespace
}  // namespace tocsin::runtime
