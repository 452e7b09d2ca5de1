#include "connectors/csv/csv_record.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace tocsin::connectors {
namespace {

constexpr size_t kNone = std::string_view::npos;

// The place behind the quote that closes a cell, `at` being behind the one that opens it.
size_t behind_closing_quote(std::string_view text, size_t at) {
  while (true) {
    const size_t quote = text.find('"', at);
    if (quote == kNone) return kNone;
    if (quote + 1 == text.size() || text[quote + 1] != '"') return quote + 1;
    at = quote + 2;
  }
}

// Eight bytes at a time: the high bit of each byte that is a comma. Exact, unlike the usual trick
// with a borrow, which may also mark the byte behind a comma.
uint64_t commas_in(const char* bytes) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kCommas = 0x2C2C2C2C2C2C2C2C;
  constexpr uint64_t kLowBits = 0x7F7F7F7F7F7F7F7F;
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  word ^= kCommas;
  return ~(((word & kLowBits) + kLowBits) | word | kLowBits);
}

void split_plain(std::string_view record, std::vector<CsvCell>& cells) {
  const char* begin = record.data();
  const char* const end = begin + record.size();
  const auto end_cell = [&](const char* comma) {
    cells.push_back({{begin, static_cast<size_t>(comma - begin)}, false, false});
    begin = comma + 1;
  };
  const char* at = begin;
  for (; end - at >= static_cast<std::ptrdiff_t>(sizeof(uint64_t)); at += sizeof(uint64_t)) {
    for (uint64_t commas = commas_in(at); commas != 0; commas &= commas - 1) {
      end_cell(at + std::countr_zero(commas) / 8);
    }
  }
  for (; at < end; ++at) {
    if (*at == ',') end_cell(at);
  }
  end_cell(end);
}

}  // namespace

size_t CsvEnd::find_end(std::string_view bytes) {
  const size_t line_end = bytes.find('\n');
  if (line_end != kNone && bytes.substr(0, line_end).find('"') == kNone) return line_end;
  for (size_t at = 0; at < bytes.size();) {  // at the beginning of a cell
    if (bytes[at] == '"') at = behind_closing_quote(bytes, at + 1);
    if (at == kNone || at == bytes.size()) return kNone;
    at = bytes.find_first_of(",\n", at);
    if (at == kNone || bytes[at] == '\n') return at;
    ++at;
  }
  return kNone;
}

bool CsvEnd::is_quoted(std::string_view rest) {
  std::string line(rest);
  line += '\n';
  return find_end(line) == kNone;
}

std::string_view split_cells(std::string_view record, std::vector<CsvCell>& cells) {
  cells.clear();
  if (record.find('"') == kNone) {
    split_plain(record, cells);
    return {};
  }
  for (size_t at = 0;;) {
    CsvCell cell;
    size_t end = 0;
    if (at < record.size() && record[at] == '"') {
      end = behind_closing_quote(record, at + 1);
      if (end == kNone) return "a quoted cell does not end";
      cell.quoted = true;
      cell.text = record.substr(at + 1, end - at - 2);
      cell.doubled = cell.text.find('"') != kNone;
      if (end < record.size() && record[end] != ',') return "text follows a quoted cell";
    } else {
      end = std::min(record.find(',', at), record.size());
      cell.text = record.substr(at, end - at);
      if (cell.text.find('"') != kNone) return "a quote stands inside a cell without quotes";
    }
    cells.push_back(cell);
    if (end == record.size()) return {};
    at = end + 1;
  }
}

size_t undouble_quotes(std::string_view text, char* out) {
  char* const begin = out;
  for (size_t i = 0; i < text.size(); ++i) {
    *out++ = text[i];
    if (text[i] == '"') ++i;
  }
  return static_cast<size_t>(out - begin);
}

}  // namespace tocsin::connectors
