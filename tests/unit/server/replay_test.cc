// `tocsin replay`, as a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "tests/support/lines.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using ::testing::HasSubstr;
using tests::eventually;
using tests::ProcessResult;
using tests::run_tocsin;
using tests::RunningProgram;

constexpr std::string_view kReplayPattern =
    "event E {\n  k: string,\n  n: int,\n  at: timestamp,\n} time at\n\n"
    "pattern silent {\n  by k\n  match a: E[n % 3 == 0] then not b: E for 300ms\n  skip none\n}\n"
    "pattern rising {\n  by k\n  match a: E then b: E[n > a.n]{2}\n  within 20s\n"
    "  skip to next\n}\n";

std::string replayed_event(const std::string& k, int n, int64_t millis) {
  return R"({"k":")" + k + R"(","n":)" + std::to_string(n) + R"(,"at":)" + std::to_string(millis) +
         "}\n";
}

// Late events and dead letters of several inputs stand as they were read.
std::vector<std::string> sorted_lines(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  std::sort(all.begin(), all.end());
  return all;
}

std::string time_of(int second) {
  return "1970-01-01T00:0" + std::to_string(second / 60) + ":" +
         std::to_string(100 + second % 60).substr(1) + "Z";
}

class Replay : public testing::Test {
 protected:
  Replay() { pattern_ = directory_.write("p.tocsin", kReplayPattern); }
  std::string file(const std::string& name) const { return directory_.path(name); }
  ProcessResult replay(const std::vector<std::string>& flags) const {
    return run_tocsin(command("replay", flags));
  }
  std::vector<std::string> command(const std::string& name,
                                   const std::vector<std::string>& flags) const {
    std::vector<std::string> words = {name, "-p", pattern_, "--log-level", "warning"};
    words.insert(words.end(), flags.begin(), flags.end());
    return words;
  }

  tests::TemporaryDirectory directory_;
  std::string pattern_;
};

// Events for two minutes of event time, some out of order.
std::string stream(int seed) {
  std::string text;
  for (int i = 0; i < 240; ++i) {
    const int jitter = i * seed % 7 * 100;
    text += replayed_event(i % 2 == 0 ? "a" : "b", i * seed % 13, i * 500 + jitter);
    if (i % 50 == 20) text += "no record\n";
  }
  return text;
}

TEST_F(Replay, IsARunOverTheSameFiles) {
  const std::vector<std::string> flags = {"-i",
                                          directory_.write("a", stream(3)),
                                          "-i",
                                          directory_.write("b", stream(5)),
                                          "--out-of-order",
                                          "1s"};
  const ProcessResult run = run_tocsin(command("run", flags));
  const ProcessResult replayed = replay(flags);
  EXPECT_EQ(replayed.status, 0);
  EXPECT_EQ(replayed.out, run.out);
  EXPECT_GT(tests::line_count(run.out), 50U);
}

TEST_F(Replay, TheJournalGivesTheBytesOfTheLiveRun) {
  directory_.write("a", "");
  directory_.write("b", "");
  std::vector<std::string> inputs = {"-i", file("a"), "-i", file("b"), "--journal", file("state")};
  std::vector<std::string> live = inputs;
  live.insert(live.end(), {"--follow", "--idle-after", "150ms", "--late", file("late"),
                           "--dead-letter", file("dead")});
  RunningProgram program(command("run", live));
  const auto append = [&](const std::string& name, const std::string& text) {
    std::ofstream(file(name), std::ios::app) << text;
  };
  for (int i = 0; i < 24; ++i) {
    append(i % 5 == 0 ? "b" : "a", replayed_event(i % 2 == 0 ? "a" : "b", i * 5 % 13, i * 200));
    if (i % 8 == 7) append("a", replayed_event("a", 0, i * 200 - 1000) + "no record\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(i % 6 == 5 ? 600 : 40));
  }
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) >= 5; }));
  program.signal(SIGTERM);
  ASSERT_EQ(program.wait(), 0) << program.err();
  std::vector<std::string> again = inputs;
  again.insert(again.end(), {"--late", file("late2"), "--dead-letter", file("dead2")});
  const ProcessResult replayed = replay(again);
  EXPECT_EQ(replayed.status, 0) << replayed.err;
  EXPECT_EQ(replayed.out, program.out());
  EXPECT_EQ(sorted_lines(file("late2")), sorted_lines(file("late")));
  EXPECT_EQ(sorted_lines(file("dead2")), sorted_lines(file("dead")));
  EXPECT_GT(tests::line_count(tests::read_file(file("late"))), 0U);
  // Without the ticks it is another run.
  inputs.resize(4);
  EXPECT_NE(replay(inputs).out, program.out());
}

TEST_F(Replay, AnInputEndsWhereTheJournalSaysSo) {
  const std::string text = replayed_event("a", 0, 100) + replayed_event("b", 3, 200);
  std::vector<std::string> live =
      command("run", {"-i", "-", "--follow", "--idle-after", "never", "--journal", file("state")});
  RunningProgram program(live);
  program.write(text);
  program.close_input();
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(tests::line_count(program.out()), 2U);
  directory_.write("a", text);
  EXPECT_EQ(replay({"-i", file("a"), "--journal", file("state")}).out, program.out());
}

TEST_F(Replay, AJournalOfOtherInputsIsRefused) {
  const std::string a =
      directory_.write("a", replayed_event("a", 0, 100) + replayed_event("b", 3, 200));
  EXPECT_EQ(replay({"-i", a, "--journal", file("none")}).status, 3);
  RunningProgram program(
      command("run", {"-i", a, "--follow", "--idle-after", "50ms", "--journal", file("state")}));
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 2; }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  const ProcessResult more = replay({"-i", a, "-i", a, "--journal", file("state")});
  EXPECT_EQ(more.status, 3);
  EXPECT_THAT(more.err, HasSubstr("it was written by a run over 1 inputs, this one has 2"));
  const std::string shorter = directory_.write("shorter", replayed_event("a", 0, 100));
  const ProcessResult less = replay({"-i", shorter, "--journal", file("state")});
  EXPECT_EQ(less.status, 1);
  EXPECT_THAT(less.err, HasSubstr("the journal has a tick behind record 2 of '" + shorter +
                                  "', which has 1 records; it was written over other inputs"));
}

TEST_F(Replay, ARangeIsARunOverItsEvents) {
  const std::string whole = directory_.write("whole", stream(3));
  std::string wanted;
  int skipped = 0;
  const std::string text = stream(3);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin) + 1;
    const std::string line = text.substr(begin, end - begin);
    begin = end;
    const size_t at = line.find("\"at\":");
    // What is left out stays a record, so that positions and ids are the same.
    const bool in_range = at != std::string::npos && std::stoi(line.substr(at + 5)) >= 30'000 &&
                          std::stoi(line.substr(at + 5)) < 90'000;
    wanted += in_range ? line : "left out\n";
    if (at != std::string::npos && !in_range) ++skipped;
  }
  const std::vector<std::string> common = {"--out-of-order", "1s"};
  std::vector<std::string> flags = {"-i", whole, "--from", time_of(30), "--to", time_of(90)};
  flags.insert(flags.end(), common.begin(), common.end());
  std::vector<std::string> plain = {"-i", directory_.write("wanted", wanted), "--out-of-order",
                                    "1s"};
  const ProcessResult expected = run_tocsin(command("run", plain));
  const ProcessResult replayed = replay(flags);
  EXPECT_GT(tests::line_count(expected.out), 20U);
  EXPECT_EQ(replayed.out, expected.out);
  EXPECT_THAT(replayed.err, HasSubstr("note: " + std::to_string(skipped) +
                                      " events were left out by --from and --to\n"));
  flags.insert(flags.end(), {"--batch-size", "1"});
  EXPECT_EQ(replay(flags).out, expected.out);
}

TEST_F(Replay, TheWarmUpKnowsWhatBeganBefore) {
  const std::string a = directory_.write("a", stream(3));
  std::vector<std::string> flags = {"-i", a, "--out-of-order", "1s", "--metrics", file("m")};
  const ProcessResult whole = run_tocsin(command("run", flags));
  std::string expected;
  for (size_t begin = 0; begin < whole.out.size();) {
    const size_t end = whole.out.find('\n', begin) + 1;
    const std::string line = whole.out.substr(begin, end - begin);
    begin = end;
    const size_t complete = line.find("\"complete\":\"") + 12;
    if (line.substr(complete, 19) >= time_of(60).substr(0, 19)) expected += line;
  }
  ASSERT_LT(tests::line_count(expected), tests::line_count(whole.out));
  flags.insert(flags.end(), {"--from", time_of(60)});
  EXPECT_NE(replay(flags).out, expected);  // what began before 60 s is missing
  flags.insert(flags.end(), {"--warm-up", "1h"});
  const ProcessResult warm = replay(flags);
  EXPECT_EQ(warm.out, expected);
  // The summary counts what was written.
  const std::string metrics = tests::read_file(file("m"));
  const auto count_of = [&](const std::string& name) {
    return std::stoul(metrics.substr(metrics.find("\"" + name + "\":") + name.size() + 3));
  };
  EXPECT_EQ(count_of("silent") + count_of("rising"), tests::line_count(expected));
}

TEST_F(Replay, SpeedIsPacedByEventTimeAndCanBeStopped) {
  const std::string a = directory_.write(
      "a", replayed_event("a", 1, 0) + replayed_event("b", 0, 10'000) +
               replayed_event("a", 1, 40'000) + replayed_event("a", 1, 36'000'000) +
               replayed_event("a", 1, 36'000'001));
  const auto start = std::chrono::steady_clock::now();
  RunningProgram program(command("replay", {"-i", a, "--speed", "100x"}));
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(400));
  program.signal(SIGTERM);  // hours of event time are still to come
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(tests::line_count(program.out()), 1U);
}

TEST_F(Replay, WrongFlagsAreRefused) {
  const auto refused = [&](const std::vector<std::string>& flags) {
    std::vector<std::string> all = {"-i", "a"};
    all.insert(all.end(), flags.begin(), flags.end());
    const ProcessResult result = replay(all);
    EXPECT_EQ(result.status, 2);
    return result.err;
  };
  EXPECT_THAT(refused({"--follow"}), HasSubstr("'replay' has no flag '--follow'"));
  EXPECT_THAT(refused({"--idle-after=5s"}), HasSubstr("'replay' has no flag '--idle-after'"));
  EXPECT_THAT(refused({"--speed", "fast"}), HasSubstr("'fast' is no speed, which looks like 60x"));
  for (const char* speed : {"0", "-1x", "x", "nan", "inf", "1e3", "1xx"}) {
    EXPECT_THAT(refused({std::string("--speed=") + speed}), HasSubstr("is no speed"));
  }
  EXPECT_THAT(refused({"--from", "noon"}), HasSubstr("'noon' is no time, which looks like 2026"));
  EXPECT_THAT(refused({"--warm-up", "5s"}), HasSubstr("--warm-up requires --from"));
  EXPECT_THAT(refused({"--from", time_of(5), "--to", time_of(5)}),
              HasSubstr("error: --from is not before --to\n"));
}

}  // namespace
}  // namespace tocsin::server
