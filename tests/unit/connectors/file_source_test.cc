#include "connectors/file/file_source.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <random>

#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

Catalog catalog() {
  return {{event("E", {field("s", Type::kString), field("at", Type::kTimestamp)})}};
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

std::vector<std::string> read_file(const SourceSpec& spec, size_t batch_size = 1000) {
  const Catalog types = catalog();
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
