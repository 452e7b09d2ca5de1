#include "server/idle_inputs.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace tocsin::server {
namespace {

using eventtime::Duration;
using eventtime::kMaxTimestamp;
using eventtime::kMinTimestamp;
using eventtime::Timestamp;

constexpr Duration whole_seconds(int64_t count) {
  return {count * 1'000'000};
}
constexpr Timestamp at(int64_t second) {
  return {second * 1'000'000};
}

// Rounds of inputs with watermarks in seconds; idle after 10 s.
class IdleInputsTest : public testing::Test {
 protected:
  // What comes of a round: of each input 'f' found, 'n' nothing, '-' not asked. Lifts in seconds,
  // as "input:second".
  std::string round(const std::string& what) {
    idle_.begin_round();
    for (uint32_t i = 0; i < what.size(); ++i) {
      if (what[i] == 'f') idle_.found(i);
      if (what[i] == 'n') idle_.nothing(i);
    }
    std::string out;
    for (const IdleInputs::Lift& lift : idle_.lifts(watermarks_)) {
      EXPECT_GT(lift.watermark, watermarks_[lift.input]);
      watermarks_[lift.input] = lift.watermark;
      if (!out.empty()) out += ' ';
      out += std::to_string(lift.input) + ":" + std::to_string(lift.watermark.micros / 1'000'000);
    }
    return out;
  }
  std::string later(int64_t count, const std::string& what) {
    clock_.go_on(whole_seconds(count));
    return round(what);
  }

  tests::ManualClock clock_;
  IdleInputs idle_{clock_, {whole_seconds(10), whole_seconds(10), whole_seconds(10)}};
  std::vector<Timestamp> watermarks_ = {at(100), at(200), at(300)};
};

TEST_F(IdleInputsTest, AnIdleInputFollowsTheSmallestOfTheOthers) {
  EXPECT_EQ(round("nff"), "");
  EXPECT_EQ(later(9, "nff"), "");
  EXPECT_EQ(later(1, "nff"), "0:200");
  watermarks_[1] = at(350);
  EXPECT_EQ(later(1, "nff"), "0:300");
  EXPECT_EQ(later(1, "nff"), "");
  EXPECT_EQ(later(1, "fff"), "");
  watermarks_[1] = at(400);
  EXPECT_EQ(later(9, "nff"), "");  // it has brought something
}

TEST_F(IdleInputsTest, AnInputThatWasNotAskedIsNotIdle) {
  round("n-f");
  EXPECT_EQ(later(60, "--f"), "");
  EXPECT_EQ(later(0, "n-f"), "0:200");
  watermarks_[1] = at(500);
  EXPECT_EQ(later(60, "--n"), "");
}

TEST_F(IdleInputsTest, TimeGoesOnByItselfWhenAllAreIdle) {
  EXPECT_EQ(round("fff"), "");
  EXPECT_EQ(round("nnn"), "");
  EXPECT_EQ(later(9, "nnn"), "");
  EXPECT_EQ(later(1, "nnn"), "0:310 1:310 2:310");
  EXPECT_EQ(later(5, "nnn"), "0:315 1:315 2:315");
  EXPECT_EQ(later(3600, "nnn"), "0:3915 1:3915 2:3915");
  // Something comes: what it says counts again, and nothing goes back.
  watermarks_[1] = at(4000);
  EXPECT_EQ(later(1, "nfn"), "0:4000 2:4000");
  EXPECT_EQ(later(1, "nnn"), "");
  EXPECT_EQ(later(9, "nnn"), "");
  EXPECT_EQ(later(1, "nnn"), "0:4011 1:4011 2:4011");
}

TEST_F(IdleInputsTest, InputsThatHaveEndedPlayNoPart) {
  watermarks_[2] = kMaxTimestamp;
  round("nf-");
  EXPECT_EQ(later(10, "nf-"), "0:200");
  watermarks_[1] = kMaxTimestamp;
  EXPECT_EQ(later(10, "n--"), "0:210");
  watermarks_[0] = kMaxTimestamp;
  EXPECT_EQ(later(10, "---"), "");
}

TEST_F(IdleInputsTest, BeforeTheFirstEventThereIsNoTime) {
  watermarks_ = {kMinTimestamp, kMinTimestamp, kMinTimestamp};
  round("nnn");
  EXPECT_EQ(later(60, "nnn"), "");
  watermarks_[1] = at(5);
  EXPECT_EQ(later(1, "nfn"), "0:5 2:5");
  // One that has brought something, but no event, holds the others back.
  watermarks_ = {kMinTimestamp, at(5), at(5)};
  EXPECT_EQ(later(60, "fnn"), "");
}

TEST_F(IdleInputsTest, LiftsAtMostTenTimesASecond) {
  round("nnn");
  EXPECT_NE(later(10, "nnn"), "");
  clock_.go_on(Duration{99'999});
  EXPECT_EQ(round("nnn"), "");
  clock_.go_on(Duration{1});
  EXPECT_NE(round("nnn"), "");
}

TEST_F(IdleInputsTest, EventTimeHasAnEnd) {
  watermarks_[0] = eventtime::kLatestTimestamp;
  round("n--");
  watermarks_[1] = watermarks_[2] = kMaxTimestamp;
  EXPECT_EQ(later(60, "n--"), "");
}

TEST(IdleInputs, NeverMeansNever) {
  tests::ManualClock clock;
  IdleInputs idle(clock, {std::nullopt});
  idle.begin_round();
  idle.nothing(0);
  clock.go_on(whole_seconds(1'000'000));
  idle.begin_round();
  idle.nothing(0);
  const std::vector<Timestamp> watermarks = {at(1)};
  EXPECT_TRUE(idle.lifts(watermarks).empty());
}

}  // namespace
}  // namespace tocsin::server
