// A partition whose owners are killed, fenced and cut off from a log with exact rules
// (tests/support/simulated_log.h): every alert is committed once, in order, and they are those of a
// plain engine over the committed records and ticks. TOCSIN_SIM_CASES and TOCSIN_SIM_SEED widen
// it: case number n of a run is made from seed + n.
#include "server/partition_machine.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/manual_clock.h"
#include "tests/support/simulated_log.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using eventtime::Duration;
using eventtime::Result;
using model::Random;
using runtime::LogPartition;
using tests::SimulatedLog;

constexpr uint64_t kCases = 300;
constexpr size_t kSteps = 120;
constexpr size_t kEventsAtOnce = 6;
constexpr Duration kOutOfOrder{2'000'000};
constexpr Duration kIdleAfter{5'000'000};

constexpr const char* kPatterns = R"(
event Payment { card: string, amount: int, at: timestamp } time at
pattern pair {
  on Payment
  by card
  match a: Payment[amount < 5] then b: Payment[amount > 6]
  within 20s
}
pattern rising {
  on Payment
  by card
  match a: Payment[amount < 3] then any b: Payment[amount > a.amount] then c: Payment[amount == 9]
  within 15s
}
pattern silent {
  on Payment
  by card
  match a: Payment[amount == 1] then not b: Payment for 10s
}
pattern busy {
  on Payment
  by card
  match a: Payment{4,}
  within 6s
}
)";

struct Outcome {
  std::optional<std::string> difference;
  uint64_t alerts = 0;
  uint64_t ticks = 0;
  uint64_t owners = 0;
  uint64_t faults = 0;
  uint64_t fenced = 0;
  uint64_t late_requests = 0;
};

class PartitionLife {
 public:
  explicit PartitionLife(uint64_t seed) : random_(seed), log_(seed + 1) {
    const std::vector<std::string> files = {directory_.write("p.tocsin", kPatterns)};
    ListTexts lists;
    auto loaded = patterns::load({{files[0], kPatterns}});
    EXPECT_TRUE(loaded.patterns) << patterns::render(loaded.diagnostics, loaded.sources);
    own_ = *own_patterns(loaded, std::move(lists));
    set_ = *loaded.patterns;
    log_.add_topic("payments", 1);
    log_.add_topic("alerts", 1);
    log_.add_topic("ticks", 1);
    options_.group = "g";
    options_.directory = directory_.path("state");
    options_.checkpoint_every = Duration{3'000'000};
    options_.patterns = &set_;
    options_.own = &own_;
    options_.decoding = [](const std::string&) { return connectors::DecodeOptions{}; };
    options_.out_of_order = kOutOfOrder;
    if (random_.percent(70)) options_.idle_after = kIdleAfter;
    options_.alert_topic = "alerts";
    options_.journal = [](const std::string&) { return std::string("ticks"); };
    options_.late = options_.dead_letter = [](std::string_view) { return Result<void>(); };
    client_ = log_.client();
  }

  Outcome run() {
    log_.set_fault_rate(random_.below(6));
    for (size_t step = 0; step < kSteps && !outcome_.difference; ++step) one_step();
    log_.set_fault_rate(0);
    zombie_.reset();
    zombie_reader_.reset();
    for (int i = 0; i < 3 && !outcome_.difference; ++i) {
      drop();
      own();
      for (int round = 0; round < 20; ++round) read(1000);
    }
    if (machine_ != nullptr && !outcome_.difference) {
      const Result<void> released = machine_->release();
      if (!released) outcome_.difference = released.error().message;
    }
    if (!outcome_.difference) compare();
    outcome_.faults = log_.faults();
    outcome_.late_requests = log_.late_requests();
    return outcome_;
  }

 private:
  void one_step() {
    clock_.go_on(Duration{random_.between(10'000, 900'000)});
    switch (random_.below(10)) {
      case 0:
      case 1:
        for (size_t i = 1 + random_.below(kEventsAtOnce); i > 0; --i) add_event();
        break;
      case 2:
        if (random_.percent(40)) stay_idle();
        break;
      case 3:
        if (random_.percent(30)) drop();  // kill -9
        break;
      case 4:
        if (random_.percent(15)) leave_zombie();
        break;
      case 5:
        if (zombie_ != nullptr) wake_zombie();
        break;
      default:
        if (machine_ == nullptr) own();
        read(1 + random_.below(20));
    }
  }

  void stay_idle() {
    for (int i = 0; i < 10; ++i) {
      clock_.go_on(Duration{1'200'000});
      if (machine_ == nullptr) own();
      read(1000);
    }
  }

  void add_event() {
    if (random_.percent(5)) return log_.append(source_, std::nullopt, "no event");
    if (random_.percent(5)) return log_.add_gap(source_);
    time_ += random_.between(-1'500'000, 2'500'000);
    const std::string card = "c" + std::to_string(random_.below(3));
    log_.append(source_, card,
                fmt::format(R"({{"card":"{}","amount":{},"at":"{}"}})", card, random_.below(10),
                            eventtime::to_string(eventtime::Timestamp{time_})));
  }

  void own() {
    ++outcome_.owners;
    auto machine = PartitionMachine::own(*client_, source_, options_, clock_);
    if (!machine) return failed(machine.error());
    machine_ = *std::move(machine);
    reader_ = *client_->open_reader();
    const Result<void> begun = reader_->begin(source_, machine_->offset());
    if (!begun) failed(begun.error());
  }

  void failed(const eventtime::Error& error) {
    if (error.blame != eventtime::Blame::kWorld) outcome_.difference = error.message;
    if (error.message.find("fenced") != std::string::npos) ++outcome_.fenced;
    drop();
  }

  void drop() {
    machine_.reset();
    reader_.reset();
  }

  // It is stopped in the middle of what it does; its place is taken by another.
  void leave_zombie() {
    if (machine_ == nullptr || zombie_ != nullptr) return;
    // The directory's lock would keep others away: this one is of another machine.
    options_.directory = directory_.path(fmt::format("state{}", ++directories_));
    zombie_ = std::move(machine_);
    zombie_reader_ = std::move(reader_);
  }

  void wake_zombie() {
    const bool was_replaced = machine_ != nullptr;
    std::swap(zombie_, machine_);
    std::swap(zombie_reader_, reader_);
    read(1 + random_.below(20));
    std::swap(zombie_, machine_);
    std::swap(zombie_reader_, reader_);
    if (was_replaced || zombie_ == nullptr) {
      zombie_.reset();
      zombie_reader_.reset();
    }
  }

  void read(size_t most) {
    if (machine_ == nullptr) return;
    Result<void> done;
    const auto add = [&](const LogPartition&, const runtime::LogRecord& record) {
      if (done) done = machine_->add(record);
    };
    const auto end = [&](const LogPartition&) {
      if (done) done = machine_->at_end();
    };
    const Result<void> read = reader_->read(Duration{0}, most, add, end);
    if (done) done = read;
    if (done) done = machine_->process();
    if (done) done = machine_->pass();
    if (done) done = machine_->checkpoint();
    if (!done) failed(done.error());
  }

  // The alerts of an engine that nobody disturbs, over what is committed.
  std::vector<std::string> wanted() {
    runtime::EngineOptions options;
    options.origin = source_.text();
    auto engine = *runtime::Engine::create(set_, options);
    connectors::LogRecords records(source_, set_.catalog, {}, {});
    engine->add_input(kOutOfOrder, records.format());
    std::string text;
    const auto late = [](const runtime::Engine::Late&) {};
    const auto ticks = log_.committed_records({"ticks", 0});
    outcome_.ticks = ticks.size();
    size_t next_tick = 0;
    const auto pass_until = [&](int64_t offset) {
      for (; next_tick < ticks.size(); ++next_tick) {
        long long after = 0;
        long long time = 0;
        EXPECT_EQ(sscanf(ticks[next_tick].value.c_str(), "after=%lld time=%lld", &after, &time), 2);
        if (after > offset) return;
        engine->advance(0, eventtime::Timestamp{time} + kOutOfOrder, text);
      }
    };
    for (const SimulatedLog::Record& record : log_.committed_records(source_)) {
      pass_until(record.offset);
      runtime::LogRecord one;
      one.offset = record.offset;
      if (record.key) one.key = *record.key;
      one.value = record.value;
      records.add(one);
      auto batch = std::make_shared<eventtime::Batch>(set_.catalog);
      EXPECT_TRUE(records.decode(*batch));
      engine->push(std::move(batch), text, late);
    }
    pass_until(INT64_MAX);
    std::vector<std::string> lines;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      lines.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  }

  void compare() {
    const std::vector<std::string> lines = wanted();
    const auto alerts = log_.committed_records({"alerts", 0});
    outcome_.alerts = alerts.size();
    for (size_t i = 0; i < std::max(lines.size(), alerts.size()); ++i) {
      const std::string want = i < lines.size() ? lines[i] : "nothing";
      const std::string got = i < alerts.size() ? alerts[i].value : "nothing";
      const std::string sequence = i < alerts.size() ? alerts[i].headers[1].second : "";
      if (want == got && sequence == std::to_string(i)) continue;
      outcome_.difference =
          fmt::format("alert {} (sequence {}): wanted {}\ngot {}", i, sequence, want, got);
      return;
    }
  }

  tests::TemporaryDirectory directory_{tests::TemporaryDirectory::Where::kMemory};
  Random random_;
  SimulatedLog log_;
  tests::ManualClock clock_;
  patterns::PatternSet set_;
  OwnPatterns own_;
  PartitionOptions options_;
  LogPartition source_{"payments", 0};
  std::unique_ptr<runtime::LogClient> client_;
  std::unique_ptr<PartitionMachine> machine_;
  std::unique_ptr<runtime::LogReader> reader_;
  std::unique_ptr<PartitionMachine> zombie_;
  std::unique_ptr<runtime::LogReader> zombie_reader_;
  int64_t time_ = 1'700'000'000'000'000;
  size_t directories_ = 0;
  Outcome outcome_;
};

TEST(Partition, WhateverHappensEachAlertIsCommittedOnce) {
  const uint64_t cases = model::environment("TOCSIN_SIM_CASES", kCases);
  const uint64_t first = model::environment("TOCSIN_SIM_SEED", 1);
  Outcome all;
  size_t failures = 0;
  for (uint64_t seed = first; seed < first + cases; ++seed) {
    const Outcome outcome = PartitionLife(seed).run();
    all.alerts += outcome.alerts;
    all.ticks += outcome.ticks;
    all.owners += outcome.owners;
    all.faults += outcome.faults;
    all.fenced += outcome.fenced;
    all.late_requests += outcome.late_requests;
    if (!outcome.difference) continue;
    ADD_FAILURE() << *outcome.difference
                  << "\nrepeat with: TOCSIN_SIM_CASES=1 TOCSIN_SIM_SEED=" << seed << " sim_test";
    if (++failures == model::kFailuresShown) return;
  }
  std::cout << cases << " cases, " << all.alerts << " alerts, " << all.ticks << " ticks, "
            << all.owners << " owners, " << all.faults << " failed requests, " << all.fenced
            << " fenced owners, " << all.late_requests << " late requests did harm\n";
  EXPECT_EQ(all.late_requests, 0U);
  if (cases < kCases) return;
  EXPECT_GE(all.alerts, 10 * cases);
  EXPECT_GE(all.ticks, cases);
  EXPECT_GE(all.owners, 3 * cases);
  EXPECT_GE(all.faults, cases);
  EXPECT_GE(all.fenced, cases / 20);
}

}  // namespace
}  // namespace tocsin::server
