#include "connectors/kafka/log_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "connectors/kafka/appending_log_sink.h"
#include "connectors/kafka/transactional_log_sink.h"
#include "tests/model/random.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_log.h"

namespace tocsin::connectors {
namespace {

using eventtime::Duration;
using eventtime::Result;
using runtime::OutgoingAlert;
using ::testing::HasSubstr;

constexpr int32_t kPartitions = 3;

// As the Java client chooses them: kafka.utils.Utils.murmur2 of the key's bytes.
TEST(LogPartition, IsThatOfTheJavaClient) {
  EXPECT_EQ(log_partition(std::nullopt, 7), 0);
  EXPECT_EQ(log_partition("21", 1000), (-973932308 & 0x7fffffff) % 1000);
  EXPECT_EQ(log_partition("foobar", 1000), (-790332482 & 0x7fffffff) % 1000);
  EXPECT_EQ(log_partition("a-little-bit-long-string", 1000), (-985981536 & 0x7fffffff) % 1000);
}

class LogSink : public testing::Test {
 protected:
  LogSink() { log_.add_topic("alerts", kPartitions); }

  TransactionalLogSink sink() {
    return TransactionalLogSink(
        {"out", "pipeline", "alerts", kPartitions, Duration{100'000}}, "pipeline-out",
        {client_, clock_, [this] { return stop_; }, [this] { return ++runs_; },
         [this](const std::string& text) { warnings_.push_back(text); }});
  }
  // The alert of a number.
  static Result<void> write(runtime::Sink& sink, uint64_t number, const char* more = "") {
    const std::string json = "{\"number\":" + std::to_string(number) + more + "}";
    const std::string key = "c" + std::to_string(number % 10);
    const std::string object = "{\"card\":\"" + key + "\"}";
    OutgoingAlert alert{"p", "id", object, {}, json};
    alert.record_key = key;
    return sink.write(alert);
  }
  std::multiset<std::string> values() const {
    std::multiset<std::string> all;
    for (int32_t number = 0; number < kPartitions; ++number) {
      for (const auto& record : log_.committed_records({"alerts", number})) {
        all.insert(record.value);
      }
    }
    return all;
  }
  // Each number once, those of a partition in order, with their numbers as headers.
  void expect_all(uint64_t count) const {
    std::set<std::string> seen;
    for (int32_t number = 0; number < kPartitions; ++number) {
      uint64_t last = 0;
      for (const auto& record : log_.committed_records({"alerts", number})) {
        ASSERT_EQ(record.headers.size(), 2U);
        EXPECT_EQ(record.headers[0].first + "=" + record.headers[0].second,
                  "tocsin-source=pipeline");
        if (record.headers[1].first == "tocsin-kind") continue;
        const uint64_t sequence = std::stoull(record.headers[1].second);
        EXPECT_EQ(record.value, "{\"number\":" + std::to_string(sequence) + "}");
        EXPECT_TRUE(seen.insert(record.value).second) << record.value << " came twice";
        EXPECT_GE(sequence, last);
        last = sequence;
        EXPECT_EQ(record.key, "c" + std::to_string(sequence % 10));
        EXPECT_EQ(log_partition(record.key, kPartitions), number);
      }
    }
    EXPECT_EQ(seen.size(), count);
  }

  tests::SimulatedLog log_{1};
  std::shared_ptr<runtime::LogClient> client_ = log_.client();
  tests::ManualClock clock_;
  bool stop_ = false;
  uint64_t runs_ = 0;
  std::vector<std::string> warnings_;
};

TEST_F(LogSink, CommitsWhenItIsTime) {
  TransactionalLogSink sink = this->sink();
  ASSERT_TRUE(sink.resume(""));
  ASSERT_TRUE(write(sink, 0));
  ASSERT_TRUE(sink.flush());
  EXPECT_TRUE(values().empty());
  clock_.go_on({100'000});
  ASSERT_TRUE(sink.flush());
  EXPECT_EQ(values().size(), 1U);
  ASSERT_TRUE(write(sink, 1));
  ASSERT_TRUE(sink.sync());
  expect_all(2);
  EXPECT_EQ(sink.metrics()[0].value, 2);
}

TEST_F(LogSink, ARunThatGoesOnHoldsBackWhatWasCommitted) {
  std::string position;
  {
    TransactionalLogSink sink = this->sink();
    ASSERT_TRUE(sink.resume(""));
    ASSERT_TRUE(write(sink, 0));
    ASSERT_TRUE(sink.sync());
    position = sink.position();
    for (uint64_t number = 1; number < 5; ++number) ASSERT_TRUE(write(sink, number));
    ASSERT_TRUE(sink.sync());
    ASSERT_TRUE(write(sink, 5));  // not committed
  }
  TransactionalLogSink sink = this->sink();
  ASSERT_TRUE(sink.resume(position));
  for (uint64_t number = 1; number < 8; ++number) ASSERT_TRUE(write(sink, number));
  ASSERT_TRUE(sink.close());
  expect_all(8);
}

TEST_F(LogSink, WhatWasCommittedMustBeTheSame) {
  TransactionalLogSink first = sink();
  ASSERT_TRUE(first.resume(""));
  const std::string position = first.position();
  for (uint64_t number = 0; number < 3; ++number) ASSERT_TRUE(write(first, number));
  ASSERT_TRUE(first.sync());
  TransactionalLogSink second = sink();
  ASSERT_TRUE(second.resume(position));
  ASSERT_TRUE(write(second, 0));
  ASSERT_TRUE(write(second, 1, ",\"other\":1"));
  const Result<void> done = write(second, 2);
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("not those that were committed to topic 'alerts'"));
  // Nor does it forget that.
  const auto before = log_.position({"alerts", 0});
  ASSERT_TRUE(second.write({"late", "id", "{}", {}, "{\"late\":1}", "late"}));
  EXPECT_TRUE(second.close());
  EXPECT_EQ(log_.position({"alerts", 0}), before);

  TransactionalLogSink third = sink();
  ASSERT_TRUE(third.resume(position));
  ASSERT_TRUE(write(third, 0));
  const Result<void> finished = third.finish();
  ASSERT_FALSE(finished);
  EXPECT_THAT(finished.error().message, HasSubstr("3 alerts were committed"));
}

// A group without members forgets its position after a while.
TEST_F(LogSink, ThePositionIsRenewed) {
  TransactionalLogSink sink = this->sink();
  ASSERT_TRUE(sink.resume(""));
  ASSERT_TRUE(sink.sync());
  log_.set_position({"alerts", 0}, std::nullopt);
  ASSERT_TRUE(sink.sync());
  EXPECT_FALSE(log_.position({"alerts", 0})) << "not at every checkpoint";
  clock_.go_on({3'700'000'000});
  ASSERT_TRUE(sink.sync());
  EXPECT_TRUE(log_.position({"alerts", 0}));
}

TEST_F(LogSink, ALostPositionIsRefused) {
  TransactionalLogSink first = sink();
  ASSERT_TRUE(first.resume(""));
  ASSERT_TRUE(first.sync()) << "as before each checkpoint";
  const std::string begin = first.position();
  EXPECT_TRUE(log_.position({"alerts", 0})) << "there is a number before the first alert";
  ASSERT_TRUE(write(first, 0));
  ASSERT_TRUE(first.sync());
  const std::string position = first.position();
  log_.set_position({"alerts", 0}, std::nullopt);
  TransactionalLogSink second = sink();
  const Result<void> lost = second.resume(position);
  ASSERT_FALSE(lost);
  EXPECT_THAT(lost.error().message, HasSubstr("deleted or has expired"));
  EXPECT_FALSE(sink().resume(begin));

  TransactionalLogSink other = sink();  // begins anew
  ASSERT_TRUE(other.resume(""));
  ASSERT_TRUE(write(other, 0));
  ASSERT_TRUE(other.sync());
  TransactionalLogSink third = sink();
  const Result<void> taken = third.resume(position);
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("another state directory"));
}

TEST_F(LogSink, OfTwoRunsOneGivesUp) {
  TransactionalLogSink one = sink();
  ASSERT_TRUE(one.resume(""));
  ASSERT_TRUE(write(one, 0));
  ASSERT_TRUE(one.sync());
  TransactionalLogSink two = sink();
  ASSERT_TRUE(two.resume(""));
  ASSERT_TRUE(write(two, 0));
  ASSERT_TRUE(two.sync());
  ASSERT_TRUE(write(one, 1));
  const Result<void> done = one.sync();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("another run has committed"));
}

TEST_F(LogSink, WaitsForBrokersAndThenGivesUp) {
  TransactionalLogSink sink = this->sink();
  ASSERT_TRUE(sink.resume(""));
  ASSERT_TRUE(write(sink, 0));
  log_.set_fault_rate(100);
  const Duration begun = clock_.now();
  clock_.on_sleep = [&] {
    if (clock_.now().micros - begun.micros > 60'000'000) log_.set_fault_rate(0);
  };
  ASSERT_TRUE(sink.sync()) << "after a minute they are back";
  expect_all(1);
  EXPECT_FALSE(warnings_.empty());

  clock_.on_sleep = nullptr;
  log_.set_fault_rate(100);
  ASSERT_TRUE(write(sink, 1));
  stop_ = true;
  const Duration stopped = clock_.now();
  const Result<void> done = sink.close();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("1 alerts could not be committed"));
  EXPECT_LT(clock_.now().micros - stopped.micros, 20'000'000);
}

TEST_F(LogSink, RecordsThatAreNoAlertsHaveNoNumber) {
  TransactionalLogSink sink = this->sink();
  ASSERT_TRUE(sink.resume(""));
  ASSERT_TRUE(sink.write({"late", "id", "{}", {}, "{\"late\":1}", "late"}));
  ASSERT_TRUE(write(sink, 0));
  ASSERT_TRUE(sink.close());
  expect_all(1);
  EXPECT_EQ(values().size(), 2U);
}

// Kills and requests that fail before their effect or behind it, or come late.
TEST_F(LogSink, ComesThroughFaultsExactlyOnce) {
  constexpr uint64_t kAlerts = 60;
  uint64_t faults = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    log_ = tests::SimulatedLog(seed);
    log_.add_topic("alerts", kPartitions);
    log_.set_fault_rate(seed % 3 == 0 ? 0 : 4);
    model::Random random(seed);
    std::string position;
    uint64_t place = 0;  // of the checkpoint
    for (bool is_done = false; !is_done;) {
      TransactionalLogSink sink = this->sink();
      ASSERT_TRUE(sink.resume(position));
      if (position.empty()) {
        ASSERT_TRUE(sink.sync());
        position = sink.position();
      }
      bool is_killed = false;
      for (uint64_t next = place; next < kAlerts && !is_killed; ++next) {
        const auto written = write(sink, next);
        ASSERT_TRUE(written) << written.error().message;
        clock_.go_on({random.between(0, 60'000)});
        const bool is_flushed = random.percent(10);
        ASSERT_TRUE(!is_flushed || sink.flush());
        if (random.percent(5)) {
          const auto synced = sink.sync();
          ASSERT_TRUE(synced) << synced.error().message;
          place = next + 1;
          position = sink.position();
        }
        is_killed = random.percent(5);
      }
      if (is_killed) continue;
      const auto closed = sink.close();
      ASSERT_TRUE(closed) << closed.error().message;
      is_done = true;
    }
    expect_all(kAlerts);
    faults += log_.faults();
  }
  EXPECT_GT(faults, 500U);
}

TEST_F(LogSink, AppendsAtLeastOnce) {
  std::string position;
  {
    AppendingLogSink sink({"out", "pipeline", "alerts", kPartitions, {}}, client_);
    ASSERT_TRUE(sink.resume(""));
    ASSERT_TRUE(write(sink, 0));
    ASSERT_TRUE(sink.sync());
    position = sink.position();
    ASSERT_TRUE(write(sink, 1));
  }
  EXPECT_EQ(values().size(), 2U) << "without waiting for anything";
  AppendingLogSink sink({"out", "pipeline", "alerts", kPartitions, {}}, client_);
  ASSERT_TRUE(sink.resume(position));
  ASSERT_TRUE(write(sink, 1));
  ASSERT_TRUE(write(sink, 2));
  ASSERT_TRUE(sink.close());
  EXPECT_EQ(values().count("{\"number\":1}"), 2U);
  EXPECT_EQ(values().size(), 4U);
  EXPECT_EQ(sink.metrics()[0].value, 3);

  TransactionalLogSink exact = this->sink();
  ASSERT_TRUE(exact.resume(""));
  ASSERT_TRUE(write(exact, 0));
  ASSERT_TRUE(exact.sync());
  AppendingLogSink after({"out", "pipeline", "alerts", kPartitions, {}}, client_);
  ASSERT_TRUE(after.resume(exact.position()));
  EXPECT_EQ(after.position(), "1") << "its numbers go on";
  for (runtime::Sink* each :
       {static_cast<runtime::Sink*>(&after), static_cast<runtime::Sink*>(&exact)}) {
    const Result<void> other = each->resume("nonsense");
    ASSERT_FALSE(other);
    EXPECT_THAT(other.error().message, HasSubstr("another kind of sink"));
  }
}

}  // namespace
}  // namespace tocsin::connectors
