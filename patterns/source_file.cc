#include "patterns/source_file.h"

#include <algorithm>

#include "eventtime/check.h"

namespace tocsin::patterns {

SourceFile::SourceFile(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text)), line_starts_{0} {
  for (size_t i = 0; i < text_.size(); ++i) {
    if (text_[i] == '\n') line_starts_.push_back(static_cast<uint32_t>(i + 1));
  }
}

std::string_view SourceFile::text(Span span) const {
  TOCSIN_CHECK(span.begin <= span.end && span.end <= text_.size(), "a span lies in its file");
  return std::string_view(text_).substr(span.begin, span.end - span.begin);
}

Position SourceFile::position(uint32_t offset) const {
  offset = std::min(offset, static_cast<uint32_t>(text_.size()));
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  Position position;
  position.line = static_cast<uint32_t>(next - line_starts_.begin());
  for (uint32_t i = *(next - 1); i < offset; ++i) {
    if ((static_cast<unsigned char>(text_[i]) & 0xC0) != 0x80) ++position.column;
  }
  return position;
}

std::string_view SourceFile::line(uint32_t number) const {
  TOCSIN_CHECK(number >= 1 && number <= line_starts_.size(), "a line lies in its file");
  const uint32_t begin = line_starts_[number - 1];
  std::string_view rest = std::string_view(text_).substr(begin);
  rest = rest.substr(0, rest.find('\n'));
  if (!rest.empty() && rest.back() == '\r') rest.remove_suffix(1);
  return rest;
}

}  // namespace tocsin::patterns
