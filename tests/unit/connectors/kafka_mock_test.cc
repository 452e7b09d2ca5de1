// What the clients of Kafka make of errors that brokers answer with: by librdkafka's own cluster of
// mocks, without Java. It takes transactions and ignores them, so what is exactly once is not
// tested here but by tests/kafka.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "connectors/kafka/kafka_client.h"
#include "tests/support/running_program.h"

namespace tocsin::connectors {
namespace {

using eventtime::Blame;
using eventtime::Duration;
using eventtime::Result;
using runtime::LogPartition;
using runtime::LogRecord;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

enum Request : int16_t {
  kProduce = 0,
  kFetch = 1,
  kListOffsets = 2,
  kOffsetFetch = 9,
  kJoinGroup = 11,
  kHeartbeat = 12,
  kInitProducerId = 22,
  kAddPartitions = 24,
  kAddOffsets = 25,
  kEndTransaction = 26,
  kTransactionOffsets = 28,
};

class KafkaMock : public testing::Test {
 protected:
  KafkaMock()
      : host_(rd_kafka_new(RD_KAFKA_PRODUCER, nullptr, nullptr, 0)),
        cluster_(rd_kafka_mock_cluster_new(host_, 1)) {
    EXPECT_EQ(rd_kafka_mock_topic_create(cluster_, "topic", 2, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  ~KafkaMock() override {
    client_.reset();
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(host_);
  }

  KafkaClientOptions options() {
    KafkaClientOptions options;
    options.group = "group";
    options.reading =
        options.writing = {{"bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster_)},

                           {"fetch.error.backoff.ms", "10"}};
    options.writing.emplace("retry.backoff.ms", "10");
    options.reading.emplace("session.timeout.ms", "6000");
    options.reading.emplace("heartbeat.interval.ms", "100");
    options.written_topics = {"topic"};
    options.log = [this](int level, std::string_view text) {
      const std::lock_guard lock(mutex_);
      logged_ += std::to_string(level) + " " + std::string(text) + "\n";
    };
    return options;
  }
  runtime::LogClient& client() {
    if (client_ == nullptr) {
      auto opened = open_kafka(options());
      EXPECT_TRUE(opened) << opened.error().message;
      client_ = *std::move(opened);
    }
    return *client_;
  }
  std::unique_ptr<runtime::LogProducer> producer() {
    auto opened = client().open_producer("id");
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::string logged() {
    const std::lock_guard lock(mutex_);
    return logged_;
  }

  // The next requests of the kind are answered so.
  void fail(Request request, const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, request, errors.size(), errors.data());
  }
  void fail(Request request, rd_kafka_resp_err_t error, size_t times = 1) {
    fail(request, std::vector<rd_kafka_resp_err_t>(times, error));
  }

  static Result<void> send(runtime::LogProducer& producer, std::string_view value) {
    LogRecord record;
    record.value = value;
    return producer.send({"topic", 0}, record);
  }
  // Of one record.
  static Result<void> transaction(runtime::LogProducer& producer) {
    const Result<void> sent = send(producer, "value");
    return sent ? producer.commit({"topic", 1}, {7, "note"}) : sent;
  }
  static std::string why(const Result<void>& done) {
    return done ? "nothing" : done.error().message;
  }
  template <class T>
  static std::string why(const Result<T>& done) {
    return done ? "nothing" : done.error().message;
  }

  std::mutex mutex_;
  std::string logged_;
  rd_kafka_t* host_;
  rd_kafka_mock_cluster_t* cluster_;
  std::unique_ptr<runtime::LogClient> client_;
};

TEST_F(KafkaMock, WhatCanBeTriedAgainIsTriedAgain) {
  fail(kInitProducerId, {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
                         RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE});
  const auto producer = this->producer();
  fail(kProduce, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 2);
  Result<void> done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
  fail(kProduce, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, 2);
  fail(kAddPartitions, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, 3);
  done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
  EXPECT_FALSE(producer->is_in_doubt())
      << "records have sequence numbers, and markers of the last transaction are waited for";
}

TEST_F(KafkaMock, ARequestThatIsSentTwiceIsADoubt) {
  auto producer = this->producer();
  fail(kEndTransaction, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
  Result<void> done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
  EXPECT_TRUE(producer->is_in_doubt());

  producer = this->producer();
  EXPECT_FALSE(producer->is_in_doubt());
  fail(kTransactionOffsets, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
  done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
  EXPECT_TRUE(producer->is_in_doubt());

  producer = this->producer();
  fail(kAddOffsets, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE);
  done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
  EXPECT_TRUE(producer->is_in_doubt());
}

TEST_F(KafkaMock, ConnectionsThatAreLostWithinATransactionAreADoubt) {
  const auto producer = this->producer();
  ASSERT_TRUE(transaction(*producer));
  EXPECT_FALSE(producer->is_in_doubt());
  ASSERT_TRUE(send(*producer, "value"));
  rd_kafka_mock_broker_set_down(cluster_, -1);
  EXPECT_TRUE(tests::eventually([&] { return producer->is_in_doubt(); }));
  rd_kafka_mock_broker_set_up(cluster_, -1);
  const Result<void> done = producer->commit({"topic", 1}, {8, ""});
  EXPECT_TRUE(done) << why(done);
  EXPECT_TRUE(producer->is_in_doubt()) << "it stays until there is a new one";
}

struct Refusal {
  Request request;
  rd_kafka_resp_err_t error;
  const char* message;
};

TEST_F(KafkaMock, WhatIsRefusedFailsTheTransaction) {
  const std::vector<Refusal> refusals = {
      {kProduce, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "uthorization"},
      {kProduce, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "too large"},
      {kProduce, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "epoch"},
      {kProduce, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "sequence"},
      {kAddPartitions, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "FENCED"},
      {kAddPartitions, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "uthorization"},
      {kAddOffsets, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "GROUP_AUTHORIZATION_FAILED"},
      {kAddOffsets, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "FENCED"},
      {kTransactionOffsets, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "FENCED"},
      {kTransactionOffsets, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, "AUTHORIZATION"},
      {kTransactionOffsets, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "FENCED"},
      {kEndTransaction, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, "FENCED"},
      {kEndTransaction, RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, "INVALID_TXN_STATE"},
      {kEndTransaction, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "AUTHORIZATION"},
  };
  for (const auto& [request, error, message] : refusals) {
    SCOPED_TRACE(std::to_string(request) + " " + rd_kafka_err2name(error));
    const auto producer = this->producer();
    fail(request, error);
    const Result<void> done = transaction(*producer);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().blame, Blame::kWorld);
    EXPECT_THAT(done.error().message, AllOf(HasSubstr("kafka: "), HasSubstr(message)));
    rd_kafka_mock_clear_request_errors(cluster_, request);
  }
  const auto producer = this->producer();
  const Result<void> done = transaction(*producer);
  EXPECT_TRUE(done) << why(done);
}

TEST_F(KafkaMock, AnIdThatIsRefusedOpensNoProducer) {
  for (const rd_kafka_resp_err_t error : {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
                                          RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT}) {
    fail(kInitProducerId, error);
    const auto opened = client().open_producer("id");
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().blame, Blame::kWorld);
    EXPECT_THAT(opened.error().message,
                AllOf(HasSubstr("transactional id 'id'"), HasSubstr(rd_kafka_err2name(error))));
  }
}

class KafkaMockReader : public KafkaMock {
 protected:
  void SetUp() override {
    const auto producer = this->producer();
    for (const char* value : {"a", "b", "c"}) ASSERT_TRUE(send(*producer, value));
    const Result<void> done = producer->commit({"topic", 1}, {7, "note"});
    ASSERT_TRUE(done) << why(done);
    reader_ = *client().open_reader();
  }
  // Until so many have come, or an error.
  Result<void> read(size_t count) {
    Result<void> done;
    const auto add = [&](const LogPartition& /*from*/, const LogRecord& record) {
      values_.emplace_back(*record.value);
    };
    tests::eventually([&] {
      done = reader_->read(Duration{50'000}, 10, add, [](const LogPartition&) {});
      return !done || values_.size() >= count;
    });
    return done;
  }

  std::unique_ptr<runtime::LogReader> reader_;
  std::vector<std::string> values_;
};

TEST_F(KafkaMockReader, FetchesThatFailAreTriedAgain) {
  fail(kFetch, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE});
  ASSERT_TRUE(reader_->begin({"topic", 0}, 0));
  Result<void> done = read(3);
  EXPECT_TRUE(done) << why(done);
  EXPECT_THAT(values_, ElementsAre("a", "b", "c"));
  // A connection that is lost.
  rd_kafka_mock_broker_set_down(cluster_, -1);
  done = reader_->read(
      Duration{50'000}, 10, [](const LogPartition&, const LogRecord&) {},
      [](const LogPartition&) {});
  EXPECT_TRUE(done) << why(done);
  rd_kafka_mock_broker_set_up(cluster_, -1);
  const auto producer = this->producer();
  ASSERT_TRUE(transaction(*producer));
  done = read(4);
  EXPECT_TRUE(done) << why(done);
  EXPECT_EQ(values_.back(), "value");
}

TEST_F(KafkaMockReader, WhatCannotBeReadOnIsAnErrorOfThePartition) {
  for (const rd_kafka_resp_err_t error :
       {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
        RD_KAFKA_RESP_ERR_UNKNOWN}) {
    SCOPED_TRACE(rd_kafka_err2name(error));
    fail(kFetch, error, 20);
    reader_ = *client().open_reader();
    ASSERT_TRUE(reader_->begin({"topic", 0}, 0));
    const Result<void> done = read(1);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().blame, Blame::kWorld);
    EXPECT_THAT(done.error().message, HasSubstr("reading 'topic-0'"));
    rd_kafka_mock_clear_request_errors(cluster_, kFetch);
  }
  // An offset that the log does not have.
  reader_ = *client().open_reader();
  ASSERT_TRUE(reader_->begin({"topic", 0}, 1000));
  EXPECT_THAT(why(read(1)), HasSubstr("reading 'topic-0'"));
}

TEST_F(KafkaMockReader, QuestionsAreAskedAgainOrFail) {
  for (int i = 0; i < 20; ++i) {
    fail(kListOffsets, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
    const auto bounds = client().bounds({"topic", 0});
    if (!bounds) continue;
    EXPECT_EQ(bounds->first, 0);
    EXPECT_EQ(bounds->end, 3);
  }
  rd_kafka_mock_clear_request_errors(cluster_, kListOffsets);
  const auto bounds = client().bounds({"topic", 0});
  ASSERT_TRUE(bounds) << why(bounds);
  EXPECT_EQ(bounds->first, 0);
  EXPECT_EQ(bounds->end, 3);
  fail(kListOffsets, {RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  const auto at = client().offset_at({"topic", 0}, {1'772'359'200'000'000});
  EXPECT_FALSE(at) << "nobody knows where it is: not the end";
  rd_kafka_mock_clear_request_errors(cluster_, kListOffsets);
  fail(kListOffsets, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, 4);
  EXPECT_THAT(why(client().bounds({"topic", 0})), HasSubstr("the offsets of 'topic-0'"));
  rd_kafka_mock_clear_request_errors(cluster_, kListOffsets);

  fail(kOffsetFetch, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS);
  const auto committed = client().committed({"topic", 1});
  EXPECT_TRUE(committed) << why(committed);
  fail(kOffsetFetch, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  EXPECT_THAT(why(client().committed({"topic", 1})), HasSubstr("the position of group 'group'"));

  EXPECT_EQ(*client().partitions("topic"), 2);
  rd_kafka_mock_topic_set_error(cluster_, "topic", RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  EXPECT_THAT(why(client().partitions("topic")), HasSubstr("topic 'topic'"));
  rd_kafka_mock_topic_set_error(cluster_, "topic", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_EQ(*client().partitions("topic"), 0);
}

class KafkaMockMember : public KafkaMock {
 protected:
  std::unique_ptr<runtime::LogMembership> join() {
    runtime::LogMembership::Changes changes;
    changes.assigned = [this](const std::vector<LogPartition>& all) {
      if (!all.empty()) ++assigned_;
    };
    changes.revoked = [this](bool lost) { lost_ += lost ? 1 : 0; };
    auto joined = client().join({"topic"}, changes);
    EXPECT_TRUE(joined) << why(joined);
    return *std::move(joined);
  }
  int assigned_ = 0;
  int lost_ = 0;
};

TEST_F(KafkaMockMember, JoinsAgainAfterWhatPasses) {
  fail(kJoinGroup, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
  const auto member = join();
  const auto is_there = [&](int count) {
    return tests::eventually([&] {
      const Result<void> polled = member->poll();
      EXPECT_TRUE(polled) << why(polled);
      return !polled || assigned_ >= count;
    });
  };
  ASSERT_TRUE(is_there(1));
  fail(kHeartbeat, RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  ASSERT_TRUE(is_there(2));
  EXPECT_EQ(lost_, 1);
}

TEST_F(KafkaMockMember, AnotherMemberWithItsIdEndsIt) {
  auto own = options();
  own.instance = "one";
  client_ = *open_kafka(std::move(own));
  const auto member = join();
  ASSERT_TRUE(tests::eventually([&] {
    EXPECT_TRUE(member->poll());
    return assigned_ == 1;
  }));
  fail(kHeartbeat, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
  Result<void> polled;
  ASSERT_TRUE(tests::eventually([&] {
    polled = member->poll();
    return !polled;
  }));
  EXPECT_THAT(polled.error().message, HasSubstr("this member of the group"));
}

TEST_F(KafkaMockMember, AGroupThatIsForbiddenIsTold) {
  fail(kJoinGroup, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, 100);
  const auto member = join();
  EXPECT_TRUE(tests::eventually([&] {
    EXPECT_TRUE(member->poll());
    return logged().find("GROUP_AUTHORIZATION_FAILED") != std::string::npos ||
           logged().find("uthorization") != std::string::npos;
  })) << logged();
  rd_kafka_mock_clear_request_errors(cluster_, kJoinGroup);
  EXPECT_TRUE(tests::eventually([&] {
    EXPECT_TRUE(member->poll());
    return assigned_ == 1;
  }));
}

}  // namespace
}  // namespace tocsin::connectors
