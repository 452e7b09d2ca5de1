// The program between two topics of a real broker, killed, stopped and cut off again and again: a
// reader of committed records sees every alert once, in order, and they are those of a run over
// files with the same records. TOCSIN_KAFKA_KILLS widens it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>

#include "tests/kafka/kafka_broker.h"
#include "tests/kafka/kafka_rig.h"
#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::kafka_tests {
namespace {

using Rig = KafkaRig;
using model::Random;
using ::testing::HasSubstr;
using tests::RunningProgram;

constexpr size_t kKills = 40;

class KafkaRun : public testing::Test {
 protected:
  KafkaBroker& broker_ = KafkaBroker::shared();
};

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

TEST_F(KafkaRun, StatisticsOfLibrdkafkaAreMetrics) {
  Rig rig(broker_, "statistics");
  rig.write_pipeline("\"never\"", "[metrics]\nlisten = \"127.0.0.1:0\"\n");
  RunningProgram program(rig.arguments());
  rig.send(500);
  rig.settle();
  const auto wanted = rig.wanted();
  std::string told;
  const std::string last = "source=\"payments\",input=\"" + rig.source() + "-3\"} ";
  const auto has = [&](const std::string& text) { return told.find(text) != std::string::npos; };
  EXPECT_TRUE(tests::eventually([&] {
    told = metrics_of(program);
    return has("tocsin_kafka_client_age{client=\"reader\"} ") &&
           has("tocsin_kafka_client_age{client=\"member\"} ") &&
           has("tocsin_kafka_partition_rxmsgs_total{client=\"reader\",topic=\"" + rig.source() +
               "\",partition=\"0\"} ") &&
           has("tocsin_kafka_eos_producer_epoch{client=\"producer\",id=\"" + rig.source() + "-" +
               rig.source() + "-3\"} ") &&
           has("request=\"EndTxn\"") &&
           has("tocsin_sink_alerts_total{sink=\"alerts\"} " + std::to_string(Rig::count(wanted)) +
               "\n") &&
           has("tocsin_checkpoint_age_seconds{" + last);
  })) << told
      << program.err();
  EXPECT_THAT(told, HasSubstr("# TYPE tocsin_kafka_partition_rxmsgs_total counter\n"));
  EXPECT_THAT(told, HasSubstr("tocsin_kafka_broker_req_total{client=\"reader\",broker=\"" +
                              broker_.address() + "/1\",request=\"Fetch\"} "));
  for (const std::string& own :
       {std::string("tocsin_checkpoints_total "),
        std::string("tocsin_checkpoint_failures_total 0\n"), "tocsin_source_offset{" + last,
        "tocsin_source_lag_records{" + last, "tocsin_checkpoint_bytes{" + last,
        "tocsin_source_watermark_seconds{" + last, "tocsin_source_lag_seconds{" + last,
        "tocsin_source_waiting_events{" + last}) {
    EXPECT_THAT(told, HasSubstr(own));
  }
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0) << program.err();
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
