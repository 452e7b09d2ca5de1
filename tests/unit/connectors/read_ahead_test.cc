#include "connectors/file/read_ahead.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <functional>
#include <random>

#include "connectors/csv/csv_decoder.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;
using runtime::WorkerPool;

constexpr size_t kLimit = 300;  // of a record's bytes

Catalog read_ahead_catalog() {
  return {{event("E", {field("s", Type::kString), field("n", Type::kInt, true),
                       field("at", Type::kTimestamp)}),
           event("F", {field("s", Type::kString), field("at", Type::kTimestamp)})}};
}

// A text of records good and bad, with everything that tells one line end from another.
class RandomText {
 public:
  RandomText(uint64_t seed, Format format) : random_(seed), is_csv_(format == Format::kCsv) {}

  std::string make() {
    std::string text = one_of({"", "", "\xEF\xBB\xBF"});
    if (is_csv_) text += "type,s,n,at" + line_end();
    const size_t records = random_() % 400;
    for (size_t i = 0; i < records; ++i) text += (is_csv_ ? cells() : object()) + line_end();
    if (random_() % 2 == 0) text += is_csv_ ? "E,last,1,5" : R"({"type":"F","s":"last","at":5})";
    if (random_() % 8 == 0) text += is_csv_ ? "\nE,\"it never ends,1,5\n\n" : "{\"type\":\"F\"";
    return text;
  }

 private:
  std::string one_of(std::initializer_list<std::string> texts) {
    return *(texts.begin() + random_() % texts.size());
  }
  std::string line_end() { return one_of({"\n", "\n", "\n", "\r\n", "\n\n", "\n \t\r\n"}); }
  std::string number() { return std::to_string(random_() % 1000); }
  std::string long_text() { return std::string(250 + random_() % 100, 'x'); }

  std::string object() {
    switch (random_() % 12) {
      case 0:
        return one_of({"nonsense", "[1]", "{", "{\"type\":\"E\",\"s\":\"no end", "\x80\xFF",
                       R"({"type":"G","s":"","at":1})", R"({"s":"a","at":1})",
                       R"({"type":"E","s":1,"at":1})", R"({"type":"E","s":"a","s":"b","at":1})"});
      case 1:
        return R"({"type":"E","s":")" + long_text() + R"(","n":null,"at":7})";
      case 2:
        return R"({"type":"F","s":"\u00e9\n\"\\","at":)" + number() + "}";
      case 3:
        return R"({"at":)" + number() + R"(,"s":"more than twelve bytes","type":"F"})";
      default:
        return R"({"type":"E","s":"k)" + number() + R"(","n":)" + number() + R"(,"at":)" +
               number() + "}";
    }
  }
  std::string cells() {
    switch (random_() % 12) {
      case 0:
        return one_of({"E,a,1", "G,a,1,5", "E,a,x,5", "E,\"a\"b,1,5", "E,\x80,1,5", ",a,1,5"});
      case 1:
        return "E," + long_text() + ",1,5";
      case 2:
        return "F,\"two\nlines, \"\"quoted\"\"\r\n\",," + number();
      default:
        return "E,k" + number() + "," + number() + "," + number();
    }
  }

  std::mt19937_64 random_;
  bool is_csv_;
};

std::unique_ptr<FileSource> open(const std::string& text, Format format, const Catalog& types) {
  std::unique_ptr<Decoder> decoder;
  if (format == Format::kCsv) {
    decoder = std::make_unique<CsvDecoder>(types, DecodeOptions{}, "input", kLimit);
  } else {
    decoder = std::make_unique<JsonDecoder>(types, DecodeOptions{}, kLimit);
  }
  return std::make_unique<FileSource>("input", std::make_unique<TextReader>(text, 1 << 20),
                                      std::move(decoder));
}

// Whatever happens between two reads.
using Between = std::function<void()>;

// The number of its first record.
uint64_t first_record(const eventtime::Batch& batch) {
  uint64_t first = UINT64_MAX;
  if (!batch.rows.empty()) first = batch.rows.front().record;
  if (!batch.rejects.empty()) first = std::min(first, batch.rejects.front().record);
  return first;
}

// What each read gives: records, reasons of rejects, how it goes on, and where the source stands.
std::vector<std::string> reads(
    runtime::Source& source, const Catalog& types, size_t batch_size,
    const Between& between = [] {}) {
  std::vector<std::string> lines;
  eventtime::Batch batch(types);
  for (bool more = true; more;) {
    batch.clear();
    batch.input = 7;
    const eventtime::Result<bool> read = source.read(batch, batch_size);
    EXPECT_EQ(batch.input, 7U);
    std::vector<std::string> records;
    append_records(records, batch, types, first_record(batch));
    lines.insert(lines.end(), records.begin(), records.end());
    if (!read) {
      lines.push_back("error: " + read.error().message);
      return lines;
    }
    more = *read;
    const runtime::SourcePosition position = source.position();
    lines.push_back((more ? "at " : "end ") + std::to_string(position.records) + "/" +
                    std::to_string(position.bytes) + "/" + std::to_string(position.head_hash) +
                    "/" + std::to_string(position.tail_hash) + "/" +
                    std::to_string(static_cast<int>(position.line)) + "/" +
                    std::to_string(source.bytes_read()));
    between();
  }
  return lines;
}

TEST(ReadAhead, GivesWhatTheSourceGivesWhoeverDecodesIt) {
  const Catalog types = read_ahead_catalog();
  for (uint64_t seed = 0; seed < 24; ++seed) {
    const Format format = seed % 2 == 0 ? Format::kJson : Format::kCsv;
    const std::string text = RandomText(seed, format).make();
    for (const size_t batch_size : {1, 2, 7, 90, 5000}) {
      const auto plain = open(text, format, types);
      const std::vector<std::string> expected = reads(*plain, types, batch_size);
      for (const size_t threads : {1, 2, 4}) {
        WorkerPool pool(threads);
        ReadAhead ahead(open(text, format, types), types);
        ahead.begin(pool, batch_size, 1 + seed % 5);
        EXPECT_EQ(reads(ahead, types, batch_size), expected)
            << "seed " << seed << ", " << threads << " threads, batches of " << batch_size;
      }
    }
  }
}

// As in a run: the same threads match, and now and then the process forks.
TEST(ReadAhead, SharesItsThreadsWithTasksAndPauses) {
  const Catalog types = read_ahead_catalog();
  const std::string json = RandomText(100, Format::kJson).make();
  const std::string csv = RandomText(101, Format::kCsv).make();
  WorkerPool pool(3);
  ReadAhead first(open(json, Format::kJson, types), types);
  ReadAhead second(open(csv, Format::kCsv, types), types);
  first.begin(pool, 3, 4);
  second.begin(pool, 3, 2);
  size_t turn = 0;
  const auto between = [&] {
    std::array<size_t, 3> done{};
    pool.run(done.size(), [&](size_t part) { done[part] = part + 1; });
    EXPECT_EQ(done, (std::array<size_t, 3>{1, 2, 3}));
    if (++turn % 5 == 0) const WorkerPool::Pause pause(pool);
  };
  EXPECT_EQ(reads(first, types, 3, between), reads(*open(json, Format::kJson, types), types, 3));
  EXPECT_EQ(reads(second, types, 3, between), reads(*open(csv, Format::kCsv, types), types, 3));
}

// The reader stands still: so do those who decode.
TEST(ReadAhead, IsSoManyBatchesAheadAndNoMore) {
  const Catalog types = read_ahead_catalog();
  std::string text;
  for (size_t i = 0; i < 100'000; ++i)
    text += R"({"type":"F","s":"a","at":1})"
            "\n";
  auto file = open(text, Format::kJson, types);
  const FileSource& source = *file;
  WorkerPool pool(4);
  ReadAhead ahead(std::move(file), types);
  ahead.begin(pool, 100, 5);
  eventtime::Batch batch(types);
  for (uint64_t read = 0; read < 50; ++read) {
    if (read > 0) {
      batch.clear();
      ASSERT_TRUE(*ahead.read(batch, 100));
    }
    EXPECT_EQ(ahead.position().records, read * 100);
    const WorkerPool::Pause pause(pool);
    EXPECT_LE(source.position().records, (read + 5) * 100);
  }
}

class ReadAheadFileTest : public testing::Test {
 protected:
  std::unique_ptr<FileSource> open(const std::string& name, const std::string& text) {
    const std::string path = (directory_.path() / name).string();
    std::ofstream(path) << text;
    auto source = open_source({path, {}, {}}, types_);
    EXPECT_TRUE(source) << source.error().message;
    return *std::move(source);
  }

  const Catalog types_ = read_ahead_catalog();
  tests::TemporaryDirectory directory_;
  WorkerPool pool_{2};
};

TEST_F(ReadAheadFileTest, GoesOnFromAPosition) {
  const std::string text = RandomText(8, Format::kJson).make();
  const auto first = open("in.jsonl", text);
  eventtime::Batch batch(types_);
  ASSERT_TRUE(first->read(batch, 50));
  const auto plain = open("in.jsonl", text);
  ASSERT_TRUE(plain->resume(first->position()));
  ReadAhead ahead(open("in.jsonl", text), types_);
  ASSERT_TRUE(ahead.resume(first->position()));
  EXPECT_EQ(ahead.position(), first->position());
  ahead.begin(pool_, 30, 3);
  EXPECT_EQ(reads(ahead, types_, 30), reads(*plain, types_, 30));
  EXPECT_EQ(ahead.bytes_read(), ahead.bytes_total());
}

TEST_F(ReadAheadFileTest, AnErrorIsGivenAndStaysAsTheEndDoes) {
  ReadAhead wrong(open("in.csv", "n,when\n1,2\n"), types_);
  ReadAhead empty(open("in.jsonl", ""), types_);
  wrong.begin(pool_, 10, 2);
  empty.begin(pool_, 10, 2);
  eventtime::Batch batch(types_);
  for (int time = 0; time < 2; ++time) {
    const auto read = wrong.read(batch, 10);
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().message.find("in.csv"), std::string::npos) << read.error().message;
    const auto end = empty.read(batch, 10);
    EXPECT_TRUE(end && !*end);
  }
}

TEST_F(ReadAheadFileTest, MayGoInTheMiddle) {
  ReadAhead ahead(open("in.jsonl", RandomText(8, Format::kJson).make()), types_);
  ahead.begin(pool_, 5, 4);
  eventtime::Batch batch(types_);
  EXPECT_TRUE(ahead.read(batch, 5));
}

}  // namespace
}  // namespace tocsin::connectors
