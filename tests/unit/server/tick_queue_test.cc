#include "server/tick_queue.h"

#include <gtest/gtest.h>

namespace tocsin::server {
namespace {

using eventtime::Timestamp;

TEST(TickQueue, ATickIsDueBehindItsRecords) {
  TickQueue queue(2, {{0, 3, {30}}, {1, 0, {5}}, {0, 7, {70}}, {0, 3, {40}}, {0, 5, {20}}});
  EXPECT_EQ(queue.take(0, 0), std::nullopt);
  EXPECT_EQ(queue.room(0, 0, 100), 3U);
  EXPECT_EQ(queue.room(0, 1, 100), 2U);
  EXPECT_EQ(queue.room(0, 1, 1), 1U);
  EXPECT_EQ(queue.take(0, 3), Timestamp{40});  // the latest of those behind record 3
  EXPECT_EQ(queue.room(0, 3, 100), 2U);
  EXPECT_EQ(queue.take(0, 5), Timestamp{20});
  EXPECT_EQ(queue.next(0)->position, 7U);
  EXPECT_EQ(queue.take(0, 9), Timestamp{70});  // passed by a state that is newer
  EXPECT_EQ(queue.next(0), std::nullopt);
  EXPECT_EQ(queue.room(0, 9, 100), 100U);
  EXPECT_EQ(queue.take(1, 0), Timestamp{5});
  EXPECT_EQ(queue.take(1, 0), std::nullopt);
}

}  // namespace
}  // namespace tocsin::server
