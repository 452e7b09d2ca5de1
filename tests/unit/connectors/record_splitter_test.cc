#include "connectors/record_splitter.h"

#include <gtest/gtest.h>

#include "connectors/csv/csv_record.h"

namespace tocsin::connectors {
namespace {

// All records of `text`, given to the splitter in pieces; those too long marked with '!'.
template <class EndFinder>
std::vector<std::string> split(const std::string& text, size_t limit, size_t piece,
                               size_t max_records) {
  RecordSplitter<EndFinder> splitter(limit);
  std::vector<std::string> found;
  std::string buffer;
  size_t given = 0;
  while (true) {
    const bool at_end = given == text.size();
    std::vector<RecordSpan> records;
    const size_t used = splitter.cut(buffer, at_end, max_records, records);
    EXPECT_LE(records.size(), max_records);
    for (const RecordSpan& span : records) {
      found.push_back((span.too_long ? "!" : "") + buffer.substr(span.begin, span.size));
    }
    buffer.erase(0, used);
    if (used > 0) continue;
    if (at_end) {
      EXPECT_EQ(buffer, "");
      return found;
    }
    buffer += text.substr(given, piece);
    given = std::min(text.size(), given + piece);
  }
}

struct RecordSplitterCase {
  std::string text;
  std::vector<std::string> expected;
};

template <class EndFinder>
void expect_records(const std::vector<RecordSplitterCase>& cases, size_t limit) {
  for (const RecordSplitterCase& test : cases) {
    for (const size_t piece : {1, 2, 3, 7, 1000}) {
      for (const size_t max_records : {1, 2, 1000}) {
        EXPECT_EQ(split<EndFinder>(test.text, limit, piece, max_records), test.expected)
            << testing::PrintToString(test.text) << " in pieces of " << piece;
      }
    }
  }
}

TEST(RecordSplitter, CutsLines) {
  expect_records<LineEnd>(
      {
          {"", {}},
          {"\n", {}},
          {"a", {"a"}},
          {"a\n", {"a"}},
          {"a\r\nb\r\n", {"a", "b"}},
          {"a\nb", {"a", "b"}},
          {"a\r", {"a"}},
          {"a\rb\n", {"a\rb"}},
          {"a\r\r\n", {"a\r"}},
          {" \n\t\r\n\na\n \n", {"a"}},
          {" a \n", {" a "}},
          {std::string("\0\n", 2), {std::string("\0", 1)}},
      },
      100);
}

TEST(RecordSplitter, KeepsPartOfLinesThatAreTooLong) {
  expect_records<LineEnd>(
      {
          {"12345\nab\n", {"12345", "ab"}},
          {"123456\nab\n", {"!12345", "ab"}},
          {"123456", {"!12345"}},
          {"1234567890123\n\nab", {"!12345", "ab"}},
          {"1234567890\n1234567890\nab", {"!12345", "!12345", "ab"}},
          {"1234\r\nab", {"1234", "ab"}},
          {"12345\r\nab", {"!12345", "ab"}},  // the carriage return counts
          {"       \nab", {"!     ", "ab"}},
      },
      5);
}

TEST(RecordSplitter, KeepsALineEndInsideQuotes) {
  expect_records<CsvEnd>(
      {
          {"a,b\nc,d\n", {"a,b", "c,d"}},
          {"\"a\nb\",c\nd", {"\"a\nb\",c", "d"}},
          {"\"a\"\"\n\",c\nd", {"\"a\"\"\n\",c", "d"}},
          {"a,\"b\r\nc\"\r\nd\r\n", {"a,\"b\r\nc\"", "d"}},
          {"a\"b\nc\"d\n", {"a\"b", "c\"d"}},  // opens no quotes inside a cell
          {"\"a\"b\nc\n", {"\"a\"b", "c"}},
          {"\"a\n\nb\"\n\nc\n", {"\"a\n\nb\"", "c"}},
          {"\"a\nb", {"\"a\nb"}},
          {"\"a\"", {"\"a\""}},
          {"\"\"\n\"\"\n", {"\"\"", "\"\""}},
          {"a,\"", {"a,\""}},
          {"a,\n\"b\nc\"", {"a,", "\"b\nc\""}},
      },
      100);
}

TEST(RecordSplitter, GivesUpOnAQuoteThatDoesNotEnd) {
  expect_records<CsvEnd>({{"\"12345\nab\ncd\n", {"!\"12345\na", "cd"}}}, 8);
}

}  // namespace
}  // namespace tocsin::connectors
