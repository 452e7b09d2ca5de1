#include "connectors/kafka/log_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patterns/front_end.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_log.h"

namespace tocsin::connectors {
namespace {

using eventtime::Batch;
using runtime::LogPartition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kLogEvents = R"(
event Payment { card: string, at: timestamp(s) } time at
pattern p { on Payment by card match a: Payment then b: Payment within 1m }
)";

class LogSourceTest : public testing::Test {
 protected:
  LogSourceTest() { log_.add_topic("payments", 2); }

  LogSource source(int32_t number, SharedLogReader& reader, int64_t first = 0) {
    const LogPartition partition{"payments", number};
    return LogSource("in", partition, first, LogRecords(partition, set_.catalog, {}, {}), reader,
                     nullptr);
  }
  void send(int32_t number, int64_t at) {
    log_.append({"payments", number}, "k", R"({"card":"a","at":)" + std::to_string(at) + "}");
  }
  // The offsets of the records that come.
  std::vector<uint64_t> read(LogSource& source, size_t most = 100) {
    Batch batch(set_.catalog);
    const auto read = source.read(batch, most);
    EXPECT_TRUE(read) << read.error().message;
    EXPECT_TRUE(!read || *read) << "it never ends";
    std::vector<uint64_t> offsets;
    for (const eventtime::Row& row : batch.rows) offsets.push_back(row.record);
    for (const eventtime::Reject& reject : batch.rejects) offsets.push_back(reject.record);
    return offsets;
  }
  std::vector<uint64_t> read_all(LogSource& source) {
    std::vector<uint64_t> all;
    for (int i = 0; i < 2000 && (i < 50 || !source.has_nothing()); ++i) {
      for (const uint64_t offset : read(source, 7)) all.push_back(offset);
      clock_.go_on({1'000'000});
    }
    return all;
  }

  patterns::PatternSet set_ = *patterns::load({{"p.tocsin", kLogEvents}}).patterns;
  tests::SimulatedLog log_{1};
  std::unique_ptr<runtime::LogClient> client_ = log_.client();
  tests::ManualClock clock_;
  std::vector<std::string> warnings_;
  SharedLogReader reader_{*client_, clock_,
                          [this](std::string_view text) { warnings_.emplace_back(text); }};
};

TEST_F(LogSourceTest, EachSourceHasItsOwnPartition) {
  LogSource zero = source(0, reader_);
  LogSource one = source(1, reader_);
  EXPECT_EQ(zero.name(), "payments-0");
  EXPECT_FALSE(zero.has_nothing()) << "nobody has looked yet";
  EXPECT_THAT(read(zero), ElementsAre());
  EXPECT_TRUE(zero.has_nothing());
  for (int64_t i = 0; i < 3; ++i) send(0, i);
  log_.add_gap({"payments", 0});
  log_.append({"payments", 0}, {}, "no event");
  for (int64_t i = 0; i < 5; ++i) send(1, i);
  EXPECT_THAT(read_all(zero), ElementsAre(0, 1, 2, 4));
  EXPECT_EQ(zero.position().records, 4U);
  EXPECT_EQ(zero.position().bytes, 5U) << "the next offset";
  EXPECT_TRUE(zero.has_nothing());
  // They came with those of the other.
  EXPECT_FALSE(one.has_nothing());
  std::vector<uint64_t> some = read(one, 2);
  EXPECT_LE(some.size(), 2U) << "no more than asked for";
  for (const uint64_t offset : read_all(one)) some.push_back(offset);
  EXPECT_THAT(some, ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(LogSourceTest, GoesOnWhereAPositionSays) {
  for (int64_t i = 0; i < 6; ++i) send(0, i);
  runtime::SourcePosition position;
  {
    LogSource first = source(0, reader_);
    EXPECT_EQ(read(first, 4).size(), 4U);
    position = first.position();
  }
  SharedLogReader reader(*client_, clock_, [](std::string_view) {});
  LogSource second = source(0, reader);
  ASSERT_TRUE(second.resume(position));
  EXPECT_THAT(read_all(second), ElementsAre(4, 5));
  EXPECT_EQ(second.position().records, 6U);
  LogSource other = source(1, reader);
  const auto resumed = other.resume(position);
  ASSERT_FALSE(resumed);
  EXPECT_THAT(resumed.error().message, HasSubstr("another input in place of 'in/payments-1'"));
}

TEST_F(LogSourceTest, APositionThatIsNotInTheLogIsRefused) {
  for (int64_t i = 0; i < 6; ++i) send(0, i);
  log_.cut_off({"payments", 0}, 3);
  Batch batch(set_.catalog);
  LogSource deleted = source(0, reader_, 2);
  auto read = deleted.read(batch, 10);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message,
              HasSubstr("begins with offset 3, and offset 2 should come next"));
  EXPECT_NE(read.error().blame, eventtime::Blame::kWorld);
  SharedLogReader reader(*client_, clock_, [](std::string_view) {});
  LogSource another = source(0, reader, 9);
  read = another.read(batch, 10);
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, HasSubstr("ends before offset 6, and offset 9"));
}

TEST_F(LogSourceTest, FailuresAreTriedAgainAndNothingIsLost) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    log_ = tests::SimulatedLog(seed);
    log_.add_topic("payments", 2);
    log_.set_fault_rate(30);
    for (int64_t i = 0; i < 40; ++i) send(static_cast<int32_t>(i % 2), i);
    SharedLogReader reader(*client_, clock_,
                           [this](std::string_view text) { warnings_.emplace_back(text); });
    LogSource zero = source(0, reader);
    LogSource one = source(1, reader);
    std::vector<uint64_t> wanted;
    for (uint64_t i = 0; i < 20; ++i) wanted.push_back(i);
    EXPECT_EQ(read_all(zero), wanted);
    EXPECT_EQ(read_all(one), wanted);
  }
  EXPECT_GT(warnings_.size(), 100U);
}

TEST_F(LogSourceTest, WhatOthersHaveIsKeptUpToALimit) {
  constexpr size_t kMany = SharedLogReader::kMaxKept * 2;
  LogSource zero = source(0, reader_);
  LogSource one = source(1, reader_);
  read(one);
  send(0, 1);
  for (size_t i = 0; i < kMany; ++i) send(1, 1);
  // All that the partition has would come with these otherwise.
  for (int i = 0; i < 1000; ++i) read(zero, 1000);
  size_t read_at_once = 0;
  log_.set_fault_rate(100);  // nothing new comes
  while (const size_t count = read(one, 1000).size()) read_at_once += count;
  EXPECT_GT(read_at_once, SharedLogReader::kMaxKept);
  EXPECT_LT(read_at_once, SharedLogReader::kMaxKept + 2000);
  log_.set_fault_rate(0);
  for (size_t i = 0; i < 1000 && read_at_once < kMany; ++i) {
    read_at_once += read(one, 1000).size();
    clock_.go_on({10'000'000});
  }
  EXPECT_EQ(read_at_once, kMany);
}

TEST_F(LogSourceTest, ReadingBeginsAsTheStartSays) {
  using At = KafkaStart::At;
  for (int64_t i = 0; i < 6; ++i) {
    log_.append({"payments", 0}, {}, "x", {i * 1'000'000});
  }
  log_.cut_off({"payments", 0}, 2);
  const LogPartition partition{"payments", 0};
  EXPECT_EQ(*first_offset(*client_, partition, {At::kEarliest, {}}), 2);
  EXPECT_EQ(*first_offset(*client_, partition, {At::kLatest, {}}), 6);
  EXPECT_EQ(*first_offset(*client_, partition, {At::kTime, {4'000'000}}), 4);
}

}  // namespace
}  // namespace tocsin::connectors
