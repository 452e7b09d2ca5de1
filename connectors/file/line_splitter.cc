#include "connectors/file/line_splitter.h"

#include <algorithm>

namespace tocsin::connectors {

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

size_t LineSplitter::cut(std::string_view bytes, bool at_end, size_t max_records,
                         std::vector<RecordSpan>& records) {
  size_t at = 0;
  if (skipping_) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return bytes.size();
    skipping_ = false;
    at = end + 1;
  }
  while (at < bytes.size() && records.size() < max_records) {
    const std::string_view rest = bytes.substr(at);
    const size_t length = rest.substr(0, limit_ + 1).find('\n');
    if (length == std::string_view::npos && rest.size() > limit_) {
      const size_t kept = std::min(limit_, kKeptRecordBytes);
      records.push_back({static_cast<uint32_t>(at), static_cast<uint32_t>(kept), true});
      const size_t end = rest.find('\n', limit_);
      if (end == std::string_view::npos) {
        skipping_ = true;
        return bytes.size();
      }
      at += end + 1;
      continue;
    }
    if (length == std::string_view::npos && !at_end) return at;
    std::string_view line = rest.substr(0, length);
    const size_t begin = at;
    at = std::min(bytes.size(), at + line.size() + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || (line.front() <= ' ' && is_blank(line))) continue;
    records.push_back({static_cast<uint32_t>(begin), static_cast<uint32_t>(line.size()), false});
  }
  return at;
}

}  // namespace tocsin::connectors
