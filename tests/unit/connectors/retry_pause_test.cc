#include "connectors/kafka/retry_pause.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::connectors {
namespace {

using eventtime::Duration;

TEST(RetryPause, GrowsToTenSeconds) {
  RetryPause pause;
  EXPECT_TRUE(pause.is_over({0})) << "nothing has failed";
  std::vector<int64_t> lengths;
  Duration now{1'000'000};
  for (int i = 0; i < 8; ++i) {
    pause.begin(now);
    lengths.push_back(pause.length().micros / 1000);
    EXPECT_EQ(pause.until().micros, now.micros + pause.length().micros);
    EXPECT_FALSE(pause.is_over({pause.until().micros - 1}));
    EXPECT_TRUE(pause.is_over(pause.until()));
    now = pause.until();
  }
  EXPECT_THAT(lengths, testing::ElementsAre(250, 500, 1000, 2000, 4000, 8000, 10000, 10000));
  pause.forget();
  EXPECT_TRUE(pause.is_over(now));
  pause.begin(now);
  EXPECT_EQ(pause.length().micros, 250'000);
}

}  // namespace
}  // namespace tocsin::connectors
