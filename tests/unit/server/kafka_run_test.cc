// A run over Kafka and its group, without brokers: what it does where the group shuts it out. One
// partition and one thread, for the simulated log knows no others.
#include "server/kafka_run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/manual_clock.h"
#include "tests/support/simulated_log.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using eventtime::Duration;
using eventtime::Result;
using ::testing::HasSubstr;
using tests::SimulatedLog;

constexpr Duration kRound{100'000};
constexpr size_t kMostRounds = 2000;
constexpr const char* kPatterns = R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern pair {
  by card
  match a: Payment[amount < 5] then b: Payment[amount > 90]
  within 1h
}
)";

class KafkaRunTest : public testing::Test {
 protected:
  KafkaRunTest() {
    const std::vector<std::string> files = {directory_.write("p.tocsin", kPatterns)};
    auto loaded = patterns::load({{files[0], kPatterns}});
    EXPECT_TRUE(loaded.patterns) << patterns::render(loaded.diagnostics, loaded.sources);
    own_ = *own_patterns(loaded, {});
    set_ = *loaded.patterns;
    log_.add_topic("payments", 1);
    log_.add_topic("alerts", 1);
    options_.topics = {"payments"};
    options_.partitions.group = "g";
    options_.partitions.directory = directory_.path("state");
    options_.partitions.patterns = &set_;
    options_.partitions.own = &own_;
    options_.partitions.decoding = [](const std::string&) { return connectors::DecodeOptions{}; };
    options_.partitions.alert_topic = "alerts";
    options_.partitions.late =
        options_.partitions.dead_letter = [](std::string_view) { return Result<void>(); };
  }

  // A payment of a second, counted from a fixed time.
  void pay(int second, int amount) {
    log_.append({"payments", 0}, std::nullopt,
                fmt::format(R"({{"card":"c1","amount":{},"at":"2026-03-01T10:00:{:02}Z"}})", amount,
                            second));
  }
  // Until `on_round` ends it by stop_. Each round takes kRound.
  Result<void> run(const std::function<void(const KafkaRun&)>& on_round) {
    KafkaRun run(options_, *client_, clock_, [this] { return stop_; });
    size_t rounds = 0;
    run.on_round = [&](const KafkaRun& each) {
      clock_.go_on(kRound);
      if (++rounds > kMostRounds) stop_ = true;
      if (joined_.size() < log_.joins()) joined_.push_back(clock_.now().micros - kRound.micros);
      on_round(each);
    };
    Result<void> done = run.run();
    EXPECT_LE(rounds, kMostRounds) << "it comes to no end";
    stats_ = run.stats();
    return done;
  }
  tests::TemporaryDirectory directory_;
  SimulatedLog log_{1};
  tests::ManualClock clock_;
  std::unique_ptr<runtime::LogClient> client_ = log_.client();
  patterns::PatternSet set_;
  OwnPatterns own_;
  KafkaRunOptions options_;
  bool stop_ = false;
  std::vector<int64_t> joined_;  // when, by the clock
  KafkaRunStats stats_;
};

// What it had not committed is read again by itself, in its new place.
TEST_F(KafkaRunTest, ShutOutOfItsGroupItJoinsAnew) {
  pay(0, 1);
  int64_t shut_out_at = 0;
  const Result<void> done = run([&](const KafkaRun& run) {
    const bool has_read = run.stats().records > 0;
    if (has_read && shut_out_at == 0) {
      pay(1, 99);
      pay(2, 50);  // settles it
      shut_out_at = clock_.now().micros;
      log_.shut_out();
    } else if (shut_out_at != 0 && log_.joins() == 1) {
      EXPECT_TRUE(run.machines().empty()) << "nothing may be committed any more";
    } else if (log_.joins() == 2 && run.stats().committed == 1) {
      stop_ = true;
    }
  });
  EXPECT_TRUE(done) << done.error().message;
  ASSERT_EQ(joined_.size(), 2U);
  EXPECT_GE(joined_[1] - shut_out_at, 1'000'000) << "not at once";
  EXPECT_LE(joined_[1] - shut_out_at, 2'000'000);
  EXPECT_EQ(stats_.taken_over, 2U);
  EXPECT_EQ(stats_.disturbed, 0U);
  EXPECT_EQ(log_.committed_records({"alerts", 0}).size(), 1U);
}

TEST_F(KafkaRunTest, ShutOutMoreThanThreeTimesAMinuteItEnds) {
  const Result<void> done = run([&](const KafkaRun& run) {
    if (!run.machines().empty()) log_.shut_out();
  });
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("shut out of the group"));
  EXPECT_EQ(log_.joins(), 4U);
  EXPECT_EQ(stats_.taken_over, 4U);
}

TEST_F(KafkaRunTest, WhatIsLongAgoIsForgotten) {
  constexpr uint64_t kTimes = 10;
  const Result<void> done = run([&](const KafkaRun& run) {
    if (run.machines().empty()) return;
    if (log_.joins() % 3 == 1) clock_.go_on({61'000'000});
    if (log_.joins() > kTimes) stop_ = true;
    if (!stop_) log_.shut_out();
  });
  EXPECT_TRUE(done) << done.error().message;
  EXPECT_EQ(log_.joins(), kTimes + 1);
}

}  // namespace
}  // namespace tocsin::server
