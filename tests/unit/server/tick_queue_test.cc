#include "server/tick_queue.h"

#include <gtest/gtest.h>

#include <vector>

#include "connectors/state/journal.h"
#include "tests/model/random.h"

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

// What a journal drops of its ticks (journal.h) is not missed.
TEST(TickQueue, NeedsOnlyTheLatestTickBehindARecord) {
  model::Random random(3);
  std::vector<runtime::Tick> ticks;
  for (size_t i = 0; i < 3000; ++i) {
    ticks.push_back({static_cast<uint32_t>(random.below(2)),
                     random.below(200),
                     {static_cast<int64_t>(random.below(1000))}});
  }
  const std::vector<runtime::Tick> last = connectors::last_ticks(ticks);
  EXPECT_LT(last.size(), ticks.size() / 5);
  TickQueue all(2, ticks);
  TickQueue few(2, last);
  for (uint64_t position = 0; position < 210; position += random.below(3)) {
    for (const uint32_t input : {0U, 1U}) {
      EXPECT_EQ(all.take(input, position), few.take(input, position)) << position;
      EXPECT_EQ(all.room(input, position, 50), few.room(input, position, 50)) << position;
      EXPECT_EQ(all.next(input).has_value(), few.next(input).has_value()) << position;
    }
  }
}

}  // namespace
}  // namespace tocsin::server
