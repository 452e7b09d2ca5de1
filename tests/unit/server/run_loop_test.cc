// The loop of a live run with a clock by hand: what happens is written down as a script.
#include "server/run_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <fstream>
#include <thread>

#include "server/pattern_files.h"
#include "tests/support/lines.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using eventtime::Duration;

constexpr std::string_view kLoopPattern =
    "event E {\n  k: string,\n  at: timestamp,\n} time at\n\n"
    "pattern silent {\n  match a: E[k like 'ping%'] then not b: E[k == 'pong'] for 5s\n"
    "  skip none\n  emit k: a.k\n}\n"
    "pattern pair {\n  match a: E[k == 'x'] then b: E[k == 'y']\n  within 1m\n}\n";

constexpr Duration seconds(double count) {
  return {static_cast<int64_t>(count * 1e6)};
}

std::string looped_event(const std::string& k, double at) {
  return R"({"k":")" + k + R"(","at":)" + std::to_string(static_cast<int64_t>(at * 1000)) + "}\n";
}

// An input gets a text after so much time.
struct Happening {
  double after;
  std::string file;
  std::string text;
};

class RunLoopTest : public testing::Test {
 protected:
  RunLoopTest() {
    options_.patterns = {directory_.write("p.tocsin", kLoopPattern)};
    input_.follow = true;
    input_.idle_after = seconds(10);
    options_.events = EventsMode::kNone;
    options_.journal = directory_.path("state");
    options_.sinks = {file_sink(directory_.path("out"))};
    options_.late.path = directory_.path("late");
  }

  void add_inputs(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      input_.path = directory_.write(name, "");
      options_.inputs.push_back(input_);
    }
  }

  // Runs until all has happened, and `end` seconds more; the alerts.
  std::string run(std::deque<Happening> script, double end) {
    double passed = 0;
    tests::ManualClock clock;
    const Duration start = clock.now();
    clock.on_sleep = [&] {
      passed = static_cast<double>(clock.now().micros - start.micros) / 1e6;
      while (!script.empty() && script.front().after <= passed) {
        std::ofstream(directory_.path(script.front().file), std::ios::app) << script.front().text;
        script.pop_front();
      }
    };
    return run(clock, [&] { return script.empty() && passed >= end; });
  }

  std::string run(runtime::Clock& clock, const std::function<bool()>& stop) {
    RunLoop loop(options_, clock, stop);
    auto files = read_patterns(options_.patterns);
    const auto opened = loop.open(*std::move(files->patterns));
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) {
      const auto read = loop.read_all();
      EXPECT_TRUE(read) << read.error().message;
    }
    EXPECT_TRUE(loop.close());
    return tests::read_file(directory_.path("out"));
  }

  std::string late() const { return tests::read_file(*options_.late.path); }
  size_t ticks() const {
    return connectors::read_journal(directory_.path("state/journal"),
                                    static_cast<uint32_t>(options_.inputs.size()))
        ->ticks.size();
  }

  tests::TemporaryDirectory directory_;
  RunOptions options_;
  RunInput input_;  // what they are alike in
};

TEST_F(RunLoopTest, AnAbsenceIsDecidedWhileTheInputIsIdle) {
  add_inputs({"a"});
  const std::string before = run({{0, "a", looped_event("ping", 100)}}, 9.9);
  EXPECT_EQ(before, "");
  EXPECT_EQ(ticks(), 0U);
}

TEST_F(RunLoopTest, AnIdleInputLetsTimePass) {
  add_inputs({"a"});
  const std::string alerts = run({{0, "a", looped_event("ping", 100)}}, 11);
  EXPECT_EQ(tests::line_count(alerts), 1U);
  EXPECT_THAT(alerts, testing::HasSubstr(R"("complete":"1970-01-01T00:01:45.000Z")"));
  EXPECT_GT(ticks(), 5U);
}

TEST_F(RunLoopTest, NeverIdleMeansThatTimeStandsStill) {
  input_.idle_after.reset();
  add_inputs({"a"});
  EXPECT_EQ(run({{0, "a", looped_event("ping", 100)}}, 1000), "");
  EXPECT_EQ(ticks(), 0U);
}

TEST_F(RunLoopTest, AnIdleInputHoldsNoOtherBack) {
  add_inputs({"a", "b"});
  const std::string alerts = run({{0, "a", looped_event("x", 1)},
                                  {0, "b", looped_event("x", 50)},
                                  {5, "b", looped_event("y", 51)},
                                  {11, "b", looped_event("x", 60)},
                                  {12, "a", looped_event("y", 40) + looped_event("y", 70)}},
                                 13);
  EXPECT_EQ(tests::line_count(alerts), 1U);  // x at 1, y at 51; the y at 40 came too late
  EXPECT_THAT(alerts, testing::HasSubstr(R"("end":"1970-01-01T00:00:51.000Z")"));
  EXPECT_EQ(tests::line_count(late()), 1U);
  EXPECT_THAT(late(), testing::HasSubstr(R"("position":1,"watermark":"1970-01-01T00:01:00.000Z")"));
}

// Out-of-orderness belongs to the input: a tick moves the watermark itself.
TEST_F(RunLoopTest, TicksMoveTheWatermark) {
  input_.out_of_order = seconds(3);
  add_inputs({"a"});
  const std::string alerts =
      run({{0, "a", looped_event("ping1", 100)},
           {10.5, "a", looped_event("pong", 104) + looped_event("ping2", 108)}},
          10.6);
  // 97 s + 10 s have passed: the pong at 104 s is late, the ping at 108 s is not.
  EXPECT_EQ(tests::line_count(late()), 1U);
  EXPECT_THAT(alerts, testing::HasSubstr("ping1"));
}

// A run that begins anew over the same files finds the ticks of the one before.
TEST_F(RunLoopTest, TheJournalRepeatsTheRun) {
  for (const size_t batch_size : {1, 4096}) {
    for (const std::string name : {"a", "b", "state/journal"}) {
      std::filesystem::remove(directory_.path(name));
    }
    options_.inputs.clear();
    add_inputs({"a", "b"});
    options_.batch_size = batch_size;
    std::deque<Happening> script;
    for (int i = 0; i < 40; ++i) {
      const double pause = i % 5 == 4 ? 14 : 0.3;
      const double after = script.empty() ? 0 : script.back().after + pause;
      const std::string k = i % 2 == 0 ? "ping" : i % 16 == 1 ? "pong" : i % 4 == 1 ? "x" : "y";
      std::string text =
          looped_event(k, after * 1.2 + i % 4 * 0.4) + (i % 7 == 0 ? "no record\n" : "");
      if (i % 6 == 5) text += looped_event("ping", after - 20);
      script.push_back({after, i % 11 < 8 ? "a" : "b", text});
    }
    const std::string alerts = run(script, script.back().after + 30);
    const std::string late_events = late();
    const size_t count = ticks();
    EXPECT_GT(tests::line_count(alerts), 10U);
    EXPECT_GT(tests::line_count(late_events), 3U);
    EXPECT_GT(count, 100U);
    options_.batch_size = 4096;
    EXPECT_EQ(run({}, 1), alerts);
    EXPECT_EQ(tests::line_count(late()), tests::line_count(late_events));
    const size_t left = ticks();  // the last ones behind each record
    EXPECT_LT(left, count / 10);
    EXPECT_EQ(run({}, 1), alerts);
    EXPECT_EQ(tests::line_count(late()), tests::line_count(late_events));
    EXPECT_EQ(ticks(), left);
  }
}

// What the end of the input decides is in no checkpoint, even if one is due just then or a stop is
// asked for: with more input it is decided otherwise.
TEST_F(RunLoopTest, NoCheckpointIsMadeBehindTheEnd) {
  const std::string head = looped_event("ping", 1) + looped_event("x", 2);
  const std::string whole = head + looped_event("y", 3) + looped_event("pong", 4);
  input_.follow = false;
  options_.journal.reset();
  options_.batch_size = 1;
  add_inputs({"a"});
  directory_.write("a", whole);
  tests::ManualClock clock;
  const std::string wanted = run(clock, [] { return false; });
  ASSERT_EQ(tests::line_count(wanted), 1U);
  options_.state = directory_.path("state");
  for (const double every : {0.0, 1000.0}) {
    options_.checkpoint_every = seconds(every);
    for (int n = 1; n < 6; ++n) {
      SCOPED_TRACE(testing::Message() << "every " << every << " s, the stop is asked for " << n);
      std::filesystem::remove_all(*options_.state);
      directory_.write("a", head);
      int asked = 0;
      run(clock, [&] {
        // So long that a checkpoint that has begun is there.
        if (every == 0) std::this_thread::sleep_for(std::chrono::milliseconds(100));
        return ++asked >= n;
      });
      directory_.write("a", whole);
      EXPECT_EQ(run(clock, [] { return false; }), wanted);
    }
  }
}

}  // namespace
}  // namespace tocsin::server
