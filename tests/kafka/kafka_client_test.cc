// What the door of logs promises, kept by librdkafka and a real broker.
#include "connectors/kafka/kafka_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/kafka_broker.h"
#include "tests/support/running_program.h"

namespace tocsin::kafka_tests {
namespace {

using connectors::KafkaSettings;
using eventtime::Duration;
using runtime::LogPartition;
using runtime::LogRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class KafkaClient : public testing::Test {
 protected:
  KafkaBroker& broker_ = KafkaBroker::shared();

  static LogRecord record(std::string_view value) {
    LogRecord made;
    made.value = value;
    return made;
  }
  std::vector<std::string> values(const std::string& topic) const {
    std::vector<std::string> all;
    for (const Seen& seen : broker_.read_all(topic)) all.push_back(seen.value);
    return all;
  }
};

TEST_F(KafkaClient, RecordsAndPositionAreCommittedTogether) {
  const std::string topic = broker_.make_topic("together", 2);
  const auto client = broker_.client("together");
  EXPECT_EQ(*client->partitions(topic), 2);
  EXPECT_EQ(*client->partitions("no-such-topic"), 0);
  EXPECT_FALSE(*client->committed({topic, 1}));
  auto producer = *client->open_producer("together-1");
  LogRecord first = record("one");
  first.key = "k";
  const std::vector<runtime::LogHeader> headers = {{"name", "value"}};
  first.headers = headers;
  ASSERT_TRUE(producer->send({topic, 1}, first));
  ASSERT_TRUE(producer->send({topic, 0}, record("two")));
  EXPECT_THAT(values(topic), IsEmpty());
  EXPECT_FALSE(*client->committed({topic, 0})) << "another partition";
  const std::string note(3000, 'n');
  const auto committed = producer->commit({topic, 1}, {7, note});
  ASSERT_TRUE(committed) << committed.error().message;
  EXPECT_EQ(*client->committed({topic, 1}), (runtime::LogPosition{7, note}));
  const auto seen = broker_.read_all(topic);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[1].key, "k");
  EXPECT_EQ(seen[1].value, "one");
  ASSERT_EQ(seen[1].headers.size(), 1U);
  EXPECT_EQ(seen[1].headers[0], std::pair(std::string("name"), std::string("value")));
  // Markers took offsets, too.
  EXPECT_EQ(client->bounds({topic, 1})->end, 2);
  EXPECT_FALSE(producer->is_in_doubt());
}

TEST_F(KafkaClient, ANewProducerFencesTheFormerOne) {
  const std::string topic = broker_.make_topic("fence", 1);
  const auto client = broker_.client("fence");
  auto former = *client->open_producer("fence-1");
  ASSERT_TRUE(former->send({topic, 0}, record("lost")));
  ASSERT_TRUE(former->commit({topic, 0}, {1, "a"}));
  ASSERT_TRUE(former->send({topic, 0}, record("never")));
  auto next = *client->open_producer("fence-1");
  const auto late = former->commit({topic, 0}, {2, "b"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().blame, eventtime::Blame::kWorld);
  EXPECT_EQ(client->committed({topic, 0})->value().offset, 1);
  ASSERT_TRUE(next->send({topic, 0}, record("next")));
  ASSERT_TRUE(next->commit({topic, 0}, {3, "c"}));
  EXPECT_THAT(values(topic), ElementsAre("lost", "next"));
}

TEST_F(KafkaClient, PartitionsAreReadFromWhereTheyAreBegun) {
  const std::string topic = broker_.make_topic("begun", 1);
  const auto client = broker_.client("begun");
  auto producer = *client->open_producer("begun-1");
  for (const char* value : {"a", "b", "c"}) {
    ASSERT_TRUE(producer->send({topic, 0}, record(value)));
  }
  ASSERT_TRUE(producer->commit({topic, 0}, {0, ""}));
  auto reader = *client->open_reader();
  std::vector<std::string> read;
  bool ended = false;
  const auto read_from = [&](int64_t offset) {
    read.clear();
    ended = false;
    ASSERT_TRUE(reader->begin({topic, 0}, offset));
    const auto add = [&](const LogPartition&, const LogRecord& one) {
      read.emplace_back(*one.value);
    };
    EXPECT_TRUE(tests::eventually([&] {
      const auto done =
          reader->read(Duration{100'000}, 2, add, [&](const LogPartition&) { ended = true; });
      EXPECT_TRUE(done) << done.error().message;
      return ended;
    }));
    reader->end({topic, 0});
  };
  read_from(1);
  EXPECT_THAT(read, ElementsAre("b", "c"));
  read_from(0);
  EXPECT_THAT(read, ElementsAre("a", "b", "c"));
  // Behind all there is, where the log has never been.
  ASSERT_TRUE(reader->begin({topic, 0}, 100));
  const auto ignore = [](const LogPartition&, const LogRecord&) {};
  std::string error;
  EXPECT_TRUE(tests::eventually([&] {
    const auto done = reader->read(Duration{100'000}, 10, ignore, [](const LogPartition&) {});
    if (!done) error = done.error().message;
    return !done;
  }));
  EXPECT_THAT(error, HasSubstr("begun"));
}

TEST_F(KafkaClient, TheGroupSharesPartitionsOut) {
  const std::string topic = broker_.make_topic("group", 4);
  const auto client = broker_.client("group");
  struct Member {
    std::vector<LogPartition> own;
    std::unique_ptr<runtime::LogMembership> membership;
  };
  const auto join = [&](Member& member) {
    runtime::LogMembership::Changes changes;
    changes.assigned = [&](const std::vector<LogPartition>& all) { member.own = all; };
    changes.revoked = [&](bool) { member.own.clear(); };
    member.membership = *client->join({topic}, changes);
  };
  Member one;
  join(one);
  EXPECT_TRUE(tests::eventually([&] { return one.membership->poll() && one.own.size() == 4; }));
  Member two;
  join(two);
  EXPECT_TRUE(tests::eventually([&] {
    EXPECT_TRUE(one.membership->poll());
    EXPECT_TRUE(two.membership->poll());
    return one.own.size() == 2 && two.own.size() == 2;
  }));
  EXPECT_NE(one.own, two.own);
  // Positions can be committed without a word to the group.
  auto producer = *client->open_producer("group-x");
  ASSERT_TRUE(producer->commit({topic, 3}, {5, "x"}));
  two.membership.reset();
  EXPECT_TRUE(tests::eventually([&] { return one.membership->poll() && one.own.size() == 4; }));
}

TEST_F(KafkaClient, ARecordThatIsTooLargeIsNoFaultOfTheWorld) {
  const std::string topic = broker_.make_topic("large", 1);
  const auto client = broker_.client("large");
  const std::string large(2'000'000, 'x');
  auto producer = *client->open_producer("large-1");
  const auto sent = producer->send({topic, 0}, record(large));
  ASSERT_FALSE(sent);
  EXPECT_THAT(sent.error().message, HasSubstr("2000000 bytes is larger than message.max.bytes"));
  EXPECT_EQ(sent.error().blame, eventtime::Blame::kInput);
}

TEST_F(KafkaClient, TimesHaveOffsets) {
  const std::string topic = broker_.make_topic("times", 1);
  const auto client = broker_.client("times");
  EXPECT_EQ(*client->offset_at({topic, 0}, {0}), 0);
  auto producer = *client->open_producer("times-1");
  ASSERT_TRUE(producer->send({topic, 0}, record("a")));
  ASSERT_TRUE(producer->commit({topic, 0}, {0, ""}));
  EXPECT_EQ(*client->offset_at({topic, 0}, {1'000'000}), 0);
  // The end is that of what is committed, which readers learn a little later.
  const LogPartition partition{topic, 0};
  EXPECT_TRUE(tests::eventually(
      [&] { return *client->offset_at(partition, {4'000'000'000'000'000}) == 2; }));
}

TEST(KafkaSettingsCheck, SaysWhatIsWrong) {
  const auto refused = [](const KafkaSettings& settings) {
    const auto checked = connectors::check_kafka_settings(settings);
    return checked ? std::string() : checked.error().message;
  };
  EXPECT_EQ(refused({{"bootstrap.servers", "localhost:1"}}), "");
  EXPECT_THAT(refused({}), HasSubstr("'bootstrap.servers' is missing"));
  EXPECT_THAT(refused({{"bootstrap.server", "localhost:1"}}),
              HasSubstr("no setting 'bootstrap.server'"));
  EXPECT_THAT(refused({{"bootstrap.servers", "x"}, {"isolation.level", "read_uncommitted"}}),
              HasSubstr("'isolation.level' is Tocsin's own"));
  EXPECT_THAT(refused({{"bootstrap.servers", "x"}, {"security.protocol", "nonsense"}}),
              HasSubstr("security.protocol"));
}

TEST(KafkaNoBroker, IsToldWithItsAddress) {
  connectors::KafkaClientOptions options;
  options.group = "g";
  options.reading = options.writing = {{"bootstrap.servers", "127.0.0.1:1"}};
  const auto client = connectors::open_kafka(options);
  ASSERT_FALSE(client);
  EXPECT_THAT(client.error().message, HasSubstr("no answer from '127.0.0.1:1'"));
}

}  // namespace
}  // namespace tocsin::kafka_tests
