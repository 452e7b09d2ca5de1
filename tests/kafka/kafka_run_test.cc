// The program between two topics of a real broker, killed, stopped and cut off again and again: a
// reader of committed records sees every alert once, in order, and they are those of a run over
// files with the same records. TOCSIN_KAFKA_KILLS widens it.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "eventtime/timestamp.h"
#include "tests/kafka/kafka_broker.h"
#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::kafka_tests {
namespace {

using model::Random;
using runtime::LogPartition;
using ::testing::HasSubstr;
using tests::RunningProgram;

constexpr int32_t kPartitions = 4;
constexpr size_t kKills = 40;
constexpr const char* kPatterns = R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern pair {
  on Payment
  by card
  match a: Payment[amount < 5] then b: Payment[amount > 90]
  within 20s
}
pattern silent {
  on Payment
  by card
  match a: Payment[amount == 1] then not b: Payment for 30s
}
)";

using Lines = std::vector<std::string>;

// Alerts without their id: it depends on the names of inputs and on offsets.
std::string without_id(const std::string& alert) {
  return alert.substr(alert.find(",\"pattern\""));
}

// A topic with payments and one for alerts, a pipeline between them, and what is to come out.
class Rig {
 public:
  Rig(KafkaBroker& broker, const std::string& name, int32_t alert_partitions = kPartitions)
      : broker_(broker),
        source_(broker.make_topic(name + "-payments", kPartitions)),
        alerts_(broker.make_topic(name + "-alerts", alert_partitions)),
        client_(broker.client("producers")),
        random_(7),
        sent_(kPartitions) {
    name_ = source_;
    set_patterns(kPatterns);
    write_pipeline("\"never\"");
  }

  // Values are rows of CSV from now on.
  void write_csv() { is_csv_ = true; }
  void set_patterns(const std::string& text) { directory_.write("patterns.tocsin", text); }
  void write_pipeline(const std::string& idle_after, const std::string& more = "") {
    directory_.write("pipeline.toml", fmt::format(R"(
name = "{0}"
[patterns]
files = ["patterns.tocsin"]
[[source]]
name = "payments"
type = "kafka"
topics = ["{1}"]
event = "Payment"
out_of_order = "2s"
idle_after = {2}
{6}
librdkafka = {{ "bootstrap.servers" = "{3}", "session.timeout.ms" = "6000" }}
[[sink]]
name = "alerts"
type = "kafka"
topic = "{4}"
commit_every = "50ms"
librdkafka = {{ "bootstrap.servers" = "{3}" }}
[outputs]
dead_letter = "dead.jsonl"
[state]
dir = "state"
checkpoint_every = "500ms"
[engine]
threads = 2
{5})",
                                                  name_, source_, idle_after, broker_.address(),
                                                  alerts_, more, is_csv_ ? kCsv : ""));
  }
  Lines arguments() const { return {"run", "--config", directory_.path("pipeline.toml")}; }

  void send(size_t count) {
    std::vector<Lines> records(kPartitions);
    for (size_t i = 0; i < count; ++i) {
      time_ += random_.between(-400'000, 600'000);
      const auto card = random_.below(200);
      const std::string text =
          fmt::format(R"({{"card":"c{}","amount":{},"at":"{}"}})", card, random_.below(100),
                      eventtime::to_string(eventtime::Timestamp{time_}));
      records[card % kPartitions].push_back(text);
    }
    for (int32_t number = 0; number < kPartitions; ++number) send(number, records[number]);
  }
  // An event of a far time to each partition settles all before it.
  void settle() {
    time_ += 3'600'000'000;
    for (int32_t number = 0; number < kPartitions; ++number) {
      send(number, {fmt::format(R"({{"card":"settle{}","amount":50,"at":"{}"}})", number,
                                eventtime::to_string(eventtime::Timestamp{time_}))});
    }
  }
  void send(int32_t number, const Lines& records) {
    if (records.empty()) return;
    if (producer_ == nullptr) producer_ = *client_->open_producer("producer-" + source_);
    for (const std::string& text : records) {
      sent_[static_cast<size_t>(number)].push_back(text);
      const std::string key = text.substr(9, text.find('"', 9) - 9);
      runtime::LogRecord record;
      record.key = key;
      const std::string row = row_of(text);
      record.value = is_csv_ ? row : text;
      ASSERT_TRUE(producer_->send({source_, number}, record));
    }
    const auto done = producer_->commit({source_, number}, {0, ""});
    ASSERT_TRUE(done) << done.error().message;
  }

  // By partition.
  std::vector<Lines> wanted() const {
    std::vector<Lines> all;
    for (const Lines& records : sent_) {
      const std::string path = directory_.path("records.jsonl");
      std::ofstream out(path);
      for (const std::string& record : records) out << record << '\n';
      out.close();
      const auto run = tests::run_tocsin(
          {"run", "-p", directory_.path("patterns.tocsin"), "-i", path, "--out-of-order", "2s"});
      EXPECT_EQ(run.status, 0) << run.err;
      Lines& lines = all.emplace_back();
      for (size_t begin = 0; begin < run.out.size();) {
        const size_t end = run.out.find('\n', begin);
        lines.push_back(without_id(run.out.substr(begin, end - begin)));
        begin = end + 1;
      }
    }
    return all;
  }
  std::vector<Lines> got() const {
    std::vector<Lines> all(kPartitions);
    std::vector<size_t> next(kPartitions);
    for (const Seen& seen : broker_.read_all(alerts_)) {
      const std::string& from = seen.headers.at(0).second;
      const auto number = static_cast<size_t>(from.back() - '0');
      EXPECT_EQ(seen.headers.at(1).second, std::to_string(next[number]++)) << seen.value;
      EXPECT_THAT(seen.value, HasSubstr("\"card\":\"" + seen.key + "\""));
      all[number].push_back(without_id(seen.value));
    }
    return all;
  }
  static size_t count(const std::vector<Lines>& all) {
    size_t count = 0;
    for (const Lines& lines : all) count += lines.size();
    return count;
  }
  bool has_all(const std::vector<Lines>& wanted) const { return count(got()) >= count(wanted); }
  void expect_exactly(const std::vector<Lines>& wanted) const {
    const std::vector<Lines> all = got();
    for (size_t number = 0; number < kPartitions; ++number) {
      EXPECT_EQ(all[number], wanted[number]) << "partition " << number;
    }
  }
  const tests::TemporaryDirectory& directory() const { return directory_; }
  const std::string& source() const { return source_; }

 private:
  static constexpr const char* kCsv =
      "format = \"csv\"\ncolumns = [\"card\", \"amount\", \"at\"]\n";
  // {"card":"c1","amount":5,"at":"..."} as c1,5,...
  static std::string row_of(const std::string& object) {
    std::string row;
    for (const char* name : {"\"card\":", "\"amount\":", "\"at\":"}) {
      const size_t begin = object.find(name);
      if (begin == std::string::npos) continue;
      const size_t value = begin + std::strlen(name);
      if (!row.empty()) row += ',';
      row += object.substr(value, object.find_first_of(",}", value) - value);
    }
    return row;
  }

  KafkaBroker& broker_;
  std::string source_;
  std::string alerts_;
  std::string name_;
  std::unique_ptr<runtime::LogClient> client_;
  std::unique_ptr<runtime::LogProducer> producer_;
  tests::TemporaryDirectory directory_;
  Random random_;
  std::vector<Lines> sent_;
  bool is_csv_ = false;
  int64_t time_ = 1'700'000'000'000'000;
};

class KafkaRun : public testing::Test {
 protected:
  KafkaBroker& broker_ = KafkaBroker::shared();
};

void sleep_ms(size_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

TEST_F(KafkaRun, AlertsAreThoseOfAFile) {
  Rig rig(broker_, "file");
  rig.send(3000);
  rig.send(1, {R"({"card":"nobody"})"});
  rig.settle();
  const auto wanted = rig.wanted();
  ASSERT_GT(Rig::count(wanted), 15U);
  RunningProgram program(rig.arguments());
  EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << program.err();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  rig.expect_exactly(wanted);
  EXPECT_THAT(program.err(), HasSubstr("3005 records"));
  EXPECT_THAT(tests::read_file(rig.directory().path("dead.jsonl")), HasSubstr("nobody"));

  // Once more: it goes on where it was, and adds only what is new.
  RunningProgram again(rig.arguments());
  rig.send(500);
  rig.settle();
  const auto more = rig.wanted();
  ASSERT_GT(Rig::count(more), Rig::count(wanted));
  EXPECT_TRUE(tests::eventually([&] { return rig.has_all(more); })) << again.err();
  again.signal(SIGTERM);
  EXPECT_EQ(again.wait(), 0) << again.err();
  rig.expect_exactly(more);
  EXPECT_THAT(again.err(), HasSubstr("504 records")) << "nothing is read twice after a clean end";
}

TEST_F(KafkaRun, ValuesCanBeRowsOfCsv) {
  Rig rig(broker_, "csv");
  rig.write_csv();
  rig.write_pipeline("\"never\"");
  rig.send(2000);
  rig.send(1, {R"({"card":"nobody"})"});
  rig.settle();
  const auto wanted = rig.wanted();
  ASSERT_GT(Rig::count(wanted), 10U);
  RunningProgram program(rig.arguments());
  EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << program.err();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  rig.expect_exactly(wanted);
  EXPECT_THAT(tests::read_file(rig.directory().path("dead.jsonl")),
              HasSubstr("1 cells where the source names 3"));
}

TEST_F(KafkaRun, KillsLoseNothingAndDoubleNothing) {
  const size_t kills = model::environment("TOCSIN_KAFKA_KILLS", kKills);
  Rig rig(broker_, "kills", 3);
  Random random(11);
  std::unique_ptr<RunningProgram> programs[2];
  std::string errors;
  for (size_t kill = 0; kill < kills; ++kill) {
    auto& program = programs[random.below(2)];
    if (program == nullptr) program = std::make_unique<RunningProgram>(rig.arguments());
    for (size_t i = random.below(5); i > 0; --i) {
      rig.send(40);
      sleep_ms(random.below(150));
    }
    sleep_ms(random.below(600));
    if (kill % 10 == 9) {  // longer than its session lasts
      program->signal(SIGSTOP);
      sleep_ms(7500);
      program->signal(SIGCONT);
      continue;
    }
    program->signal(SIGKILL);
    program->wait();
    errors = program->err();
    program.reset();
  }
  rig.settle();
  const auto wanted = rig.wanted();
  programs[0].reset();
  programs[1].reset();
  RunningProgram last(rig.arguments());
  EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << last.err() << errors;
  last.signal(SIGTERM);
  EXPECT_EQ(last.wait(), 0) << last.err();
  rig.expect_exactly(wanted);
}

TEST_F(KafkaRun, ABrokerThatIsKilledDelaysAlertsOnly) {
  KafkaBroker broker;  // one that others do not use
  Rig rig(broker, "broker");
  rig.send(500);
  RunningProgram program(rig.arguments());
  for (int i = 0; i < 3; ++i) {
    rig.send(200);
    sleep_ms(400);
    if (i == 1) {
      broker.stop();
    } else {
      broker.kill();
    }
    broker.start();
  }
  rig.send(200);
  rig.settle();
  const auto wanted = rig.wanted();
  EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << program.err();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  rig.expect_exactly(wanted);
}

TEST_F(KafkaRun, TimeGoesOnInIdlePartitions) {
  Rig rig(broker_, "idle");
  rig.write_pipeline("\"1s\"");
  rig.send(0, {R"({"card":"c0","amount":1,"at":"2026-03-01T10:00:00Z"})"});
  rig.set_patterns(R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern silent {
  on Payment
  by card
  match a: Payment[amount == 1] then not b: Payment for 4s
})");
  const auto wanted = rig.wanted();
  ASSERT_EQ(Rig::count(wanted), 1U);
  {
    RunningProgram program(rig.arguments());
    EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << program.err();
    program.signal(SIGKILL);
    program.wait();
  }
  // The ticks are read again, and nothing comes twice.
  rig.send(0, {R"({"card":"c0","amount":1,"at":"2026-03-01T10:01:00Z"})"});
  RunningProgram program(rig.arguments());
  EXPECT_TRUE(tests::eventually([&] { return Rig::count(rig.got()) == 2; })) << program.err();
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  rig.expect_exactly(rig.wanted());
}

TEST_F(KafkaRun, WhatCannotBeIsRefused) {
  Rig rig(broker_, "refused");
  const auto refused = [&] { return tests::run_tocsin(rig.arguments()); };
  rig.set_patterns(R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern all { on Payment match a: Payment[amount == 1] then b: Payment[amount == 2] within 4s })");
  EXPECT_THAT(refused().err, HasSubstr("pattern 'all' has no 'by'"));
  // Keys that are not those of the pattern.
  rig.set_patterns(R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern by_amount {
  on Payment
  by amount
  match a: Payment[card == "x"] then b: Payment
  within 4s
})");
  rig.send(2);
  const auto other = refused();
  EXPECT_EQ(other.status, 1);
  EXPECT_THAT(other.err, HasSubstr("is not the value of 'amount'"));
}

TEST_F(KafkaRun, PatternsChangeBetweenTwoRecords) {
  Rig rig(broker_, "change");
  rig.send(0, {R"({"card":"c0","amount":1,"at":"2026-03-01T10:00:00Z"})"});
  const auto wait_for = [&](const RunningProgram& program, size_t alerts) {
    EXPECT_TRUE(tests::eventually([&] { return Rig::count(rig.got()) >= alerts; }))
        << program.err();
  };
  {
    RunningProgram program(rig.arguments());
    rig.send(0, {R"({"card":"c4","amount":2,"at":"2026-03-01T10:00:01Z"})",
                 R"({"card":"c4","amount":99,"at":"2026-03-01T10:00:02Z"})",
                 R"({"card":"c8","amount":50,"at":"2026-03-01T10:00:05Z"})"});
    wait_for(program, 1);
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0) << program.err();
  }
  // The old version finishes what has begun.
  std::string changed = kPatterns;
  changed.replace(changed.find("amount > 90"), 11, "amount > 95");
  rig.set_patterns(changed);
  RunningProgram program(rig.arguments());
  rig.send(0, {R"({"card":"c0","amount":93,"at":"2026-03-01T10:00:06Z"})",
               R"({"card":"c0","amount":3,"at":"2026-03-01T10:00:07Z"})",
               R"({"card":"c0","amount":94,"at":"2026-03-01T10:00:08Z"})",
               R"({"card":"c8","amount":50,"at":"2026-03-01T10:00:15Z"})"});
  wait_for(program, 2);
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
  EXPECT_EQ(Rig::count(rig.got()), 2U);
  EXPECT_THAT(program.err(), HasSubstr("the old version finishes"));
}

}  // namespace
}  // namespace tocsin::kafka_tests
