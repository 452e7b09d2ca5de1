#include "server/read_ahead.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "connectors/file/file_source.h"
#include "tests/support/json_run.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

const std::string kEvent = "event E { n: int, at: timestamp } time at\npattern p { match a: E }\n";

std::unique_ptr<runtime::Source> open(const std::string& path, const eventtime::Catalog& catalog) {
  auto source = connectors::open_source({path, {}, {}}, catalog);
  EXPECT_TRUE(source) << source.error().message;
  return std::move(*source);
}

// What each read gives: numbers of records, reasons of rejects, and the position behind.
std::vector<std::string> read_all(runtime::Source& source, const eventtime::Catalog& catalog,
                                  size_t batch_size) {
  std::vector<std::string> reads;
  eventtime::Batch batch(catalog);
  for (bool more = true; more;) {
    batch.clear();
    batch.input = 7;
    const eventtime::Result<bool> read = source.read(batch, batch_size);
    EXPECT_EQ(batch.input, 7U);
    std::string text;
    for (const eventtime::Row& row : batch.rows) text += std::string(row.raw) + " ";
    for (const eventtime::Reject& reject : batch.rejects) text += reject.reason + " ";
    if (!read) {
      reads.push_back(text + read.error().message);
      return reads;
    }
    more = *read;
    const runtime::SourcePosition position = source.position();
    reads.push_back(text + std::to_string(position.records) + "/" + std::to_string(position.bytes) +
                    "/" + std::to_string(position.tail_hash) + (more ? "" : " end"));
  }
  return reads;
}

class ReadAheadTest : public testing::Test {
 protected:
  std::string write(const std::string& name, size_t records, const std::string& end = "") {
    const std::string path = (directory_.path() / name).string();
    std::ofstream file(path);
    for (size_t i = 0; i < records; ++i) {
      file << (i % 50 == 49 ? "nonsense" : "{\"n\":" + std::to_string(i) + ",\"at\":5}") << "\n";
    }
    file << end;
    return path;
  }

  patterns::PatternSet set_ = tests::load_patterns(kEvent);
  tests::TemporaryDirectory directory_;
};

TEST_F(ReadAheadTest, GivesWhatTheSourceGivesAndStandsWhereItStood) {
  const std::string path = write("in.jsonl", 1000);
  for (const size_t batch_size : {1, 7, 300, 5000}) {
    const auto plain = open(path, set_.catalog);
    ReadAhead ahead(open(path, set_.catalog), set_.catalog);
    EXPECT_EQ(read_all(ahead, set_.catalog, batch_size),
              read_all(*plain, set_.catalog, batch_size));
    EXPECT_EQ(ahead.bytes_read(), ahead.bytes_total());
    eventtime::Batch batch(set_.catalog);
    const auto again = ahead.read(batch, batch_size);  // the end stays the end
    EXPECT_TRUE(again && !*again);
  }
}

TEST_F(ReadAheadTest, GoesOnFromAPosition) {
  const std::string path = write("in.jsonl", 300);
  const auto first = open(path, set_.catalog);
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(first->read(batch, 100));
  const auto plain = open(path, set_.catalog);
  ASSERT_TRUE(plain->resume(first->position()));
  ReadAhead ahead(open(path, set_.catalog), set_.catalog);
  ASSERT_TRUE(ahead.resume(first->position()));
  EXPECT_EQ(ahead.position(), first->position());
  EXPECT_EQ(read_all(ahead, set_.catalog, 30), read_all(*plain, set_.catalog, 30));
}

TEST_F(ReadAheadTest, AnErrorIsGivenAndStays) {
  const std::string path = (directory_.path() / "in.csv").string();
  std::ofstream(path) << "n,when\n1,2\n";
  ReadAhead ahead(open(path, set_.catalog), set_.catalog);
  eventtime::Batch batch(set_.catalog);
  for (int time = 0; time < 2; ++time) {
    const auto read = ahead.read(batch, 10);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("'at'"), std::string::npos) << read.error().message;
  }
}

TEST_F(ReadAheadTest, EndsInTheMiddle) {
  const std::string path = write("in.jsonl", 1000);
  ReadAhead ahead(open(path, set_.catalog), set_.catalog);
  eventtime::Batch batch(set_.catalog);
  EXPECT_TRUE(ahead.read(batch, 10));
}

}  // namespace
}  // namespace tocsin::server
