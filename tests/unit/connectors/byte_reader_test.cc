#include "connectors/file/byte_reader.h"

#include <gtest/gtest.h>

#include "tests/support/compressed.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using tests::gzip;
using tests::zstd;

// About 1.5 MB that do not compress to nothing.
std::string long_text() {
  std::string text;
  for (uint64_t i = 0; i < 100'000; ++i)
    text += std::to_string(i * 2654435761U % 1000003) + "-record\n";
  return text;
}

class ByteReaderTest : public testing::Test {
 protected:
  std::string path(const std::string& name) const { return directory_.path(name); }
  std::string write(const std::string& name, const std::string& bytes) const {
    return directory_.write(name, bytes);
  }
  // What is good, then "|" and the error without the directory.
  std::string read(const std::string& file, size_t piece = 1 << 16) const {
    auto reader = open_bytes(file);
    if (!reader) return "|" + shortened(reader.error().message);
    std::string out;
    std::string buffer(piece, '\0');
    while (true) {
      const auto count = (*reader)->read(buffer.data(), piece);
      if (!count) {
        EXPECT_EQ(count.error().blame, eventtime::Blame::kWorld);
        return out + "|" + shortened(count.error().message);
      }
      if (*count == 0) return out;
      out.append(buffer, 0, *count);
    }
  }

 private:
  std::string shortened(std::string message) const {
    const std::string prefix = directory_.path().string() + "/";
    for (size_t at = message.find(prefix); at != std::string::npos; at = message.find(prefix)) {
      message.erase(at, prefix.size());
    }
    return message;
  }

  tests::TemporaryDirectory directory_;
};

TEST_F(ByteReaderTest, ReadsPlainFiles) {
  EXPECT_EQ(read(write("a", "abc")), "abc");
  EXPECT_EQ(read(write("a", "abc"), 1), "abc");
  EXPECT_EQ(read(write("empty", "")), "");
  EXPECT_TRUE(read(write("long", long_text())) == long_text());
}

TEST_F(ByteReaderTest, NamesThePathInErrors) {
  EXPECT_EQ(read(path("missing")), "|cannot read 'missing': No such file or directory");
  EXPECT_EQ(read(path("")), "|cannot read '': Is a directory");
}

TEST_F(ByteReaderTest, Decompresses) {
  for (const size_t piece : {1000, 1 << 20}) {
    EXPECT_TRUE(read(write("a.gz", gzip(long_text())), piece) == long_text());
    EXPECT_TRUE(read(write("a.zst", zstd(long_text())), piece) == long_text());
  }
  EXPECT_EQ(read(write("empty.gz", gzip(""))), "");
  EXPECT_EQ(read(write("empty.zst", zstd(""))), "");
  EXPECT_EQ(read(write("a.GZ", gzip("abc")), 1), "abc");
}

TEST_F(ByteReaderTest, TheFirstBytesTellUnderOtherNames) {
  EXPECT_EQ(read(write("a.jsonl", gzip("abc"))), "abc");
  EXPECT_EQ(read(write("a.jsonl", zstd("abc"))), "abc");
  EXPECT_EQ(read(write("b.gz", "abc")), "|'b.gz' is damaged: it is no gzip file");
  EXPECT_EQ(read(write("b.gz", "")), "|'b.gz' is damaged: it is no gzip file");
  EXPECT_EQ(read(write("b.zst", gzip("abc"))), "|'b.zst' is damaged: it is no zstd file");
}

TEST_F(ByteReaderTest, ReadsSeveralMembersAsOne) {
  const std::string text = long_text();
  EXPECT_EQ(read(write("a.gz", gzip("ab") + gzip("") + gzip("cd"))), "abcd");
  EXPECT_EQ(read(write("a.zst", zstd("ab") + zstd("") + zstd("cd")), 1), "abcd");
  EXPECT_TRUE(read(write("b.gz", gzip(text) + gzip(text))) == text + text);
  EXPECT_TRUE(read(write("b.zst", zstd(text) + zstd(text))) == text + text);
}

TEST_F(ByteReaderTest, DeliversWhatIsGoodBeforeDamage) {
  const std::string text = long_text();
  for (const std::string name : {"t.gz", "t.zst"}) {
    const std::string whole = name == "t.gz" ? gzip(text) : zstd(text);
    for (const size_t size : {whole.size() - 1, whole.size() / 2, size_t{5}}) {
      const std::string got = read(write(name, whole.substr(0, size)));
      const size_t bar = got.find('|');
      ASSERT_NE(bar, std::string::npos);
      EXPECT_EQ(got.substr(bar), "|'" + name + "' is damaged: it ends too early");
      EXPECT_TRUE(text.starts_with(got.substr(0, bar)));
      if (size == whole.size() / 2) {
        EXPECT_GT(bar, text.size() / 4);
      }
    }
  }
}

TEST_F(ByteReaderTest, NoticesDamage) {
  std::string bytes = gzip(long_text());
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // the checksum
  const std::string got = read(write("c.gz", bytes));
  EXPECT_EQ(got.substr(got.find('|')), "|'c.gz' is damaged: incorrect data check");
  EXPECT_EQ(read(write("d.gz", gzip("abc") + "garbage")),
            "abc|'d.gz' is damaged: incorrect header check");
  EXPECT_EQ(read(write("d.zst", zstd("abc") + "garbage")),
            "abc|'d.zst' is damaged: Unknown frame descriptor");
}

TEST(Names, AreReadWithoutTheirCompression) {
  EXPECT_EQ(without_compression_suffix("a/b.csv.gz"), "a/b.csv");
  EXPECT_EQ(without_compression_suffix("b.csv.ZST"), "b.csv");
  EXPECT_EQ(without_compression_suffix("b.csv"), "b.csv");
  EXPECT_EQ(without_compression_suffix("gz"), "gz");
  EXPECT_TRUE(has_suffix("B.CSV", ".csv"));
  EXPECT_FALSE(has_suffix("csv", ".csv"));
}

}  // namespace
}  // namespace tocsin::connectors
