#include "connectors/file/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

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

OutputPosition position_of(const std::string& text) {
  const size_t hashed = std::min<size_t>(text.size(), 4096);
  return {text.size(), XXH3_64bits(text.data() + text.size() - hashed, hashed)};
}

TEST(LineWriter, GoesOnFromEveryPosition) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path("out");
  std::vector<std::string> lines;
  for (size_t i = 0; i < 60; ++i) lines.emplace_back(i * 29 % 400, static_cast<char>('a' + i % 26));
  auto first = LineWriter::open(path);
  ASSERT_TRUE(first);
  std::string text;
  std::vector<OutputPosition> positions = {(*first)->position()};
  std::vector<std::string> texts = {text};
  for (const std::string& line : lines) {
    text += line + "\n";
    ASSERT_TRUE(line.size() % 2 == 0 ? (*first)->write(line) : (*first)->write_lines(line + "\n"));
    positions.push_back((*first)->position());
    texts.push_back(text);
    ASSERT_EQ(positions.back(), position_of(text));
  }
  ASSERT_TRUE((*first)->sync());
  EXPECT_TRUE(tests::read_file(path) == text);
  for (size_t i = 0; i < positions.size(); ++i) {
    directory.write("out", text);
    auto writer = LineWriter::open_at(path, positions[i]);
    ASSERT_TRUE(writer);
    EXPECT_EQ((*writer)->position(), positions[i]);
    EXPECT_TRUE(tests::read_file(path) == texts[i]);
    ASSERT_TRUE((*writer)->write("other"));
    EXPECT_EQ((*writer)->position(), position_of(texts[i] + "other\n"));
    ASSERT_TRUE((*writer)->close());
    EXPECT_TRUE(tests::read_file(path) == texts[i] + "other\n");
  }
}

TEST(LineWriter, RefusesAFileThatTheStateDoesNotGoWith) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path("out");
  const std::string text(5000, 'a');
  const auto refused = [&](const OutputPosition& position) {
    const auto writer = LineWriter::open_at(path, position);
    return writer ? "opened" : writer.error().message;
  };
  const auto expected = [&](const std::string& how) {
    return "'" + path + "' is not the output that the state goes with: " + how +
           "; put it back, or run without the state";
  };
  EXPECT_EQ(refused(position_of(text)), expected("it is missing"));
  directory.write("out", text.substr(1));
  EXPECT_EQ(refused(position_of(text)), expected("it has 4999 bytes where the state knows 5000"));
  directory.write("out", text.substr(0, 4000) + "b" + text);
  EXPECT_EQ(refused(position_of(text)),
            expected("the bytes before the place where the state stands differ"));
  EXPECT_EQ(tests::read_file(path).size(), 9001U);  // nothing is cut off
}

TEST(LineWriter, WhatIsNoFileGoesOnWhereItIs) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int reader = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto writer = LineWriter::open_at(path, position_of("what went before"));
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write("x"));
  EXPECT_TRUE((*writer)->sync());
  std::array<char, 8> got{};
  EXPECT_EQ(::read(reader, got.data(), got.size()), 2);
  ::close(reader);
  EXPECT_EQ((*LineWriter::open_at("-", position_of("x")))->position().bytes, 0U);
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
