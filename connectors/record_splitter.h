// Cuts bytes into records that end with a line end (LF or CRLF; the last one may lack it). Lines of
// nothing but blanks are no records. A record beyond the limit is kept in part and skipped up to
// the next line end, so that memory stays bounded whatever comes in.
//
// What is found does not depend on how the input was cut into pieces. Tested by
// tests/unit/connectors/record_splitter_test.cc.
#pragma once

#include <algorithm>
#include <string_view>
#include <vector>

#include "connectors/decoder.h"

namespace tocsin::connectors {

// Only blanks, tabs and carriage returns.
inline bool is_blank(std::string_view line) {
  return line.empty() ||
         (line.front() <= ' ' && line.find_first_not_of(" \t\r") == std::string_view::npos);
}

// `EndFinder` tells formats apart: its static find_end(bytes) is the place of the line end that
// ends the record at the beginning of `bytes`, or npos. is_quoted(rest): what follows a rest
// without line end would not be one either.
template <class EndFinder>
class RecordSplitter {
 public:
  explicit RecordSplitter(size_t limit = kMaxRecordBytes) : limit_(limit) {}

  // As Decoder::cut. Appends up to `max_records` records.
  size_t cut(std::string_view bytes, bool at_end, size_t max_records,
             std::vector<RecordSpan>& records);

  size_t limit() const { return limit_; }
  // Of the bytes that were done with last.
  runtime::LineState line() const { return line_; }
  void resume(runtime::LineState line) { line_ = line; }

 private:
  size_t limit_;  // the line end stands at most so many bytes behind a record's beginning
  runtime::LineState line_ = runtime::LineState::kEnded;
};

struct LineEnd {
  static size_t find_end(std::string_view bytes) { return bytes.find('\n'); }
  static bool is_quoted(std::string_view /*rest*/) { return false; }
};

template <class EndFinder>
size_t RecordSplitter<EndFinder>::cut(std::string_view bytes, bool at_end, size_t max_records,
                                      std::vector<RecordSpan>& records) {
  using runtime::LineState;
  size_t at = 0;
  const auto skip_line_from = [&](size_t begin) {
    const size_t end = bytes.find('\n', begin);
    line_ = end == std::string_view::npos ? LineState::kSkipping : LineState::kEnded;
    at = end == std::string_view::npos ? bytes.size() : end + 1;
  };
  if (line_ == LineState::kSkipping) skip_line_from(0);
  for (size_t found = 0; at < bytes.size() && found < max_records;) {
    const size_t begin = at;
    const std::string_view rest = bytes.substr(begin);
    const size_t end = EndFinder::find_end(rest.substr(0, limit_ + 1));
    if (end == std::string_view::npos && rest.size() > limit_) {
      const size_t kept = std::min(limit_, kKeptRecordBytes);
      records.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(kept), true});
      ++found;
      skip_line_from(begin + limit_);
      continue;
    }
    if (end == std::string_view::npos && !at_end) break;
    line_ = LineState::kEnded;
    if (end == std::string_view::npos) {
      line_ = EndFinder::is_quoted(rest) ? LineState::kQuoted : LineState::kOpen;
    }
    std::string_view record = rest.substr(0, end);
    at = std::min(bytes.size(), begin + record.size() + 1);
    if (!record.empty() && record.back() == '\r') record.remove_suffix(1);
    if (is_blank(record)) continue;
    records.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(record.size()), false});
    ++found;
  }
  return at;
}

}  // namespace tocsin::connectors
