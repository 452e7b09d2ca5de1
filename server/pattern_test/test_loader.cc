#include "server/pattern_test/test_loader.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "patterns/front_end.h"
#include "server/pattern_files.h"
#include "server/pattern_test/test_parser.h"

namespace tocsin::server {

namespace {

namespace fs = std::filesystem;

using eventtime::Result;
using patterns::Diagnostic;
using patterns::Diagnostics;
using patterns::SourceFile;

// The files are read together with the declarations of the test file itself; each once. False if
// one cannot be read.
bool read_uses(const TestFile& file, const fs::path& folder, std::vector<SourceFile>& sources,
               Diagnostics& diagnostics) {
  std::vector<fs::path> read;
  bool all = true;
  for (const patterns::ast::Name& use : file.uses) {
    const fs::path path = (folder / use.text).lexically_normal();
    if (std::find(read.begin(), read.end(), path) != read.end()) continue;
    read.push_back(path);
    Result<SourceFile> source = read_source(path.string());
    if (source) {
      sources.push_back(*std::move(source));
    } else {
      diagnostics.error(use.span, "use", source.error().message,
                        "the path is relative to this file");
      all = false;
    }
  }
  return all;
}

// Warnings are the business of `tocsin check`.
void append_errors(const Diagnostics& from, Diagnostics& to) {
  for (const Diagnostic& item : from.items()) {
    if (item.severity != patterns::Severity::kError) continue;
    to.set_file(item.file);
    to.error(item.span, item.code, item.message, item.help);
  }
  to.set_file(0);
}

}  // namespace

Result<LoadedTests> load_tests(const std::string& path) {
  Result<SourceFile> source = read_source(path);
  if (!source) return eventtime::Unexpected<eventtime::Error>{source.error()};
  LoadedTests loaded;
  const TestFile file = parse_tests(*source, loaded.diagnostics);
  std::vector<SourceFile> sources;
  sources.emplace_back(source->name(), file.declarations);
  const bool all_read = read_uses(file, fs::path(path).parent_path(), sources, loaded.diagnostics);
  if (!loaded.diagnostics.has_errors() && file.tests.empty()) {
    loaded.diagnostics.error({0, 0}, "no-tests", "the file holds no test",
                             "write test \"what it shows\" { ... }");
  }
  patterns::Loaded declared = patterns::load(std::move(sources), read_list);
  loaded.sources = std::move(declared.sources);
  loaded.sources.front() = *std::move(source);
  // What stands in a file that cannot be read would be missing everywhere.
  if (all_read) append_errors(declared.diagnostics, loaded.diagnostics);
  if (all_read && declared.patterns) {
    loaded.tests = check_tests(file, *declared.patterns, loaded.diagnostics);
  }
  if (loaded.diagnostics.has_errors()) {
    loaded.tests.clear();
  } else {
    loaded.patterns = std::move(declared.patterns);
  }
  return loaded;
}

}  // namespace tocsin::server
