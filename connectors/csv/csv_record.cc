#include "connectors/csv/csv_record.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdint>

namespace tocsin::connectors {
namespace {

constexpr size_t kNone = std::string_view::npos;
constexpr size_t kVectorBytes = 16;

// The place behind the quote that closes a cell, `at` being behind the one that opens it.
size_t behind_closing_quote(std::string_view text, size_t at) {
  while (true) {
    const size_t quote = text.find('"', at);
    if (quote == kNone) return kNone;
    if (quote + 1 == text.size() || text[quote + 1] != '"') return quote + 1;
    at = quote + 2;
  }
}

// Which of sixteen bytes are the wanted one, by bit.
uint64_t places_of(char wanted, const char* bytes) {
#if defined(__SSE2__)
  const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  return static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(wanted))));
#else
  uint64_t places = 0;
  for (size_t i = 0; i < kVectorBytes; ++i) places |= uint64_t{bytes[i] == wanted} << i;
  return places;
#endif
}

// The line end of a record without quotes that is near; kNone: look closer.
size_t end_of_plain(std::string_view bytes) {
  for (size_t at = 0; at + kVectorBytes <= bytes.size(); at += kVectorBytes) {
    const uint64_t ends = places_of('\n', bytes.data() + at);
    const uint64_t quotes = places_of('"', bytes.data() + at);
    if ((ends | quotes) == 0) continue;
    const auto first = static_cast<size_t>(std::countr_zero(ends | quotes));
    return (ends >> first & 1) != 0 ? at + first : kNone;
  }
  return kNone;
}

}  // namespace

size_t CsvEnd::find_end(std::string_view bytes) {
  if (const size_t line_end = end_of_plain(bytes); line_end != kNone) return line_end;
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

bool find_plain_cells(std::string_view record, std::span<uint32_t> ends) {
  size_t found = 0;
  for (size_t at = 0; at < record.size(); at += kVectorBytes) {
    uint64_t commas = places_of(',', record.data() + at);
    uint64_t quotes = places_of('"', record.data() + at);
    if (const size_t left = record.size() - at; left < kVectorBytes) {
      commas &= (uint64_t{1} << left) - 1;
      quotes &= (uint64_t{1} << left) - 1;
    }
    if (quotes != 0) return false;
    for (; commas != 0; commas &= commas - 1) {
      if (found == ends.size()) return false;
      ends[found++] = static_cast<uint32_t>(at + static_cast<size_t>(std::countr_zero(commas)));
    }
  }
  if (found + 1 != ends.size()) return false;
  ends[found] = static_cast<uint32_t>(record.size());
  return true;
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
