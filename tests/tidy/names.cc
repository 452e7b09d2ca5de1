// Functions that only their file sees.
#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "tests/tidy/tidy.h"

namespace tocsin::tidy {

namespace {

// Of a line that begins a function at the left border, else "".
std::string_view function_name(std::string_view line) {
  if (line.empty() || std::isspace(static_cast<unsigned char>(line.front())) != 0) return {};
  const auto in_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  const std::string_view before = line.substr(0, line.find('('));
  if (before.size() == line.size() || before.find('=') != before.npos) return {};
  size_t begin = before.size();
  while (begin > 0 && in_name(before[begin - 1])) --begin;
  // A type stands before it; what it is in stands before a member.
  if (begin == 0 || begin == before.size() || before[begin - 1] == ':') return {};
  return before.substr(begin);
}

}  // namespace

// Several files are compiled as one (CMAKE_UNITY_BUILD). Two functions of one name and different
// parameters are overloads there, and the wrong one may be taken without a word.
void NameRule::check(const TextFile& file, std::vector<Finding>& findings) {
  const std::string folder(top_folder(file.path));
  const bool together = folder != "patterns" &&
                        std::find(folders().begin(), folders().end(), folder) != folders().end();
  if (!together || !file.path.ends_with(".cc")) return;
  bool anonymous = false;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    if (file.lines[i].starts_with("namespace {")) anonymous = true;
    if (file.lines[i].starts_with("}  // namespace")) anonymous = false;
    const std::string_view name = function_name(file.lines[i]);
    if (!anonymous || name.empty()) continue;
    const auto [known, is_new] = homes_.try_emplace(folder + "/" + std::string(name), file.path);
    if (is_new || known->second == file.path) continue;
    findings.push_back({file.path, i + 1,
                        fmt::format("'{}' has a '{}' of its own, share it or use another name",
                                    known->second, name)});
  }
}

}  // namespace tocsin::tidy
