#include "connectors/file/file_sink.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

runtime::OutgoingAlert alert(std::string_view json) {
  return {"p", "00", "{}", {}, json};
}

class FileSinkTest : public testing::Test {
 protected:
  std::string path() const { return directory_.path("a b.jsonl"); }

  tests::TemporaryDirectory directory_;
};

TEST_F(FileSinkTest, GoesOnFromItsPosition) {
  std::string position;
  {
    FileSink sink("alerts", path());
    ASSERT_TRUE(sink.resume(""));
    ASSERT_TRUE(sink.write(alert("{\"a\":1}")));
    ASSERT_TRUE(sink.sync());
    position = sink.position();
    ASSERT_TRUE(sink.write(alert("{\"b\":1}")));
    ASSERT_TRUE(sink.close());
  }
  FileSink sink("alerts", path());
  const auto resumed = sink.resume(position);
  ASSERT_TRUE(resumed) << resumed.error().message;
  EXPECT_EQ(tests::read_file(path()), "{\"a\":1}\n");
  ASSERT_TRUE(sink.write(alert("{\"c\":1}")));
  ASSERT_TRUE(sink.flush());
  EXPECT_EQ(tests::read_file(path()), "{\"a\":1}\n{\"c\":1}\n");
  EXPECT_EQ(sink.metrics()[0].value, 1);
  EXPECT_EQ(sink.metrics()[1].value, 16);
}

TEST_F(FileSinkTest, AnotherPathBeginsEmpty) {
  directory_.write("other", "old\n");
  FileSink sink("alerts", directory_.path("other"));
  ASSERT_TRUE(sink.resume("5 7 " + path()));
  EXPECT_EQ(tests::read_file(directory_.path("other")), "");
}

TEST_F(FileSinkTest, AnotherFileIsRefused) {
  directory_.write("a b.jsonl", "something\n");
  FileSink sink("alerts", path());
  EXPECT_FALSE(sink.resume("5 7 " + path()));
  EXPECT_EQ(tests::read_file(path()), "something\n");
}

TEST_F(FileSinkTest, WhatIsNoPositionIsRefused) {
  for (const char* position : {"x", "5", "5 7", "-5 7 x", "5 x y", " "}) {
    FileSink sink("alerts", path());
    EXPECT_FALSE(sink.resume(position)) << position;
  }
}

}  // namespace
}  // namespace tocsin::connectors
