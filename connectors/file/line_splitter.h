// Cuts bytes into lines (LF or CRLF; the last one may lack it). Lines of nothing but blanks are no
// records. A line beyond the limit is kept in part and skipped to its end, so that memory stays
// bounded whatever comes in. Tested by tests/unit/connectors/line_splitter_test.cc.
#pragma once

#include <string_view>
#include <vector>

#include "connectors/decoder.h"

namespace tocsin::connectors {

class LineSplitter {
 public:
  explicit LineSplitter(size_t limit = kMaxRecordBytes) : limit_(limit) {}

  // As Decoder::cut. What it finds does not depend on how the input was cut into `bytes`.
  size_t cut(std::string_view bytes, bool at_end, size_t max_records,
             std::vector<RecordSpan>& records);

  size_t limit() const { return limit_; }

 private:
  size_t limit_;           // a line end stands at most so many bytes behind a line's beginning
  bool skipping_ = false;  // inside a line that is too long
};

// Only blanks, tabs and carriage returns.
bool is_blank(std::string_view line);

}  // namespace tocsin::connectors
