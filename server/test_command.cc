#include "server/test_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "server/counted.h"
#include "server/exit_status.h"
#include "server/pattern_test/test_loader.h"
#include "server/pattern_test/test_run.h"
#include "server/pattern_test/test_update.h"
#include "server/pattern_test/test_verdict.h"
#include "server/replace_file.h"

namespace tocsin::server {

namespace {

namespace fs = std::filesystem;

using eventtime::Result;

// The files that a path stands for, in the order of their names.
Result<std::vector<std::string>> files_of(const std::string& path) {
  if (path == "-") {
    return eventtime::usage_error("tests are read from files: '-' is none");
  }
  std::error_code failed;
  if (!fs::is_directory(path, failed)) return std::vector{path};
  std::vector<std::string> files;
  fs::recursive_directory_iterator entry(path, failed);
  for (; !failed && entry != fs::recursive_directory_iterator(); entry.increment(failed)) {
    if (entry->path().extension() == ".test") files.push_back(entry->path().string());
  }
  if (failed) {
    return eventtime::world_error(fmt::format("cannot read '{}': {}", path, failed.message()));
  }
  if (files.empty()) {
    return eventtime::input_error(fmt::format("there is no *.test below '{}'", path));
  }
  std::sort(files.begin(), files.end());
  return files;
}

class Tests {
 public:
  explicit Tests(const TestOptions& options) : options_(options) {}

  void run_file(const std::string& path) {
    const Result<LoadedTests> loaded = load_tests(path);
    if (!loaded) {
      status_ = std::max(status_, report(loaded.error()));
      return;
    }
    if (!loaded->patterns) {
      fmt::print(stderr, "{}", patterns::render(loaded->diagnostics, loaded->sources));
      ++wrong_files_;
      return;
    }
    std::vector<Edit> edits;
    for (const CheckedTest& test : loaded->tests) {
      if (test.name.find(options_.filter) == std::string::npos) continue;
      run_test(*loaded, test, edits);
    }
    if (edits.empty()) return;
    const patterns::SourceFile& source = loaded->sources.front();
    const Result<void> written = replace_file(path, apply(source.text(), std::move(edits)));
    if (!written) status_ = std::max(status_, report(written.error()));
  }

  // What was found, and the exit status.
  int finish() {
    if (tests_ == 0 && !options_.filter.empty() && wrong_files_ == 0 && status_ == kDone) {
      return report(
          {fmt::format("no test has '{}' in its name", options_.filter), eventtime::Blame::kUsage});
    }
    out_ += counted(tests_, "test", "tests") + fmt::format(", {} failed", failed_);
    if (updated_ > 0) out_ += fmt::format(", {} updated", updated_);
    if (wrong_files_ > 0) out_ += ", " + counted(wrong_files_, "file", "files") + " with mistakes";
    out_ += "\n";
    if (failed_ > 0 || wrong_files_ > 0) status_ = std::max(status_, kInputWrong);
    return std::max(status_, write_standard_output(out_));
  }

 private:
  void say(std::string_view mark, const LoadedTests& loaded, const CheckedTest& test) {
    const patterns::SourceFile& source = loaded.sources.front();
    out_ += fmt::format("{:<7} {}:{}: {}\n", mark, source.name(),
                        source.position(test.span.begin).line, test.name);
  }

  void run_test(const LoadedTests& loaded, const CheckedTest& test, std::vector<Edit>& edits) {
    ++tests_;
    const Result<Played> played = play(*loaded.patterns, test);
    if (!played) {
      say("FAILED", loaded, test);
      out_ += "  " + played.error().message + "\n";
      ++failed_;
      return;
    }
    const Judge judge(*loaded.patterns, loaded.sources.front(), test);
    const Verdict verdict = judge.judge(*played);
    if (verdict.passed()) return say("ok", loaded, test);
    const bool can_update = options_.update && verdict.refused.empty();
    if (!can_update) {
      say("FAILED", loaded, test);
      out_ += judge.explain(verdict, *played);
      ++failed_;
      return;
    }
    say("updated", loaded, test);
    ++updated_;
    for (Edit& edit : edits_for(loaded.sources.front(), test, judge, verdict, *played)) {
      if (!edit.removed.empty()) out_ += "  - " + edit.removed + "\n";
      if (!edit.added.empty()) out_ += "  + " + edit.added + "\n";
      edits.push_back(std::move(edit));
    }
  }

  const TestOptions& options_;
  std::string out_;
  int status_ = kDone;
  size_t tests_ = 0;
  size_t failed_ = 0;
  size_t updated_ = 0;
  size_t wrong_files_ = 0;
};

}  // namespace

int test(const TestOptions& options) {
  std::vector<std::string> files;
  for (const std::string& path : options.paths) {
    const Result<std::vector<std::string>> found = files_of(path);
    if (!found) return report(found.error());
    files.insert(files.end(), found->begin(), found->end());
  }
  Tests tests(options);
  for (const std::string& file : files) tests.run_file(file);
  return tests.finish();
}

}  // namespace tocsin::server
