// Kafka among other sources and sinks, in one process that keeps its own positions: partitions of a
// topic and a file that grows are matched together, alerts go to a topic and to a file. Killed
// again and again, both hold every alert once, and they are those of a run over files.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "eventtime/timestamp.h"
#include "tests/kafka/kafka_broker.h"
#include "tests/kafka/kafka_rig.h"
#include "tests/model/random.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::kafka_tests {
namespace {

using ::testing::HasSubstr;
using tests::RunningProgram;

constexpr int32_t kPartitions = 3;
constexpr size_t kMixedKills = 15;
// Grouped by what the topic is not partitioned by, over both sources.
constexpr const char* kMixedPatterns = R"(
event Payment { card: string, shop: string, amount: int, at: timestamp } time at
event Alarm { shop: string, at: timestamp } time at
pattern after_alarm {
  on Alarm, Payment
  by shop
  match a: Alarm then p: Payment[amount > 60]
  within 20s
}
pattern pair {
  on Payment
  by shop
  match a: Payment[amount < 10] then b: Payment[amount > 90]
  within 10s
}
)";

class Mixed : public testing::Test {
 protected:
  void SetUp() override {
    directory_.write("patterns.tocsin", kMixedPatterns);
    directory_.write("alarms.jsonl", "");
    topic_ = broker_->make_topic("mixed-payments", kPartitions);
    alerts_ = broker_->make_topic("mixed-alerts", 2);
    writer_ = std::make_unique<TopicWriter>(
        *broker_, topic_, kPartitions,
        [](const std::string& record) { return std::pair(std::optional<std::string>(), record); });
  }

  // `more` stands at the end of the file.
  void write_pipeline(const std::string& delivery, const std::string& idle_after = "\"never\"",
                      const std::string& more = "") {
    directory_.write("pipeline.toml", fmt::format(R"(
name = "{0}"
[patterns]
files = ["patterns.tocsin"]
[[source]]
name = "payments"
type = "kafka"
topics = ["{0}"]
event = "Payment"
out_of_order = "2s"
idle_after = {1}
librdkafka = {{ "bootstrap.servers" = "{2}" }}
[[source]]
name = "alarms"
type = "file"
paths = ["alarms.jsonl"]
follow = true
event = "Alarm"
out_of_order = "2s"
idle_after = {1}
[[sink]]
name = "alerts"
type = "kafka"
topic = "{3}"
delivery = "{4}"
commit_every = "50ms"
librdkafka = {{ "bootstrap.servers" = "{2}" }}
[[sink]]
name = "copy"
type = "file"
path = "alerts.jsonl"
[outputs]
dead_letter = "alerts"
[state]
dir = "state"
checkpoint_every = "{5}"
{6})",
                                                  topic_, idle_after, broker_->address(), alerts_,
                                                  delivery, checkpoint_every_, more));
  }
  // Another sink like the first one, of a topic of its own.
  std::string sink_to(const std::string& topic) const {
    return fmt::format(R"(
[[sink]]
name = "{0}"
type = "kafka"
topic = "{0}"
commit_every = "50ms"
librdkafka = {{ "bootstrap.servers" = "{1}" }}
)",
                       topic, broker_->address());
  }
  Lines arguments() const { return {"run", "--config", directory_.path("pipeline.toml")}; }

  void send(int32_t number, const Lines& records) { writer_->send(number, records); }
  void send_alarm(int64_t time, uint64_t shop) const {
    std::ofstream(directory_.path("alarms.jsonl"), std::ios::app)
        << fmt::format(R"({{"shop":"s{}","at":"{}"}})", shop, at(time)) << '\n';
  }
  static std::string at(int64_t time) { return eventtime::to_string(eventtime::Timestamp{time}); }
  static std::string payment(int64_t time, uint64_t shop, uint64_t amount) {
    return fmt::format(R"({{"card":"c{}","shop":"s{}","amount":{},"at":"{}"}})", amount * 7 % 50,
                       shop, amount, at(time));
  }
  void send(size_t count) {
    std::vector<Lines> records(kPartitions);
    for (size_t i = 0; i < count; ++i) {
      time_ += random_.between(-400'000, 600'000);
      records[random_.below(kPartitions)].push_back(
          payment(time_, random_.below(40), random_.below(100)));
      if (random_.percent(3)) send_alarm(time_, random_.below(40));
    }
    for (int32_t number = 0; number < kPartitions; ++number) {
      send(number, records[static_cast<size_t>(number)]);
    }
  }
  // Far events settle all before them.
  void settle() {
    time_ += 3'600'000'000;
    for (int32_t number = 0; number < kPartitions; ++number) {
      send(number, {payment(time_, 1000, 50)});
    }
    send_alarm(time_, 1001);
  }

  Lines wanted() const {
    Lines run = {"run", "-p", directory_.path("patterns.tocsin"), "--out-of-order", "2s"};
    for (size_t number = 0; number < kPartitions; ++number) {
      const std::string path = directory_.path(fmt::format("sent-{}.jsonl", number));
      std::ofstream out(path);
      for (const std::string& record : writer_->sent()[number]) out << record << '\n';
      run.insert(run.end(), {"-i", "Payment=" + path});
    }
    run.insert(run.end(), {"-i", "Alarm=" + directory_.path("alarms.jsonl")});
    const auto result = tests::run_tocsin(run);
    EXPECT_EQ(result.status, 0) << result.err;
    Lines lines;
    for (const std::string& line : lines_of(result.out)) lines.push_back(without_id(line));
    return lines;
  }
  Lines in_file() const {
    Lines lines;
    if (!std::filesystem::exists(directory_.path("alerts.jsonl"))) return lines;
    for (const std::string& line : lines_of(tests::read_file(directory_.path("alerts.jsonl")))) {
      lines.push_back(without_id(line));
    }
    return lines;
  }
  // By sequence number, each once.
  using Numbered = std::map<uint64_t, std::string>;
  Numbered numbered_in(const std::string& topic) const {
    Numbered all;
    for (const Seen& seen : broker_->read_all(topic)) {
      if (seen.headers.at(1).first != "tocsin-sequence") continue;
      EXPECT_EQ(seen.headers.at(0).second, topic_);
      EXPECT_THAT(seen.value, HasSubstr("\"shop\":\"" + seen.key + "\""));
      EXPECT_TRUE(
          all.emplace(std::stoull(seen.headers.at(1).second), without_id(seen.value)).second)
          << seen.value << " came twice";
    }
    return all;
  }
  // When all is there: before that, one partition may be ahead of the other.
  Lines in_topic() const { return in_topic(alerts_); }
  Lines in_topic(const std::string& topic) const {
    Lines lines;
    for (const auto& [sequence, line] : numbered_in(topic)) {
      EXPECT_EQ(sequence, lines.size());
      lines.push_back(line);
    }
    return lines;
  }
  void wait_for(const Lines& wanted, const RunningProgram& program) const {
    EXPECT_TRUE(tests::eventually([&] { return numbered_in(alerts_).size() >= wanted.size(); }))
        << program.err();
  }
  // Runs until there are alerts in the topic, and is killed.
  void run_until_killed(const std::string& topic) const {
    RunningProgram program(arguments());
    EXPECT_TRUE(tests::eventually([&] { return !numbered_in(topic).empty(); })) << program.err();
    program.signal(SIGKILL);
    program.wait();
  }
  static void end(RunningProgram& program) {
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0) << program.err();
  }
  // Runs until all alerts are in the topic, each once.
  void run_to_the_end(const Lines& all) const {
    RunningProgram program(arguments());
    wait_for(all, program);
    end(program);
    EXPECT_EQ(in_topic(), all);
  }

  KafkaBroker* broker_ = &KafkaBroker::shared();
  std::string topic_;
  std::string alerts_;
  std::string checkpoint_every_ = "300ms";
  std::unique_ptr<TopicWriter> writer_;
  tests::TemporaryDirectory directory_;
  model::Random random_{11};
  int64_t time_ = 1'700'000'000'000'000;
};

TEST_F(Mixed, KillsLoseNothingAndDoubleNothing) {
  write_pipeline("exactly_once");
  send(500);
  for (size_t i = 0; i < kMixedKills; ++i) {
    RunningProgram program(arguments());
    sleep_ms(random_.below(1200));
    send(60);
    sleep_ms(random_.below(600));
    program.signal(SIGKILL);
    program.wait();
  }
  settle();
  const Lines all = wanted();
  ASSERT_GT(all.size(), 20U);
  run_to_the_end(all);
  EXPECT_EQ(in_file(), all);
}

// Otherwise the next run would know nothing of the alerts that are there.
TEST_F(Mixed, TheFirstCheckpointComesBeforeTheFirstAlert) {
  checkpoint_every_ = "1h";
  write_pipeline("exactly_once");
  send(500);
  run_until_killed(alerts_);
  send(60);
  settle();
  const Lines all = wanted();
  run_to_the_end(all);
  EXPECT_EQ(in_file(), all);
}

TEST_F(Mixed, ASinkThatIsAddedLaterHasItsFirstCheckpoint) {
  checkpoint_every_ = "1h";
  write_pipeline("exactly_once");
  send(500);
  {
    RunningProgram program(arguments());
    EXPECT_TRUE(tests::eventually([&] { return !numbered_in(alerts_).empty(); })) << program.err();
    end(program);
  }
  const auto before = static_cast<std::ptrdiff_t>(in_topic().size());
  const std::string added = broker_->make_topic("mixed-added", 2);
  write_pipeline("exactly_once", "\"never\"", sink_to(added));
  send(500);
  run_until_killed(added);
  settle();
  const Lines all = wanted();
  run_to_the_end(all);
  EXPECT_EQ(in_topic(added), Lines(all.begin() + before, all.end()));
}

TEST_F(Mixed, AtLeastOnceHasNoTransactions) {
  write_pipeline("at_least_once", "\"never\"", "[metrics]\nlisten = \"127.0.0.1:0\"\n");
  std::string text = tests::read_file(directory_.path("pipeline.toml"));
  const std::string transactions = "commit_every = \"50ms\"\n";
  text.erase(text.find(transactions), transactions.size());
  directory_.write("pipeline.toml", text);
  send(800);
  send(1, {"no event"});
  settle();
  const Lines all = wanted();
  RunningProgram program(arguments());
  wait_for(all, program);
  std::string metrics;
  EXPECT_TRUE(tests::eventually([&] {
    metrics = metrics_of(program);
    return metrics.find("tocsin_kafka_client_age{client=\"appender\"") != std::string::npos &&
           metrics.find("tocsin_kafka_client_age{client=\"reader\"") != std::string::npos;
  })) << metrics;
  EXPECT_THAT(metrics, HasSubstr("tocsin_source_lag_records{source=\"payments\""));
  end(program);
  EXPECT_EQ(in_topic(), all);
  size_t refused = 0;
  for (const Seen& seen : broker_->read_all(alerts_)) {
    refused +=
        seen.headers.at(1) == std::pair<std::string, std::string>("tocsin-kind", "dead_letter") ? 1
                                                                                                : 0;
  }
  EXPECT_EQ(refused, 1U);
}

TEST_F(Mixed, ABrokerThatIsAwayIsNoQuietSource) {
  KafkaBroker broker;  // one that others do not use
  broker_ = &broker;
  SetUp();
  write_pipeline("exactly_once", "\"2s\"");
  send(300);
  RunningProgram program(arguments());
  EXPECT_TRUE(tests::eventually([&] { return !in_file().empty(); })) << program.err();
  broker.kill();
  sleep_ms(6000);  // ticks would be made now, and what comes next would be late
  broker.start();
  send(300);
  settle();
  const Lines all = wanted();
  wait_for(all, program);
  end(program);
  EXPECT_EQ(in_topic(), all);
  EXPECT_EQ(in_file(), all);
  EXPECT_THAT(program.err(), HasSubstr("; 0 late,"));
}

}  // namespace
}  // namespace tocsin::kafka_tests
