#include "connectors/csv/csv_decoder.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/unit/connectors/decoding.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

Catalog payments() {
  return {{event("P", {field("s", Type::kString), field("n", Type::kInt, true),
                       field("x", Type::kFloat, true, "merchant.x"), field("ok", Type::kBool, true),
                       field("d", Type::kDuration, true), field("at", Type::kTimestamp)})}};
}

std::vector<std::string> decode(const std::string& text, const Catalog& catalog,
                                const DecodeOptions& options = {}, const Slicing& slicing = {}) {
  return decode_text<CsvDecoder>(text, catalog, slicing, options, "in.csv");
}

// The row or reason of one record under the header "s,n,merchant.x,ok,d,at,other".
std::string csv_outcome(const std::string& record) {
  const auto lines = decode("s,n,merchant.x,ok,d,at,other\r\n" + record + "\r\n", payments());
  EXPECT_EQ(lines.size(), 1U);
  const std::string line = lines[0];
  const size_t begin = line.find(' ') + 1;
  return line.substr(begin, line.find(" <- ") - begin);
}

struct CsvDecoderCase {
  std::string record;
  std::string expected;
};

TEST(CsvDecoder, ReadsCellsByTheirDeclaredType) {
  const std::string at = R"(, at: "1970-01-01T00:00:01.000Z"})";
  const std::vector<CsvDecoderCase> cases = {
      {"a,1,2.5,true,1h,1000,z", R"(P{s: "a", n: 1, x: 2.5, ok: true, d: "1h")" + at},
      {"a,1.0,1e3,1,1500,1e3,", R"(P{s: "a", n: 1, x: 1000.0, ok: true, d: "1s500ms")" + at},
      {"a,,,,,1970-01-01 00:00:01,", R"(P{s: "a", n: null, x: null, ok: null, d: null)" + at},
      {"\"\",-7,+.5,0,,1000,", R"(P{s: "", n: -7, x: 0.5, ok: false, d: null)" + at},
      {"\"a,\"\"b\"\"\nc\",007,5.,false,,1000,",
       R"(P{s: "a,\"b\"\nc", n: 7, x: 5.0, ok: false, d: null)" + at},
      {"\"a\",\"1\",\"2\",\"true\",\"1h\",\"1000\",\"z\"",
       R"(P{s: "a", n: 1, x: 2.0, ok: true, d: "1h")" + at},
      {" a ,1,2,true,1h,1000,z", R"(P{s: " a ", n: 1, x: 2.0, ok: true, d: "1h")" + at},
      {"a\rb,1,,,,1000,", R"(P{s: "a\rb", n: 1, x: null, ok: null, d: null)" + at},
      {",1,2,true,1h,1000,z", "refused: field 's': expected string, found an empty cell"},
      {"a, 1,,,,1000,", "refused: field 'n': ' 1' is no int"},
      {"a,\"\",,,,1000,", "refused: field 'n': '' is no int"},
      {"a,1.5,,,,1000,", "refused: field 'n': expected int, found the fraction 1.5"},
      {"a,1e19,,,,1000,", "refused: field 'n': 1e19 does not fit into int"},
      {"a,,1e999,,,1000,", "refused: field 'x': 1e999 does not fit into float"},
      {"a,,nan,,,1000,", "refused: field 'x': 'nan' is no float"},
      {"a,,,True,,1000,", "refused: field 'ok': 'True' is no bool"},
      {"a,,,,1 h,1000,", "refused: field 'd': '1 h' is no duration"},
      {"a,,,,,soon,", "refused: field 'at': 'soon' is no timestamp"},
      {"a,,,,,1.5,", "refused: field 'at': expected timestamp, found the fraction 1.5"},
      {"a,,,,,,", "refused: field 'at': expected timestamp, found an empty cell"},
      {"a,1", "refused: 2 cells where the header has 7"},
      {"a,1,2,true,1h,1000,z,", "refused: 8 cells where the header has 7"},
      {"\"a\"b,1,2,true,1h,1000,z", "refused: text follows a quoted cell"},
      {"a\"b,1,2,true,1h,1000,z", "refused: a quote stands inside a cell without quotes"},
      {"a,1,2,true,1h,1000,\"z", "refused: a quoted cell does not end"},
      {"a\xFF,1,2,true,1h,1000,z", "refused: bytes that are no UTF-8"},
  };
  for (const CsvDecoderCase& test : cases)
    EXPECT_EQ(csv_outcome(test.record), test.expected) << test.record;
}

TEST(CsvDecoder, ABadByteSpoilsOnlyItsRecord) {
  const auto lines =
      decode("s,at\na,0\n\xC3,0\nb,0\n",
             {{event("E", {field("s", Type::kString), field("at", Type::kTimestamp)})}});
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[1], "1 refused: bytes that are no UTF-8 <- \xC3,0");
  EXPECT_EQ(lines[2], "2 E{s: \"b\", at: \"1970-01-01T00:00:00.000Z\"} <- b,0");
}

TEST(CsvDecoder, ExplainsAHeaderThatDoesNotFit) {
  const auto error = [](const std::string& header, const DecodeOptions& options = {}) {
    const auto lines = decode(header + "\na,b\n", payments(), options);
    return lines.empty() ? std::string() : lines.back();
  };
  EXPECT_EQ(error("s,at,s"), "error: header of 'in.csv': column 's' stands twice");
  EXPECT_EQ(error("other,at"),
            "error: header of 'in.csv': no column 's' for field 's' of 'P'; "
            "its columns are other, at");
  EXPECT_EQ(error("s,att"),
            "error: header of 'in.csv': no column 'at' for field 'at' of 'P'; "
            "did you mean 'att'? its columns are s, att");
  EXPECT_EQ(error("s,at", {{}, "kind"}),
            "error: header of 'in.csv': no column 'kind' that names the event's type; "
            "its columns are s, at");
  EXPECT_EQ(error("s,\"at"), "error: header of 'in.csv': a quoted cell does not end");
  EXPECT_EQ(error("s,a\xFFt"), "error: header of 'in.csv': bytes that are no UTF-8");
}

TEST(CsvDecoder, AnEmptyFileHasNoRecords) {
  EXPECT_TRUE(decode("", payments()).empty());
  EXPECT_TRUE(decode("\r\n\n", payments()).empty());
  EXPECT_TRUE(decode("\xEF\xBB\xBFs,at", payments()).empty());
}

TEST(CsvDecoder, TellsTheTypeByAColumn) {
  const Catalog catalog = {{event("A", {field("x", Type::kInt), field("at", Type::kTimestamp)}),
                            event("B", {field("y", Type::kInt), field("z", Type::kInt),
                                        field("at", Type::kTimestamp)})}};
  const auto lines = decode("type,x,y,at\nA,1,,0\nB,,1,0\n\"A\",1,,0\nC,1,,0\n,1,,0\n", catalog);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "0 A{x: 1, at: \"1970-01-01T00:00:00.000Z\"} <- A,1,,0");
  EXPECT_EQ(lines[1], "1 refused: field 'z' is missing <- B,,1,0");
  EXPECT_EQ(lines[2], "2 A{x: 1, at: \"1970-01-01T00:00:00.000Z\"} <- \"A\",1,,0");
  EXPECT_EQ(lines[3], "3 refused: unknown event type 'C' <- C,1,,0");
  EXPECT_EQ(lines[4], "4 refused: no field 'type' that names the event's type <- ,1,,0");
}

TEST(CsvDecoder, ShowsRecordsAsObjectsOfTheirColumns) {
  const Catalog catalog = payments();
  FileSource source(
      "in.csv",
      std::make_unique<TextReader>("other,s,n,merchant.x,ok,d,at,\"a \"\"b\"\"\"\n"
                                   "5,t,1e1,0.1,1,90000,2026-03-01 10:00:00.5,\n"
                                   "\"\",\"x\"\"\ny\",,3,,,1970-01-01T00:00:00.000001Z,\"q\"\n",
                                   1 << 20),
      std::make_unique<CsvDecoder>(catalog, DecodeOptions{}, "in.csv"));
  eventtime::Batch batch(catalog);
  ASSERT_TRUE(*source.read(batch, 10));
  ASSERT_EQ(batch.rows.size(), 2U);
  std::string shown;
  for (const eventtime::Row& row : batch.rows) {
    source.format().append_json(shown, row.raw, row.type);
    shown += "\n";
  }
  EXPECT_EQ(shown, R"({"other":"5","s":"t","n":10,"merchant.x":0.1,"ok":true,"d":"1m30s",)"
                   R"("at":"2026-03-01T10:00:00.500Z","a \"b\"":null})"
                   "\n"
                   R"({"other":"","s":"x\"\ny","n":null,"merchant.x":3.0,"ok":null,"d":null,)"
                   R"("at":"1970-01-01T00:00:00.000001Z","a \"b\"":"q"})"
                   "\n");
}

// ---- against a plain reference, byte by byte ----

std::vector<std::string> reference_records(const std::string& text) {
  std::vector<std::string> records;
  std::string record;
  enum { kCellStart, kPlain, kQuoted, kQuoteInQuoted } state = kCellStart;
  const auto finish = [&] {
    if (!record.empty() && record.back() == '\r') record.pop_back();
    if (record.find_first_not_of(" \t\r") != std::string::npos) records.push_back(record);
    record.clear();
    state = kCellStart;
  };
  for (const char c : text) {
    if (c == '\n' && state != kQuoted) {
      finish();
      continue;
    }
    record += c;
    if (state == kQuoted) {
      if (c == '"') state = kQuoteInQuoted;
    } else if (c == '"' && (state == kCellStart || state == kQuoteInQuoted)) {
      state = kQuoted;
    } else {
      state = c == ',' ? kCellStart : kPlain;
    }
  }
  finish();
  return records;
}

// The cells of a record as JSON, null where empty; or what is wrong.
std::string reference_outcome(const std::string& record) {
  std::vector<std::string> cells;
  for (size_t at = 0;; ++at) {
    std::string cell;
    bool quoted = at < record.size() && record[at] == '"';
    if (quoted) {
      for (++at;; ++at) {
        if (at >= record.size()) return "refused: a quoted cell does not end";
        if (record[at] == '"' && (++at >= record.size() || record[at] != '"')) break;
        cell += record[at];
      }
      if (at < record.size() && record[at] != ',') return "refused: text follows a quoted cell";
    } else {
      for (; at < record.size() && record[at] != ','; ++at) {
        cell += record[at];
      }
      if (cell.find('"') != std::string::npos) {
        return "refused: a quote stands inside a cell without quotes";
      }
    }
    std::string shown = "null";
    if (quoted || !cell.empty()) {
      shown.clear();
      eventtime::append_json_string(shown, cell);
    }
    cells.push_back(shown);
    if (at >= record.size()) break;
  }
  if (cells.size() != 3) {
    return "refused: " + std::to_string(cells.size()) + " cells where the header has 3";
  }
  if (cells[2] != "\"0\"") return "refused";
  return "E{a: " + cells[0] + ", b: " + cells[1] + R"(, at: "1970-01-01T00:00:00.000Z"})";
}

void compare_csv_with_reference(uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<std::string> pieces = {"a",      "bc",
                                           "\"",     "\"\"",
                                           ",",      ",",
                                           ",0\n",   ",0\n",
                                           ",0\r\n", "\n",
                                           "\r",     " ",
                                           "\"x\"",  "\"y,\"\"\n\"",
                                           "é",      "long text without end"};
  std::string body;
  for (size_t count = random() % 80; count > 0; --count) body += pieces[random() % pieces.size()];
  const Catalog catalog = {
      {event("E", {field("a", Type::kString, true), field("b", Type::kString, true),
                   field("at", Type::kTimestamp)})}};
  const std::vector<std::string> records = reference_records(body);
  for (const size_t batch : {1, 2, 7, 1000}) {
    for (const size_t piece : {1, 5, 1 << 20}) {
      const auto lines = decode("a,b,at\n" + body, catalog, {}, {batch, piece});
      ASSERT_EQ(lines.size(), records.size());
      for (size_t i = 0; i < lines.size(); ++i) {
        const std::string expected = reference_outcome(records[i]);
        const std::string start = std::to_string(i) + " " + expected;
        ASSERT_EQ(lines[i].substr(0, start.size()), start);
        ASSERT_TRUE(lines[i].ends_with(" <- " + records[i])) << lines[i];
      }
    }
  }
}

// A record without quotes is read in another way than one that has them anywhere.
void compare_plain_with_quoted(uint64_t seed) {
  std::mt19937_64 random(seed);
  const std::vector<std::string> cells = {
      "",
      "a",
      "twelve bytes",
      "thirteen byte",
      "-",
      "0",
      "-17",
      "+4",
      "007",
      "1.5",
      "1e3",
      ".5",
      "123456789012",
      "12345678901234567890",
      "-0.25",
      "48.137154",
      "true",
      "0 ",
      "1m30s",
      "2026-03-01T10:00:00Z",
      "1767225600000",
      "99999999999999999",
      "é",
      "a long cell "
      "that fills more than one block of bytes and reaches into the next but one of them"};
  std::string plain = "s,n,merchant.x,ok,d,at,other\n";
  std::string quoted = plain;
  for (int record = 0; record < 200; ++record) {
    std::string line;
    const size_t count = random() % 16 == 0 ? 4 + random() % 4 : 6;
    for (size_t i = 0; i < count; ++i) {
      const bool is_time = i == 5 && random() % 4 != 0;
      line += (is_time ? "1767225600000" : cells[random() % cells.size()]) + ",";
    }
    plain += line + "x\n";
    quoted += line + "\"x\"\n";
  }
  const auto expected = decode(quoted, payments());
  const auto found = decode(plain, payments());
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_EQ(found[i].substr(0, found[i].find(" <- ")),
              expected[i].substr(0, expected[i].find(" <- ")));
  }
}

TEST(CsvProperty, PlainRecordsAreReadAsQuotedOnes) {
  for (uint64_t seed = 1; seed <= 60 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    compare_plain_with_quoted(seed);
  }
}

TEST(CsvProperty, AgreesWithTheReference) {
  for (uint64_t seed = 1; seed <= 60 && !HasFatalFailure(); ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    compare_csv_with_reference(seed);
  }
}

}  // namespace
}  // namespace tocsin::connectors
