#include "connectors/kafka/log_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/support/running_program.h"

namespace tocsin::connectors {
namespace {

using eventtime::Result;
using eventtime::world_error;
using runtime::LogPartition;
using std::chrono::milliseconds;
using tests::eventually;

const LogPartition kOne{"payments", 0};
const LogPartition kOther{"payments", 1};

// Knows where partitions end, and counts who asks for it. Nobody asks it for anything else.
class Ends : public runtime::LogClient {
 public:
  void set(const LogPartition& partition, std::optional<int64_t> end) {
    const std::lock_guard lock(mutex_);
    ends_[partition] = end;
  }
  void set_delay(milliseconds delay) {
    const std::lock_guard lock(mutex_);
    delay_ = delay;
  }
  size_t asked(const LogPartition& partition) {
    const std::lock_guard lock(mutex_);
    return asked_[partition];
  }

  Result<runtime::LogBounds> bounds(const LogPartition& partition) override {
    std::unique_lock lock(mutex_);
    ++asked_[partition];
    const milliseconds delay = delay_;
    const std::optional<int64_t> end = ends_[partition];
    lock.unlock();
    std::this_thread::sleep_for(delay);
    if (!end) return world_error("no broker");
    return runtime::LogBounds{0, *end};
  }
  Result<int32_t> partitions(const std::string&) override { return world_error(""); }
  Result<std::vector<std::string>> topics() override { return world_error(""); }
  Result<void> create_topic(const std::string&, int32_t) override { return world_error(""); }
  Result<int64_t> offset_at(const LogPartition&, eventtime::Timestamp) override {
    return world_error("");
  }
  Result<std::optional<runtime::LogPosition>> committed(const LogPartition&) override {
    return world_error("");
  }
  Result<std::unique_ptr<runtime::LogProducer>> open_producer(const std::string&) override {
    return world_error("");
  }
  Result<std::unique_ptr<runtime::LogAppender>> open_appender() override { return world_error(""); }
  Result<std::unique_ptr<runtime::LogReader>> open_reader() override { return world_error(""); }
  Result<std::unique_ptr<runtime::LogMembership>> join(const std::vector<std::string>&,
                                                       runtime::LogMembership::Changes) override {
    return world_error("");
  }

 private:
  std::mutex mutex_;
  std::map<LogPartition, std::optional<int64_t>> ends_;
  std::map<LogPartition, size_t> asked_;
  milliseconds delay_{0};
};

// Asks often; what it was told is good for as long as a busy machine needs.
LogProbe::Times often() {
  return {.ask_every = milliseconds(1)};
}

TEST(LogProbe, TellsTheEndWhenItWasAsked) {
  Ends ends;
  ends.set(kOne, 7);
  LogProbe probe(ends, often());
  EXPECT_EQ(probe.end(kOne), std::nullopt) << "nobody has asked yet";
  EXPECT_TRUE(eventually([&] { return probe.end(kOne) == 7; }));
  ends.set(kOne, 9);
  EXPECT_TRUE(eventually([&] { return probe.end(kOne) == 9; }));
  EXPECT_EQ(ends.asked(kOther), 0U) << "nobody wants to know";
}

TEST(LogProbe, BrokersThatAreAwayAreNoEnd) {
  Ends ends;
  ends.set(kOne, 7);
  ends.set(kOther, 3);
  LogProbe probe(ends, often());
  EXPECT_TRUE(eventually([&] { return probe.end(kOne) == 7 && probe.end(kOther) == 3; }));
  ends.set(kOne, std::nullopt);
  EXPECT_TRUE(eventually([&] { return !probe.end(kOne); })) << "and not what was known before";
  EXPECT_EQ(probe.end(kOther), 3) << "each partition has its own";
  ends.set(kOne, 7);
  EXPECT_TRUE(eventually([&] { return probe.end(kOne) == 7; }));
}

// It tells of the time when it was asked for.
TEST(LogProbe, AnAnswerThatTookLongIsNone) {
  Ends ends;
  ends.set(kOne, 7);
  ends.set_delay(milliseconds(40));
  LogProbe probe(ends, {.ask_every = milliseconds(1), .good_for = milliseconds(30)});
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(probe.end(kOne), std::nullopt);
    return ends.asked(kOne) > 5;
  }));
}

TEST(LogProbe, AsksNoMoreForWhatNobodyWants) {
  Ends ends;
  ends.set(kOne, 7);
  ends.set(kOther, 3);
  LogProbe probe(ends, {.ask_every = milliseconds(1), .wanted_for = milliseconds(20)});
  EXPECT_TRUE(eventually([&] { return probe.end(kOne) == 7; }));
  // Rounds over the other one go on; in the end there are many without this one.
  size_t one = 0;
  size_t other = 0;
  EXPECT_TRUE(eventually([&] {
    probe.end(kOther);
    if (ends.asked(kOne) != one) {
      one = ends.asked(kOne);
      other = ends.asked(kOther);
    }
    return ends.asked(kOther) > other + 50;
  }));
  EXPECT_TRUE(eventually([&] {
    probe.end(kOne);
    return ends.asked(kOne) > one;
  })) << "until somebody does again";
}

}  // namespace
}  // namespace tocsin::connectors
