// `tocsin run --follow`, as a process of its own.
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
using tests::RunningProgram;

constexpr std::string_view kFollowPattern =
    "event E {\n  k: string,\n  at: timestamp,\n} time at\n\n"
    "pattern hit {\n  match a: E[k == 'hit']\n  emit at: a.at\n}\n"
    "pattern silent {\n  by k\n  match a: E[k == 'begin'] then not b: E[k == 'begin'] for 5s\n}\n";

std::string followed_event(const std::string& k, int seconds) {
  return R"({"k":")" + k + R"(","at":)" + std::to_string(seconds * 1000) + "}\n";
}

class Follow : public testing::Test {
 protected:
  Follow() { pattern_ = directory_.write("p.tocsin", kFollowPattern); }
  std::string file(const std::string& name) const { return directory_.path(name); }
  void append(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::app | std::ios::binary) << text;
  }
  std::vector<std::string> arguments(const std::vector<std::string>& inputs) const {
    std::vector<std::string> words = {"run",      "-p",   pattern_,       "--follow",
                                      "--events", "none", "--idle-after", "never"};
    for (const std::string& input : inputs) {
      words.emplace_back("-i");
      words.push_back(input);
    }
    return words;
  }

  tests::TemporaryDirectory directory_;
  std::string pattern_;
};

TEST_F(Follow, AlertsComeAsTheFileGrowsUntilASignalEndsIt) {
  for (const int signal : {SIGTERM, SIGINT}) {
    directory_.write("a", followed_event("hit", 1) + followed_event("hit", 2));
    RunningProgram program(arguments({file("a")}));
    ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; })) << program.err();
    append("a", followed_event("begin", 3) + followed_event("hit", 4).substr(0, 9));
    ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 2; }));
    append("a", followed_event("hit", 4).substr(9));
    append("a", followed_event("x", 5));
    ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 3; }));
    program.signal(signal);
    EXPECT_EQ(program.wait(), 0);
    // The end of the input is not known, so what waits for time stays undecided.
    EXPECT_EQ(tests::line_count(program.out()), 3U);
    EXPECT_THAT(program.err(), HasSubstr("5 events in "));
  }
}

TEST_F(Follow, OutputsAreWrittenWhenTheInputRests) {
  directory_.write("a", followed_event("x", 9) + "no record\n" + followed_event("x", 3));
  std::vector<std::string> words = arguments({file("a")});
  words.insert(words.end(), {"--late", file("late"), "--dead-letter", file("dead")});
  RunningProgram program(words);
  const auto lines_of = [&](const std::string& name) {
    return std::ifstream(file(name)).good() ? tests::line_count(tests::read_file(file(name))) : 0;
  };
  EXPECT_TRUE(eventually([&] { return lines_of("late") == 1 && lines_of("dead") == 1; }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
}

TEST_F(Follow, AnInputThatHasNothingDoesNotKeepOthersFromBeingRead) {
  directory_.write("a", "");
  directory_.write("b", followed_event("hit", 1) + "no record\n" + followed_event("hit", 2));
  RunningProgram program(arguments({file("a"), file("b")}));
  ASSERT_TRUE(eventually([&] { return program.err().find("b: record 1") != std::string::npos; }));
  EXPECT_EQ(program.out(), "");  // by event time it holds them back all the same
  append("a", followed_event("x", 2));
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(tests::line_count(program.out()), 1U);
}

// The same alerts, in the same order, as over the whole files.
TEST_F(Follow, WhatComesOutDoesNotDependOnWhoIsReadWhen) {
  directory_.write("a", "");
  directory_.write("b", "");
  RunningProgram program(arguments({file("a"), file("b")}));
  std::string a;
  std::string b;
  for (int i = 0; i < 60; ++i) {
    std::string& text = i % 7 < 3 ? a : b;
    const std::string name = i % 7 < 3 ? "a" : "b";
    const std::string line = followed_event(i % 2 == 0 ? "hit" : "begin", i * 2);
    text += line;
    append(name, line);
  }
  for (const std::string name : {"a", "b"}) {
    append(name, followed_event("x", 1000));
  }
  directory_.write("whole_a", a + followed_event("x", 1000));
  directory_.write("whole_b", b + followed_event("x", 1000));
  const tests::ProcessResult whole = tests::run_tocsin(
      {"run", "-p", pattern_, "--events", "none", "-i", file("whole_a"), "-i", file("whole_b")});
  EXPECT_EQ(tests::line_count(whole.out), 31U);
  ASSERT_TRUE(eventually([&] { return program.out().size() >= whole.out.size(); }));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(program.out(), whole.out);
}

TEST_F(Follow, AnInputFarAheadIsNotReadOn) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += followed_event("hit", i);
  directory_.write("a", "");
  directory_.write("b", text);
  std::vector<std::string> words = arguments({file("a"), file("b")});
  words.insert(words.end(), {"-o", file("out"), "--metrics", file("metrics")});
  {
    RunningProgram program(words);
    append("a", followed_event("hit", 0) + followed_event("x", 1));
    ASSERT_TRUE(eventually([&] {
      return std::ifstream(file("out")).good() &&
             tests::line_count(tests::read_file(file("out"))) == 2;
    }));
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0);
  }
  const std::string metrics = tests::read_file(file("metrics"));
  EXPECT_LE(std::stoul(metrics.substr(metrics.find(':') + 1)), (1U << 18) + 4096 + 2);
  directory_.write("a", followed_event("hit", 0) + followed_event("hit", 500'000));
  RunningProgram program(words);
  ASSERT_TRUE(
      eventually([&] { return tests::line_count(tests::read_file(file("out"))) == 400'000; }));
}

TEST_F(Follow, AnAbsenceIsDecidedWhileTheFileIsIdle) {
  directory_.write("a", followed_event("begin", 1));
  std::vector<std::string> words = arguments({file("a")});
  std::replace(words.begin(), words.end(), std::string("never"), std::string("100ms"));
  words.insert(words.end(), {"--journal", file("state")});
  RunningProgram program(words);
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; }));
  EXPECT_THAT(program.out(), HasSubstr(R"("complete":"1970-01-01T00:00:06.000Z")"));
  program.signal(SIGTERM);
  EXPECT_EQ(program.wait(), 0);
  EXPECT_GT(tests::read_file(file("state/journal")).size(), 100U);
}

TEST_F(Follow, TicksAreForLiveInputs) {
  for (const char* flag : {"--idle-after=5s", "--journal=d"}) {
    const tests::ProcessResult result = tests::run_tocsin({"run", "-p", "a", "-i", "b", flag});
    EXPECT_EQ(result.status, 2);
    EXPECT_THAT(result.err, HasSubstr(" requires --follow"));
  }
  std::vector<std::string> words = arguments({file("a")});
  std::replace(words.begin(), words.end(), std::string("never"), std::string("soon"));
  EXPECT_THAT(tests::run_tocsin(words).err, HasSubstr("--idle-after: 'soon' is no duration"));
}

TEST_F(Follow, StandardInputIsLiveAndEnds) {
  directory_.write("a", followed_event("x", 20));
  RunningProgram program(arguments({"-"}));
  program.write(followed_event("hit", 1) + followed_event("begin", 2));
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; }));
  program.close_input();
  EXPECT_EQ(program.wait(), 0);
  EXPECT_EQ(tests::line_count(program.out()), 2U);  // the end decides what is open
}

TEST_F(Follow, AFileThatIsCutEndsItWithAnError) {
  directory_.write("a", followed_event("hit", 1) + followed_event("hit", 2));
  RunningProgram program(arguments({file("a")}));
  ASSERT_TRUE(eventually([&] { return tests::line_count(program.out()) == 1; }));
  directory_.write("a", "");
  EXPECT_EQ(program.wait(), 3);
  EXPECT_THAT(program.err(), HasSubstr("error: cannot follow '" + file("a") +
                                       "': it became shorter than what was read of it\n"));
}

TEST_F(Follow, CompressedInputIsRefused) {
  std::vector<std::string> words = arguments({"a.jsonl.zst"});
  const tests::ProcessResult result = tests::run_tocsin(words);
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("'a.jsonl.zst' is compressed and cannot be followed"));
}

}  // namespace
}  // namespace tocsin::server
