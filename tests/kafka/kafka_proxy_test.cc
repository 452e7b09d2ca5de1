// The program between two topics of a real broker over connections that are cut, slow, refused or
// go nowhere: a reader of committed records sees every alert once, in order, and they are those of
// a run over files with the same records. TOCSIN_KAFKA_CUTS and TOCSIN_KAFKA_SEED widen it.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>

#include "tests/kafka/kafka_broker.h"
#include "tests/kafka/kafka_rig.h"
#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/running_program.h"

namespace tocsin::kafka_tests {
namespace {

using model::Random;
using std::chrono::milliseconds;
using tests::RunningProgram;
using tests::TcpProxy;

class KafkaProxy : public testing::Test {
 protected:
  void SetUp() override { calm(); }
  void TearDown() override { calm(); }
  void calm() const {
    proxy_.refuse(false);
    proxy_.delay(milliseconds(0));
    proxy_.hold(false);
  }
  // Records go to the broker directly, the program goes through the proxy.
  void write_pipeline(KafkaRig& rig) const {
    rig.set_servers(broker_.proxy_address());
    rig.write_pipeline("\"never\"");
  }
  // What is to come out does, and the program has not ended before.
  void finish(KafkaRig& rig, RunningProgram& program) const {
    rig.settle();
    const auto wanted = rig.wanted();
    ASSERT_GT(KafkaRig::count(wanted), 5U);
    EXPECT_TRUE(tests::eventually([&] { return rig.has_all(wanted); })) << program.err();
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0) << program.err();
    rig.expect_exactly(wanted);
  }

  KafkaBroker& broker_ = KafkaBroker::shared();
  TcpProxy& proxy_ = broker_.proxy();
};

TEST_F(KafkaProxy, ConnectionsThatAreCutLoseNothingAndDoubleNothing) {
  const size_t cuts = model::environment("TOCSIN_KAFKA_CUTS", 30);
  Random random(model::environment("TOCSIN_KAFKA_SEED", 5));
  KafkaRig rig(broker_, "cuts");
  write_pipeline(rig);
  RunningProgram program(rig.arguments());
  const size_t before = proxy_.connections();
  for (size_t cut = 0; cut < cuts; ++cut) {
    rig.send(40);
    sleep_ms(random.below(300));
    if (random.percent(40)) {  // within a request, or an answer
      proxy_.cut_after(1 + random.below(6000));
      continue;
    }
    proxy_.refuse(random.percent(30));
    proxy_.cut();
    sleep_ms(random.below(200));
    proxy_.refuse(false);
  }
  EXPECT_GT(proxy_.connections() - before, cuts) << "it came back again and again";
  finish(rig, program);
}

TEST_F(KafkaProxy, SlowConnectionsDelayAlertsOnly) {
  Random random(3);
  KafkaRig rig(broker_, "slow");
  write_pipeline(rig);
  RunningProgram program(rig.arguments());
  for (size_t i = 0; i < 12; ++i) {
    proxy_.delay(milliseconds(random.between(50, 300)));
    rig.send(150);
    sleep_ms(random.below(500));
    if (i % 4 == 3) proxy_.cut();
  }
  proxy_.delay(milliseconds(50));
  finish(rig, program);
}

TEST_F(KafkaProxy, ABlackHoleDelaysAlertsOnly) {
  KafkaRig rig(broker_, "hole");
  write_pipeline(rig);
  RunningProgram program(rig.arguments());
  for (const bool is_cut : {false, true}) {
    const uint64_t before = proxy_.passed();
    rig.send(200);
    EXPECT_TRUE(tests::eventually([&] { return proxy_.passed() > before; }));
    proxy_.hold(true);
    rig.send(200);
    // Longer than a session lasts the first time.
    sleep_ms(is_cut ? 2500 : 7000);
    if (is_cut) proxy_.cut();
    proxy_.hold(false);
    rig.send(100);
  }
  finish(rig, program);
}

}  // namespace
}  // namespace tocsin::kafka_tests
