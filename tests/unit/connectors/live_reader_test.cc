#include "connectors/file/live_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

std::string json(const std::string& text) {
  return R"({"s":")" + text + R"(","at":0})";
}

// A followed source of JSON lines, or of CSV by the name.
class LiveReaderTest : public testing::Test {
 protected:
  void open(const std::string& name) {
    name_ = name;
    SourceSpec spec{directory_.path(name), {}, {}, true};
    auto source = open_source(spec, text_events());
    ASSERT_TRUE(source) << source.error().message;
    source_ = std::move(*source);
  }
  // The texts of the records that are there now, "!" for a refused one; then "." at the end, or an
  // error.
  std::string read() {
    std::string out;
    while (true) {
      eventtime::Batch batch(text_events());
      const auto more = source_->read(batch, 2);
      for (const eventtime::Row& row : batch.rows) {
        out += batch.tables[0].columns[0].text(row.table_row).view();
      }
      out += std::string(batch.rejects.size(), '!');
      if (!more) {
        EXPECT_EQ(more.error().blame == eventtime::Blame::kWorld,
                  more.error().message.starts_with("cannot follow"));
        return out + shortened(more.error().message);
      }
      if (!*more) return out + ".";
      if (batch.rows.empty() && batch.rejects.empty()) return out;
    }
  }
  void append(const std::string& text) {
    std::ofstream(directory_.path(name_), std::ios::app | std::ios::binary) << text;
  }
  std::string shortened(std::string message) const {
    const std::string prefix = directory_.path().string() + "/";
    const size_t at = message.find(prefix);
    return at == std::string::npos ? message : message.erase(at, prefix.size());
  }

  tests::TemporaryDirectory directory_;
  std::string name_;
  std::unique_ptr<runtime::Source> source_;
};

TEST_F(LiveReaderTest, TakesARecordWhenItsLineEndHasCome) {
  directory_.write("a", "");
  open("a");
  EXPECT_EQ(read(), "");
  append("\xEF");
  EXPECT_EQ(read(), "");
  append("\xBB\xBF" + json("a").substr(0, 5));
  EXPECT_EQ(read(), "");
  append(json("a").substr(5));
  EXPECT_EQ(read(), "");
  append("\r\n" + json("b") + "\n" + json("c") + "\nno record\n" + json("d"));
  EXPECT_EQ(read(), "abc!");
  append("\n");
  EXPECT_EQ(read(), "d");
  EXPECT_EQ(read(), "");
  EXPECT_EQ(source_->position().records, 5U);
}

TEST_F(LiveReaderTest, ReadsCsvThatGrows) {
  directory_.write("a.csv", "at,");
  open("a.csv");
  EXPECT_EQ(read(), "");
  append("s\n0,\"a\n");
  EXPECT_EQ(read(), "");
  append("b\"\n0,c\n");
  EXPECT_EQ(read(), "a\nbc");
}

TEST_F(LiveReaderTest, GoesOnFromAPosition) {
  directory_.write("a", json("a") + "\n" + json("b"));
  SourceSpec spec{directory_.path("a"), {}, {}, false};
  const auto bounded = open_source(spec, text_events());
  EXPECT_EQ(read_all(**bounded, text_events(), 10).size(), 2U);
  open("a");
  ASSERT_TRUE(source_->resume((*bounded)->position()));
  EXPECT_EQ(read(), "");
  append("\r");
  EXPECT_EQ(read(), "");
  append("\n" + json("c") + "\n");
  EXPECT_EQ(read(), "c");
  EXPECT_EQ(source_->position().records, 3U);

  open("a");
  ASSERT_TRUE(source_->resume((*bounded)->position()));
  EXPECT_EQ(read(), "c");
  directory_.write("a", json("a") + "\n");
  open("a");
  EXPECT_FALSE(source_->resume((*bounded)->position()));
}

TEST_F(LiveReaderTest, SaysWhyItCannotGoOn) {
  const std::string text = json("a") + "\n";
  directory_.write("a", text);
  open("a");
  EXPECT_EQ(read(), "a");
  directory_.write("a", "{");
  EXPECT_EQ(read(), "cannot follow 'a': it became shorter than what was read of it");

  directory_.write("b", text);
  open("b");
  EXPECT_EQ(read(), "a");
  append(text);
  std::filesystem::rename(directory_.path("b"), directory_.path("b.1"));
  EXPECT_EQ(read(), "acannot follow 'b': it is gone");  // what it held has been read

  directory_.write("c", text);
  open("c");
  directory_.write("c.new", text);
  std::filesystem::rename(directory_.path("c.new"), directory_.path("c"));
  EXPECT_EQ(read(), "acannot follow 'c': another file has taken its place");
}

TEST_F(LiveReaderTest, RefusesCompressedData) {
  const std::string refused =
      " is compressed and cannot be followed; unpack it, or run without --follow";
  for (const std::string name : {"a.gz", "a.jsonl.ZST"}) {
    const auto reader = open_live_bytes(name);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().blame, eventtime::Blame::kUsage);
    EXPECT_EQ(reader.error().message, "'" + name + "'" + refused);
  }
  for (const std::string magic : {"\x1F\x8B", "\x28\xB5\x2F\xFD"}) {
    directory_.write("a", magic.substr(0, 1));
    open("a");
    EXPECT_EQ(read(), "");
    append(magic.substr(1));
    EXPECT_EQ(read(), "'a'" + refused);
  }
  const auto missing = open_live_bytes("/nowhere/a");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot read '/nowhere/a': No such file or directory");
}

TEST_F(LiveReaderTest, AStreamEndsWhenItsWritersHaveGone) {
  const std::string path = directory_.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  const int writer = ::open(path.c_str(), O_RDWR);  // does not wait for a reader
  ASSERT_GE(writer, 0);
  open("pipe");
  EXPECT_EQ(read(), "");
  const std::string text = json("a") + "\n" + json("b");
  ASSERT_EQ(::write(writer, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(read(), "a");
  ::close(writer);
  EXPECT_EQ(read(), "b.");
  EXPECT_EQ(read(), ".");
}

}  // namespace
}  // namespace tocsin::connectors
