// How a file looks: width, length, blanks, its first lines.
#include <fmt/core.h>

#include <algorithm>

#include "tests/tidy/tidy.h"

namespace tocsin::tidy {

namespace {

constexpr size_t kMaxWidth = 100;
constexpr size_t kMaxLines = 600;

size_t width(std::string_view line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // not the middle of a code point
  }));
}

// Prose wraps where it reads best, and `tocsin fmt` lays out patterns.
bool has_width(std::string_view path) {
  return !path.ends_with(".md") && !path.ends_with(".tocsin");
}

std::string wrong_line(std::string_view path, std::string_view line) {
  if (line.find('\t') != std::string_view::npos) return "there is a tab, use blanks";
  if (!line.empty() && line.back() == '\r') return "the line ends in CR, use LF alone";
  if (!line.empty() && line.back() == ' ') return "the line ends in blanks, use none";
  if (has_width(path) && width(line) > kMaxWidth) {
    return fmt::format("the line is {} columns wide, use at most {}", width(line), kMaxWidth);
  }
  return {};
}

std::string wrong_first_line(const TextFile& file) {
  const std::string_view first = file.lines.front();
  if (first.starts_with("//")) return {};
  if (file.path.ends_with(".h"))
    return "the header begins without a comment, use one that says what it is";
  const bool test = file.path.ends_with("_test.cc");
  const std::string own =
      fmt::format("#include \"{}.h\"", file.path.substr(0, file.path.size() - 3));
  if (first == own || (test && first.starts_with("#include "))) return {};
  return "the file begins without a comment, use one, or its own header";
}

}  // namespace

void check_shape(const TextFile& file, std::vector<Finding>& findings) {
  if (file.lines.empty()) {
    findings.push_back({file.path, 1, "the file is empty, use none"});
    return;
  }
  const auto add = [&](size_t line, std::string message) {
    if (!message.empty()) findings.push_back({file.path, line, std::move(message)});
  };
  for (size_t i = 0; i < file.lines.size(); ++i) add(i + 1, wrong_line(file.path, file.lines[i]));
  if (file.text.back() != '\n') add(file.lines.size(), "the last line has no end, use one");
  if (!is_cpp(file.path)) return;
  if (file.lines.size() > kMaxLines) {
    add(kMaxLines, fmt::format("the file has {} lines, use at most {}: one file, one idea",
                               file.lines.size(), kMaxLines));
  }
  add(1, wrong_first_line(file));
  if (file.path.ends_with(".h") &&
      std::find(file.lines.begin(), file.lines.end(), "#pragma once") == file.lines.end()) {
    add(1, "the header can be included twice, use #pragma once");
  }
}

}  // namespace tocsin::tidy
