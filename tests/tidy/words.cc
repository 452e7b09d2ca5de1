// Words that stand for something that must not be there.
#include <fmt/core.h>

#include <array>

#include "tests/tidy/tidy.h"

namespace tocsin::tidy {

namespace {

struct Word {
  std::string_view text;
  std::string_view why;
};

// Split, so that this file does not find itself.
constexpr std::array<Word, 3> kUnfinished = {{
    {"TO"
     "DO",
     "unfinished work, use a finished one or a clear error"},
    {"FIX"
     "ME",
     "unfinished work, use a finished one or a clear error"},
    {"X"
     "XX",
     "unfinished work, use a finished one or a clear error"},
}};

// Where output is a function of the input (docs/architecture.md).
constexpr std::array<std::string_view, 4> kDeterministic = {"eventtime", "patterns", "nfa",
                                                            "runtime"};
constexpr std::string_view kClock = "the time of the day, use event time";
constexpr std::string_view kChance = "chance, use what the input says";
constexpr std::string_view kLocale = "the locale, use std::from_chars or fmt";
constexpr std::array<Word, 14> kNotDeterministic = {{{"system_clock", kClock},
                                                     {"high_resolution_clock", kClock},
                                                     {"gettimeofday", kClock},
                                                     {"clock_gettime", kClock},
                                                     {"localtime", kClock},
                                                     {"rand", kChance},
                                                     {"srand", kChance},
                                                     {"random_device", kChance},
                                                     {"random_shuffle", kChance},
                                                     {"setlocale", kLocale},
                                                     {"locale", kLocale},
                                                     {"strtod", kLocale},
                                                     {"stod", kLocale},
                                                     {"atof", kLocale}}};

bool is_name_part(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool has_word(std::string_view line, std::string_view word) {
  for (size_t at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !is_name_part(line[at - 1]);
    const bool ends = end == line.size() || !is_name_part(line[end]);
    if (begins && ends) return true;
  }
  return false;
}

std::string_view without_comment(std::string_view line) {
  return line.substr(0, line.find("//"));
}

}  // namespace

void check_words(const TextFile& file, std::vector<Finding>& findings) {
  const std::string_view folder = top_folder(file.path);
  bool deterministic = false;
  for (const std::string_view name : kDeterministic) deterministic |= folder == name;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const auto find_words = [&](std::string_view line, const auto& words) {
      for (const Word& word : words) {
        if (!has_word(line, word.text)) continue;
        findings.push_back({file.path, i + 1, fmt::format("'{}' is {}", word.text, word.why)});
      }
    };
    find_words(file.lines[i], kUnfinished);
    if (deterministic) find_words(without_comment(file.lines[i]), kNotDeterministic);
  }
}

}  // namespace tocsin::tidy
