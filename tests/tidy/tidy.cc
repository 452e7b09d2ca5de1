#include "tests/tidy/tidy.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <tuple>

namespace tocsin::tidy {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string_view>& top_level() {
  static const std::vector<std::string_view> kEntries = {
      "CHANGELOG.md", "CMakeLists.txt", "CMakePresets.json", "LICENSE", "NOTICE", "README.md",
      "connectors", "dev", "docs", "eventtime", "nfa", "patterns", "runtime", "samples", "server",
      "tests",
      // What a build leaves there, listed in .gitignore.
      "build", "compile_commands.json"};
  return kEntries;
}

bool contains(const std::vector<std::string_view>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void check_top_level(const fs::path& root, std::vector<Finding>& findings) {
  for (const fs::directory_entry& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with('.') || contains(top_level(), name)) continue;
    findings.push_back({name, 1,
                        fmt::format("the top level has no place for '{}', use a folder "
                                    "of the layout (docs/architecture.md)",
                                    name)});
  }
}

// Expected output and data are not ours to lay out.
bool is_text_of_ours(std::string_view path) {
  if (is_cpp(path)) return true;
  if (path.starts_with("tests/golden/")) return false;
  return path.ends_with(".md") || path.ends_with(".tocsin") || path.ends_with("CMakeLists.txt") ||
         path == "dev" || path == ".ci/run";
}

void split_lines(TextFile& file) {
  std::string_view rest = file.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    file.lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void check_file(const fs::path& root, const std::string& path, NameRule& names,
                std::vector<Finding>& findings) {
  std::ifstream in(root / path, std::ios::binary);
  TextFile file;
  file.path = path;
  file.text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  split_lines(file);
  check_shape(file, findings);
  check_words(file, findings);
  if (is_cpp(path)) check_includes(file, findings);
  if (is_cpp(path)) check_named_tests(file, root, findings);
  if (is_cpp(path)) names.check(file, findings);
  if (path.ends_with(".md")) check_links(file, root, findings);
}

std::vector<std::string> files_of_ours(const fs::path& root) {
  std::vector<std::string> files;
  const auto add = [&](const fs::path& path) {
    const std::string name = path.lexically_relative(root).generic_string();
    if (is_text_of_ours(name)) files.push_back(name);
  };
  for (const std::string_view name : top_level()) {
    const fs::path path = root / name;
    if (name == "build" || !fs::exists(path)) continue;
    if (!fs::is_directory(path)) {
      add(path);
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) add(entry.path());
    }
  }
  if (fs::exists(root / ".ci/run")) add(root / ".ci/run");
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

std::string to_string(const Finding& finding) {
  return fmt::format("{}:{}: error: {}", finding.path, finding.line, finding.message);
}

const std::vector<std::string_view>& folders() {
  static const std::vector<std::string_view> kFolders = {"eventtime", "patterns",   "nfa",
                                                         "runtime",   "connectors", "server"};
  return kFolders;
}

std::string_view top_folder(std::string_view path) {
  return path.substr(0, path.find('/'));
}

bool is_cpp(std::string_view path) {
  return path.ends_with(".h") || path.ends_with(".cc");
}

std::vector<Finding> check_tree(const fs::path& root) {
  std::vector<Finding> findings;
  check_top_level(root, findings);
  NameRule names;
  for (const std::string& path : files_of_ours(root)) check_file(root, path, names, findings);
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.path, a.line, a.message) < std::tie(b.path, b.line, b.message);
  });
  return findings;
}

}  // namespace tocsin::tidy
