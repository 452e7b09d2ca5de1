// A file of declarations as its author sees it: name, text, lines. Spans are byte offsets into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::patterns {

struct Span {
  uint32_t begin = 0;
  uint32_t end = 0;  // one past the last byte
  friend bool operator==(Span, Span) = default;
};

struct Position {
  uint32_t line = 1;
  uint32_t column = 1;  // in code points
};

class SourceFile {
 public:
  SourceFile(std::string name, std::string text);

  const std::string& name() const { return name_; }
  std::string_view text() const { return text_; }
  std::string_view text(Span span) const;
  Position position(uint32_t offset) const;
  std::string_view line(uint32_t number) const;  // from 1, without the line end

 private:
  std::string name_;
  std::string text_;
  std::vector<uint32_t> line_starts_;
};

}  // namespace tocsin::patterns
