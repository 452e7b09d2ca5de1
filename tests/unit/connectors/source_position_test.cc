// Sources that go on where others stopped: the same records with the same numbers, or a refusal.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <fstream>
#include <thread>

#include "connectors/file/file_source.h"
#include "tests/support/compressed.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using runtime::LineState;
using runtime::SourcePosition;
using tests::gzip;
using tests::zstd;

const std::string kMark = "\xEF\xBB\xBF";
const std::string kAnother = " is not the input that the state was made from: ";
const std::string kHelp = "; run with that input, or without the state";

// Records of many lengths, some of them refused, blank lines, CRLF; the last one without line end.
std::string json_text(size_t records) {
  std::string text = kMark + "\n";
  for (size_t i = 0; i < records; ++i) {
    if (i % 7 == 3) text += "  \r\n";
    text += i % 5 == 4 ? "no record"
                       : R"({"s":")" + std::string(i * 37 % 900, 'x') + R"(","at":)" +
                             std::to_string(i) + "}";
    if (i + 1 < records) text += i % 3 == 0 ? "\r\n" : "\n";
  }
  return text;
}

std::string csv_text(size_t records) {
  std::string text = kMark + "\n  \nat,\"s\",more\r\n";
  for (size_t i = 0; i < records; ++i) {
    text += std::to_string(i) + ",\"" + std::string(i * 37 % 900, 'x') + "\n\"\"line\"\",\"";
    text += i % 5 == 4 ? "" : ",\"a\r\nb\"";
    if (i + 1 < records) text += "\n";
  }
  return text;
}

class SourcePositionTest : public testing::Test {
 protected:
  struct Stop {
    SourcePosition position;
    size_t lines;
  };

  static std::unique_ptr<runtime::Source> open(const std::string& path) {
    SourceSpec spec{path, {}, {}};
    if (path.find("csv") != std::string::npos) spec.format = Format::kCsv;
    auto source = open_source(spec, text_events());
    EXPECT_TRUE(source) << path;
    return source ? std::move(*source) : nullptr;
  }
  // The positions after each batch, and before the first one.
  static std::vector<Stop> stops_of(const std::string& path, size_t batch_size,
                                    std::vector<std::string>& lines) {
    const auto source = open(path);
    std::vector<Stop> stops = {{source->position(), 0}};
    while (true) {
      eventtime::Batch batch(text_events());
      if (!*source->read(batch, batch_size)) break;
      append_records(lines, batch, text_events());
      stops.push_back({source->position(), lines.size()});
    }
    stops.push_back({source->position(), lines.size()});
    return stops;
  }
  // What comes after the position; a refusal as the last line, without the directory.
  std::vector<std::string> rest(const std::string& path, const SourcePosition& position) const {
    const auto source = open(path);
    const auto resumed = source->resume(position);
    if (!resumed) return {shortened("refused: " + resumed.error().message)};
    EXPECT_EQ(source->position(), position);
    std::vector<std::string> lines = read_all(*source, text_events(), 1000);
    if (!lines.empty()) lines.back() = shortened(lines.back());
    return lines;
  }
  void expect_resumes_everywhere(const std::string& path, const std::string& text,
                                 size_t batch_size) const {
    std::vector<std::string> lines;
    for (const Stop& stop : stops_of(path, batch_size, lines)) {
      const size_t bytes = stop.position.bytes;
      const size_t hashed = std::min<size_t>(bytes, 4096);
      EXPECT_EQ(stop.position.records, stop.lines);
      EXPECT_EQ(stop.position.head_hash, XXH3_64bits(text.data(), hashed));
      EXPECT_EQ(stop.position.tail_hash, XXH3_64bits(text.data() + bytes - hashed, hashed));
      const auto expected = lines.begin() + static_cast<std::ptrdiff_t>(stop.lines);
      ASSERT_EQ(rest(path, stop.position), std::vector<std::string>(expected, lines.end()))
          << path << " behind byte " << bytes;
    }
    EXPECT_GT(lines.size(), 20U);
  }
  std::string shortened(std::string message) const {
    const std::string prefix = directory_.path().string() + "/";
    const size_t at = message.find(prefix);
    return at == std::string::npos ? message : message.erase(at, prefix.size());
  }
  std::string write(const std::string& name, const std::string& text) const {
    return directory_.write(name, text);
  }
  // After the whole of `text`.
  SourcePosition end_of(const std::string& name, const std::string& text) const {
    std::vector<std::string> lines;
    return stops_of(write(name, text), 1000, lines).back().position;
  }
  std::vector<std::string> grown(const std::string& name, const std::string& before,
                                 const std::string& after) const {
    const SourcePosition position = end_of(name, before);
    return rest(write(name, before + after), position);
  }

  tests::TemporaryDirectory directory_;
};

TEST_F(SourcePositionTest, GoesOnBehindEveryBatchOfEveryFormat) {
  for (const std::string& text : {json_text(80), csv_text(80)}) {
    const std::string name = text == csv_text(80) ? "a.csv" : "a.jsonl";
    for (const size_t batch_size : {1, 7, 1000}) {
      expect_resumes_everywhere(write(name, text), text, batch_size);
      expect_resumes_everywhere(write(name + ".gz", gzip(text)), text, batch_size);
      expect_resumes_everywhere(write(name + ".zst", zstd(text)), text, batch_size);
    }
  }
}

TEST_F(SourcePositionTest, GoesOnInLargeFiles) {
  const std::string text = json_text(10'000);  // several buffers
  expect_resumes_everywhere(write("a.jsonl", text), text, 501);
  expect_resumes_everywhere(write("a.jsonl.zst", zstd(text)), text, 2501);
}

// So that several inputs take turns as they would have: buffers do not begin where reading does.
TEST_F(SourcePositionTest, BatchesEndAtTheSameRecords) {
  const std::string text = json_text(10'000);
  for (const std::string name : {"a.jsonl", "a.jsonl.gz", "a.jsonl.zst"}) {
    const std::string path = write(name, name == "a.jsonl"       ? text
                                         : name.ends_with("zst") ? zstd(text)
                                                                 : gzip(text));
    std::vector<std::string> lines;
    constexpr size_t kBatchSize = 700;
    const std::vector<Stop> stops = stops_of(path, kBatchSize, lines);
    ASSERT_GT(stops.size(), 15U);
    for (size_t i = 0; i < stops.size(); ++i) {
      const auto source = open(path);
      ASSERT_TRUE(source->resume(stops[i].position));
      for (size_t next = i + 1; next < stops.size(); ++next) {
        eventtime::Batch batch(text_events());
        ASSERT_TRUE(source->read(batch, kBatchSize));
        ASSERT_EQ(source->position(), stops[next].position) << name << " from " << i;
      }
    }
  }
}

TEST_F(SourcePositionTest, GoesOnInPipes) {
  for (const std::string& text : {json_text(80), csv_text(80)}) {
    const std::string name = text == csv_text(80) ? "csv" : "json";
    std::vector<std::string> lines;
    for (const Stop& stop : stops_of(write(name + ".file", text), 9, lines)) {
      const std::string path = directory_.path(name + std::to_string(stop.lines));
      ::unlink(path.c_str());
      ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
      std::thread writer([&] { std::ofstream(path, std::ios::binary) << text; });
      const std::vector<std::string> got = rest(path, stop.position);
      writer.join();
      const auto expected = lines.begin() + static_cast<std::ptrdiff_t>(stop.lines);
      EXPECT_EQ(got.size(), lines.size() - stop.lines);
      EXPECT_TRUE(std::equal(got.begin(), got.end(), expected, lines.end()));
    }
  }
}

TEST_F(SourcePositionTest, GoesOnInsideARecordThatIsTooLong) {
  const std::string text =
      "1\n\"" + std::string(600'000, 'x') + "\n" + R"({"s":"a","at":0})" + "\n";
  const auto open_limited = [&] {
    return FileSource("a", std::make_unique<TextReader>(text, 1500),
                      std::make_unique<JsonDecoder>(text_events(), DecodeOptions{}, 1000));
  };
  FileSource whole = open_limited();
  eventtime::Batch batch(text_events());
  ASSERT_TRUE(*whole.read(batch, 1));
  batch.clear();
  ASSERT_TRUE(*whole.read(batch, 1));
  ASSERT_EQ(whole.position().line, LineState::kSkipping);
  FileSource resumed = open_limited();
  ASSERT_TRUE(resumed.resume(whole.position()));
  const std::vector<std::string> expected = {
      R"(2 E{s: "a", at: "1970-01-01T00:00:00.000Z"} <- {"s":"a","at":0})"};
  EXPECT_EQ(read_all(resumed, text_events(), 10), expected);
}

TEST_F(SourcePositionTest, GoesOnWhereTheInputHasGrown) {
  const std::vector<std::string> second = {
      R"(1 E{s: "b", at: "1970-01-01T00:00:00.000Z"} <- {"s":"b","at":0})"};
  const std::string first_line = R"({"s":"a","at":0})";
  const std::string second_line = R"({"s":"b","at":0})";
  EXPECT_EQ(grown("a", first_line + "\n", second_line), second);
  EXPECT_EQ(grown("a", first_line, "\n" + second_line), second);
  EXPECT_EQ(grown("a", first_line, "\r\n" + second_line), second);
  EXPECT_EQ(grown("a", first_line + "\n  ", "\n" + second_line), second);
  EXPECT_TRUE(grown("a", first_line, "").empty());
  EXPECT_TRUE(grown("a", first_line, "\r").empty());
  const std::vector<std::string> csv = {R"(0 E{s: "b", at: "1970-01-01T00:00:00.000Z"} <- 0,b)"};
  EXPECT_EQ(grown("a.csv", "at,s", "\n0,b"), csv);
  EXPECT_EQ(grown("a.csv", "at,s\n", "0,b"), csv);
  EXPECT_EQ(grown("a.csv", "\n \n", "at,s\n0,b"), csv);
}

TEST_F(SourcePositionTest, RefusesALineThatHasGrown) {
  const auto refused = [](const std::string& name) {
    return std::vector<std::string>{"error: '" + name + "'" + kAnother +
                                    "its last line had no line end and has gone on since" + kHelp};
  };
  EXPECT_EQ(grown("a", "{", "}"), refused("a"));
  EXPECT_EQ(grown("a", "{}\n ", "{}"), refused("a"));
  EXPECT_EQ(grown("a", "{}", "\r{}"), refused("a"));
  EXPECT_EQ(grown("a", "\xEF\xBB", "\xBF{}"), refused("a"));
  EXPECT_EQ(grown("a.csv", "at,s\n0,a", "b\n"), refused("a.csv"));
  EXPECT_EQ(grown("a.csv", "at,s", ",t\n"), refused("a.csv"));
  // The line end would have been part of the cell.
  EXPECT_EQ(grown("a.csv", "at,s\n0,\"a\n", "b\"\n"), refused("a.csv"));
  EXPECT_EQ(grown("a.csv", "at,s\n0,\"a", "\nb\"\n"), refused("a.csv"));
  EXPECT_TRUE(grown("a.csv", "at,s\n0,\"a", "").empty());
}

TEST_F(SourcePositionTest, RefusesAnotherInput) {
  const std::string text = json_text(100);
  const auto refused = [](const std::string& how) {
    return std::vector<std::string>{"refused: 'a'" + kAnother + how + kHelp};
  };
  const std::string shorter = "it ends before the place where the state stands";
  const SourcePosition end = end_of("a", text);
  EXPECT_EQ(rest(write("a", text.substr(0, text.size() - 1)), end), refused(shorter));
  EXPECT_EQ(rest(write("a", text.substr(0, 5000)), end), refused(shorter));
  EXPECT_EQ(rest(write("a", ""), end), refused(shorter));
  EXPECT_EQ(rest(write("a", gzip(text.substr(0, 5000))), end), refused(shorter));
  std::string changed = text;
  changed[10] ^= 1;
  EXPECT_EQ(rest(write("a", changed), end), refused("its first bytes differ"));
  changed = text;
  changed[text.size() - 4096] ^= 1;
  EXPECT_EQ(rest(write("a", changed), end),
            refused("the bytes before the place where the state stands differ"));
  EXPECT_TRUE(rest(write("a", zstd(text)), end).empty());  // how it is packed does not matter
}

}  // namespace
}  // namespace tocsin::connectors
