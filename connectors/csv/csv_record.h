// Records and cells of RFC 4180: a cell that begins with a quote ends with one, may hold commas and
// line ends, and has its own quotes doubled. A quote inside any other cell is a mistake.
//
// Tested by tests/unit/connectors/csv_decoder_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::connectors {

// Where records end (see RecordSplitter).
struct CsvEnd {
  static size_t find_end(std::string_view bytes);
  static bool is_quoted(std::string_view rest);
};

struct CsvCell {
  std::string_view text;  // without the quotes around it
  bool quoted = false;
  bool doubled = false;  // `text` holds doubled quotes

  bool is_null() const { return text.empty() && !quoted; }
};

// The cells of a record. Returns what is wrong, or nothing.
std::string_view split_cells(std::string_view record, std::vector<CsvCell>& cells);

// Where each cell of a record ends, if no quotes are in it and it has as many cells as `ends`:
// false else. Sixteen bytes behind the record can be read.
bool find_plain_cells(std::string_view record, std::span<uint32_t> ends);

// Writes `text` with single quotes for doubled ones to `out`, never more bytes; how many.
size_t undouble_quotes(std::string_view text, char* out);

}  // namespace tocsin::connectors
