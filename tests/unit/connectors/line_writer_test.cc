#include "connectors/file/line_writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

TEST(LineWriter, WritesLinesAndEmptiesTheFileFirst) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path("out");
  for (const std::string line : {"a longer line", "b"}) {
    auto writer = LineWriter::open(path);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(line));
    ASSERT_TRUE((*writer)->write(""));
    ASSERT_TRUE((*writer)->flush());
    EXPECT_EQ(tests::read_file(path), line + "\n\n");
    ASSERT_TRUE((*writer)->write("last"));
    ASSERT_TRUE((*writer)->close());
    EXPECT_EQ(tests::read_file(path), line + "\n\nlast\n");
  }
}

TEST(LineWriter, WritesMoreThanItBuffers) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path("out");
  auto writer = LineWriter::open(path);
  std::string expected;
  for (int i = 0; i < 50'000; ++i) {
    ASSERT_TRUE((*writer)->write("line " + std::to_string(i)));
    expected += "line " + std::to_string(i) + "\n";
  }
  ASSERT_TRUE((*writer)->close());
  EXPECT_TRUE(tests::read_file(path) == expected);
}

TEST(LineWriter, NamesThePathWhenTheWorldFails) {
  const auto missing = LineWriter::open("/nowhere/out");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot write '/nowhere/out': No such file or directory");
  EXPECT_EQ(missing.error().blame, eventtime::Blame::kWorld);

  auto full = LineWriter::open("/dev/full");
  ASSERT_TRUE(full);
  ASSERT_TRUE((*full)->write("x"));
  const auto closed = (*full)->close();
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().message, "cannot write '/dev/full': No space left on device");
  EXPECT_FALSE((*full)->pipe_closed());
}

TEST(LineWriter, TellsAClosedPipeFromOtherErrors) {
  std::signal(SIGPIPE, SIG_IGN);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const int saved = ::dup(STDOUT_FILENO);
  ::dup2(ends[1], STDOUT_FILENO);
  ::close(ends[0]);
  ::close(ends[1]);
  auto writer = LineWriter::open("-");
  const bool written = writer && (*writer)->write("x").has_value();
  const auto flushed = (*writer)->flush();
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  EXPECT_TRUE(written);
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().message, "cannot write standard output: Broken pipe");
  EXPECT_TRUE((*writer)->pipe_closed());
}

}  // namespace
}  // namespace tocsin::connectors
