#include "connectors/file/file_source.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "tests/support/compressed.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using tests::zstd;

std::vector<std::string> read_file(const SourceSpec& spec, size_t batch_size = 1000) {
  const Catalog types = text_events();
  const auto source = open_source(spec, types);
  if (!source) return {"cannot open: " + source.error().message};
  EXPECT_EQ((*source)->name(), spec.path);
  std::vector<std::string> lines = read_all(**source, types, batch_size);
  EXPECT_EQ((*source)->bytes_read(), (*source)->bytes_total());
  return lines;
}

const std::string kRow = R"(E{s: "a", at: "1970-01-01T00:00:00.000Z"})";

TEST(FileSource, TheNameTellsTheFormat) {
  EXPECT_EQ(format_of("a.csv"), Format::kCsv);
  EXPECT_EQ(format_of("a.CSV.gz"), Format::kCsv);
  EXPECT_EQ(format_of("a.csv.zst"), Format::kCsv);
  EXPECT_EQ(format_of("a.jsonl"), Format::kJson);
  EXPECT_EQ(format_of("a.csv.bak"), Format::kJson);
  EXPECT_EQ(format_of("-"), Format::kJson);
}

// Buffers change hands between source and batches, and batches are used again.
TEST(FileSource, KeepsEveryRecordWholeOverManyReads) {
  const Catalog types = text_events();
  std::vector<std::string> records;
  std::string text;
  std::mt19937_64 random(3);
  while (text.size() < 4'000'000) {
    const std::string key(random() % (records.size() % 1000 == 0 ? 200'000 : 300), 'k');
    records.push_back("{\"s\":\"" + key + std::to_string(records.size()) + "\",\"at\":0}");
    text += records.back() + "\n";
  }
  for (const size_t batch_size : {size_t{500}, size_t{3000}, size_t{100'000}}) {
    for (const size_t piece : {size_t{50'000}, size_t{1} << 20}) {
      FileSource source("input", std::make_unique<TextReader>(text, piece),
                        std::make_unique<JsonDecoder>(types, DecodeOptions{}));
      std::array<eventtime::Batch, 2> batches = {eventtime::Batch(types), eventtime::Batch(types)};
      size_t found = 0;
      for (size_t turn = 0;; ++turn) {
        eventtime::Batch& batch = batches[turn % 2];
        batch.clear();
        if (!*source.read(batch, batch_size)) break;
        ASSERT_TRUE(batch.rejects.empty());
        for (const eventtime::Row& row : batch.rows) {
          const std::string& record = records.at(found++);
          ASSERT_EQ(row.raw, record);
          ASSERT_EQ(batch.tables[0].columns[0].text(row.table_row).view(),
                    record.substr(6, record.size() - 6 - 9));
        }
      }
      EXPECT_EQ(found, records.size());
    }
  }
}

TEST(FileSource, ReadsFilesOfEachFormat) {
  const tests::TemporaryDirectory directory;
  const std::string json = R"({"s":"a","at":0})";
  const std::string csv = "at,s\n0,a\n";
  const std::vector<std::string> from_json = {"0 " + kRow + " <- " + json};
  const std::vector<std::string> from_csv = {"0 " + kRow + " <- 0,a"};
  EXPECT_EQ(read_file({directory.write("a.jsonl", json), {}, {}}), from_json);
  EXPECT_EQ(read_file({directory.write("a.csv", csv), {}, {}}), from_csv);
  EXPECT_EQ(read_file({directory.write("a.csv.zst", zstd(csv)), {}, {}}), from_csv);
  EXPECT_EQ(read_file({directory.write("a.txt", csv), Format::kCsv, {}}), from_csv);
  EXPECT_EQ(read_file({directory.write("b.csv", json), Format::kJson, {}}), from_json);
}

TEST(FileSource, DeliversWholeRecordsBeforeDamage) {
  const tests::TemporaryDirectory directory;
  std::string text;
  std::mt19937_64 random(1);  // so that it fills several blocks
  for (int i = 0; i < 30'000; ++i) {
    text += R"({"s":"a","at":0,"x":)" + std::to_string(random()) + "}\n";
  }
  std::string bytes = zstd(text);
  bytes.resize(bytes.size() / 2);
  const std::string path = directory.write("a.jsonl.zst", bytes);
  for (const size_t batch_size : {100, 100'000}) {
    const std::vector<std::string> lines = read_file({path, {}, {}}, batch_size);
    ASSERT_GT(lines.size(), 1000U);
    EXPECT_EQ(lines.back(), "error: '" + path + "' is damaged: it ends too early");
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      ASSERT_TRUE(lines[i].starts_with(std::to_string(i) + " " + kRow)) << lines[i];
    }
  }
}

TEST(FileSource, SaysWhatCannotBeRead) {
  const std::vector<std::string> expected = {
      "cannot open: cannot read '/nowhere/x.jsonl': No such file or directory"};
  EXPECT_EQ(read_file({"/nowhere/x.jsonl", {}, {}}), expected);
}

}  // namespace
}  // namespace tocsin::connectors
