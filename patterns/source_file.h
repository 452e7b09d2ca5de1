// A file of declarations as its author sees it: name, text, lines. Spans are byte offsets into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"

namespace tocsin::patterns {

// A file's bytes. The world lies outside of this library, so whoever loads patterns says how files
// are read; a file that is longer than `max_bytes` is an error.
using ReadFile =
    std::function<eventtime::Result<std::string>(const std::string& path, size_t max_bytes)>;

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
