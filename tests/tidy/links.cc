// Links between documents: the file is there, and so is the heading. The tests that a comment names
// are there, too.
#include <fmt/core.h>

#include <cctype>
#include <fstream>
#include <set>

#include "tests/tidy/tidy.h"

namespace tocsin::tidy {

namespace {

namespace fs = std::filesystem;

// The anchor that a heading gets: lower case, blanks to hyphens, punctuation gone.
std::string anchor(std::string_view heading) {
  std::string slug;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte) != 0 || c == '-' || c == '_') {
      slug += static_cast<char>(std::tolower(byte));
    } else if (c == ' ') {
      slug += '-';
    }
  }
  return slug;
}

bool is_fence(std::string_view line) {
  return line.substr(std::min(line.find_first_not_of(' '), line.size())).starts_with("```");
}

std::set<std::string> anchors(const fs::path& document) {
  std::set<std::string> found;
  std::ifstream in(document);
  bool code = false;
  for (std::string line; std::getline(in, line);) {
    if (is_fence(line)) code = !code;
    const size_t text = line.find_first_not_of('#');
    if (code || text == 0 || text == std::string::npos || line[text] != ' ') continue;
    found.insert(anchor(std::string_view(line).substr(text + 1)));
  }
  return found;
}

bool is_outside(std::string_view target) {
  return target.find("://") != std::string_view::npos || target.starts_with("mailto:");
}

std::string wrong_link(const fs::path& root, std::string_view from, std::string_view target) {
  const size_t hash = target.find('#');
  const std::string_view path = target.substr(0, hash);
  const fs::path document =
      path.empty() ? root / from : (root / from).parent_path() / fs::path(path);
  if (!fs::exists(document)) {
    return fmt::format("the link to '{}' leads nowhere, use a path from this file", target);
  }
  if (hash == std::string_view::npos || document.extension() != ".md") return {};
  const std::string heading(target.substr(hash + 1));
  if (anchors(document).contains(heading)) return {};
  return fmt::format("'{}' has no heading '#{}', use one that it has", path, heading);
}

// The path that begins at `at`, without what ends a sentence.
std::string_view path_at(std::string_view line, size_t at) {
  constexpr std::string_view kPath =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-";
  std::string_view path = line.substr(at, line.find_first_not_of(kPath, at) - at);
  while (path.ends_with('.') || path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool names_test(std::string_view word) {
  return word.starts_with("tests/") || word.ends_with("_test.cc") || word.ends_with("_fuzz.cc");
}

}  // namespace

void check_named_tests(const TextFile& file, const fs::path& root, std::vector<Finding>& findings) {
  fs::path folder;  // of the test named last: the next may go without
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string_view line = file.lines[i];
    if (!line.starts_with("//")) continue;
    for (size_t at = line.find(' '); at != std::string_view::npos; at = line.find(' ', at + 1)) {
      const std::string_view word = path_at(line, at + 1);
      if (!names_test(word)) continue;
      const bool whole = word.starts_with("tests/");
      const fs::path named = whole ? fs::path(word) : folder / word;
      if (whole) folder = named.parent_path();
      if (fs::exists(root / named)) continue;
      findings.push_back({file.path, i + 1,
                          fmt::format("there is no '{}', name tests that are there by their path",
                                      named.generic_string())});
    }
  }
}

void check_links(const TextFile& file, const fs::path& root, std::vector<Finding>& findings) {
  bool code = false;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string_view line = file.lines[i];
    if (is_fence(line)) code = !code;
    if (code) continue;
    for (size_t at = line.find("]("); at != std::string_view::npos; at = line.find("](", at + 1)) {
      const std::string_view rest = line.substr(at + 2);
      const std::string_view target = rest.substr(0, rest.find(')'));
      if (is_outside(target)) continue;
      std::string message = wrong_link(root, file.path, target);
      if (!message.empty()) findings.push_back({file.path, i + 1, std::move(message)});
    }
  }
}

}  // namespace tocsin::tidy
