#include "server/progress.h"

#include <gtest/gtest.h>

namespace tocsin::server {
namespace {

ProgressState state(uint64_t done, std::optional<uint64_t> total, uint64_t records,
                    double seconds) {
  return {"run", done, total, records, seconds};
}

TEST(Progress, ShowsBarRateAndTimeLeft) {
  EXPECT_EQ(progress_line(state(25, 100, 1234567, 2)),
            "run  [#######                       ]   25%  617,283 events/s  6 s left");
  EXPECT_EQ(progress_line(state(100, 100, 999, 1)),
            "run  [##############################]  100%  999 events/s  0 s left");
}

TEST(Progress, CountsWhereTheTotalIsNotKnown) {
  EXPECT_EQ(progress_line(state(5, std::nullopt, 1000, 0.5)), "run  1,000 events  2,000 events/s");
}

TEST(Progress, LongTimesAreShownInMinutesAndHours) {
  EXPECT_EQ(progress_line(state(1, 2, 0, 61)),
            "run  [###############               ]   50%  0 events/s  1:01 min left");
  EXPECT_EQ(progress_line(state(1, 2, 0, 7325)),
            "run  [###############               ]   50%  0 events/s  2:02 h left");
}

TEST(Progress, NothingDoneOrNothingToDoHasNoTimeLeft) {
  EXPECT_EQ(progress_line(state(0, 10, 0, 1)),
            "run  [                              ]    0%  0 events/s");
  EXPECT_EQ(progress_line(state(0, 0, 0, 0)), "run  0 events");
}

TEST(Progress, AFileThatGrowsStaysAtTheEnd) {
  EXPECT_EQ(progress_line(state(300, 100, 0, 1)),
            "run  [##############################]  100%  0 events/s  0 s left");
}

}  // namespace
}  // namespace tocsin::server
