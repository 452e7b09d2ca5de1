#include "connectors/state/run_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using testing::HasSubstr;

using Numbers = std::vector<uint64_t>;

class RunMarksTest : public testing::Test {
 protected:
  RunMarks marks(const std::string& patterns = "p") const {
    return {directory_.path().string(), patterns};
  }
  std::string file() const { return (directory_.path() / "marks").string(); }

  tests::TemporaryDirectory directory_;
};

std::string message(const eventtime::Result<void>& result) {
  return result ? "" : result.error().message;
}

TEST_F(RunMarksTest, ARunThatFindsTheSameGoesOn) {
  RunMarks first = marks();
  first.open(Numbers{0, 0});
  first.write(Numbers{10, 20}, Numbers{1, 2});
  first.write(Numbers{30, 20}, Numbers{1, 3});
  RunMarks second = marks();
  second.open(Numbers{0, 0});
  EXPECT_EQ(message(second.pass(Numbers{5, 20}, Numbers{1, 1})), "");
  EXPECT_EQ(message(second.pass(Numbers{10, 20}, Numbers{1, 2})), "");
  EXPECT_EQ(message(second.pass(Numbers{30, 20}, Numbers{1, 3})), "");
  EXPECT_EQ(message(second.pass(Numbers{99, 99}, Numbers{9, 9})), "");
}

TEST_F(RunMarksTest, ARunThatPartsIsStoppedWithThePlace) {
  RunMarks first = marks();
  first.open(Numbers{0, 0});
  first.write(Numbers{10, 20}, Numbers{1, 2});
  first.write(Numbers{30, 20}, Numbers{1, 3});
  RunMarks at_once = marks();
  at_once.open(Numbers{0, 0});
  EXPECT_THAT(message(at_once.pass(Numbers{10, 20}, Numbers{0, 2})),
              HasSubstr("between records 0,0 and 10,20, first in key group 0;"));
  RunMarks second = marks();
  second.open(Numbers{0, 0});
  EXPECT_EQ(message(second.pass(Numbers{10, 20}, Numbers{1, 2})), "");
  EXPECT_THAT(message(second.pass(Numbers{30, 20}, Numbers{1, 4})),
              HasSubstr("between records 10,20 and 30,20, first in key group 1;"));
}

TEST_F(RunMarksTest, WhatCannotBeComparedIsPassedOver) {
  RunMarks first = marks();
  first.open(Numbers{0});
  first.write(Numbers{10}, Numbers{1});
  first.write(Numbers{20}, Numbers{2});
  RunMarks ends_elsewhere = marks();
  ends_elsewhere.open(Numbers{0});
  EXPECT_EQ(message(ends_elsewhere.pass(Numbers{15}, Numbers{9})), "");
  EXPECT_NE(message(ends_elsewhere.pass(Numbers{20}, Numbers{9})), "");
  RunMarks behind = marks();
  behind.open(Numbers{20});
  EXPECT_EQ(message(behind.pass(Numbers{20}, Numbers{9})), "");
  RunMarks other_patterns = marks("q");
  other_patterns.open(Numbers{0});
  EXPECT_EQ(message(other_patterns.pass(Numbers{20}, Numbers{9})), "");
  RunMarks more_inputs = marks();
  more_inputs.open(Numbers{0, 0});
  EXPECT_EQ(message(more_inputs.pass(Numbers{20, 0}, Numbers{9})), "");
}

TEST_F(RunMarksTest, WhatIsTornOrDamagedIsIgnored) {
  RunMarks first = marks();
  first.open(Numbers{0});
  first.write(Numbers{10}, Numbers{1});
  std::string text;
  std::getline(std::ifstream(file()), text);
  for (size_t i = 0; i <= text.size(); ++i) {
    std::ofstream(file()) << text.substr(0, i);
    RunMarks torn = marks();
    torn.open(Numbers{0});
    const bool is_whole = i == text.size();
    EXPECT_EQ(message(torn.pass(Numbers{10}, Numbers{2})).empty(), !is_whole) << i;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    std::string damaged = text;
    damaged[i] = damaged[i] == '0' ? '1' : '0';
    std::ofstream(file()) << damaged;
    RunMarks torn = marks();
    torn.open(Numbers{0});
    EXPECT_EQ(message(torn.pass(Numbers{10}, Numbers{2})), "") << damaged;
  }
}

TEST_F(RunMarksTest, ALargeFileBeginsAnew) {
  RunMarks marks = this->marks();
  marks.open(Numbers{0});
  const Numbers digests(10'000, UINT64_MAX);
  uintmax_t largest = 0;
  for (uint64_t i = 1; i < 20; ++i) {
    marks.write(Numbers{i}, digests);
    largest = std::max(largest, std::filesystem::file_size(file()));
  }
  EXPECT_LT(largest, 2U << 20);
  EXPECT_LT(std::filesystem::file_size(file()), largest);
}

// A run that is killed before it has passed all marks leaves them to the next one.
TEST_F(RunMarksTest, ALargeFileStaysAsLongAsItIsNeeded) {
  const Numbers digests(10'000, UINT64_MAX);
  RunMarks first = marks();
  first.open(Numbers{0});
  for (uint64_t i = 1; i <= 5; ++i) first.write(Numbers{i}, digests);
  ASSERT_GT(std::filesystem::file_size(file()), 1U << 20);
  RunMarks killed = marks();
  killed.open(Numbers{0});
  EXPECT_TRUE(killed.pass(Numbers{1}, digests));
  killed.write(Numbers{1}, digests);
  RunMarks last = marks();
  last.open(Numbers{1});
  EXPECT_FALSE(last.pass(Numbers{5}, Numbers(10'000, 7)));
}

}  // namespace
}  // namespace tocsin::connectors
