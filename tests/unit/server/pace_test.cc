#include "server/pace.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace tocsin::server {
namespace {

using eventtime::Duration;

TEST(Pace, EventsAreDueAtTheirTimesDividedBySpeed) {
  tests::ManualClock clock;
  Pace pace(clock, 60);
  EXPECT_EQ(pace.wait_for({5'000'000}), Duration{0});
  EXPECT_EQ(pace.wait_for({65'000'000}), Duration{1'000'000});
  clock.go_on({400'000});
  EXPECT_EQ(pace.wait_for({65'000'000}), Duration{600'000});
  EXPECT_EQ(pace.wait_for({1'000'000}), Duration{0});  // out of order: before the first
  clock.go_on({2'000'000});
  EXPECT_EQ(pace.wait_for({65'000'000}), Duration{0});
  EXPECT_EQ(pace.wait_for({245'000'000}), Duration{1'600'000});
}

TEST(Pace, SlowerThanTimeAndVeryFarAway) {
  tests::ManualClock clock;
  Pace pace(clock, 0.5);
  EXPECT_EQ(pace.wait_for(eventtime::kEarliestTimestamp), Duration{0});
  EXPECT_EQ(pace.wait_for(eventtime::kEarliestTimestamp + Duration{10}), Duration{20});
  Pace slow(clock, 1e-300);
  EXPECT_EQ(slow.wait_for({0}), Duration{0});
  EXPECT_GT(slow.wait_for({1}), Duration{1'000'000});
}

}  // namespace
}  // namespace tocsin::server
