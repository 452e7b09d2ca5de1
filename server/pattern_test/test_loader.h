// A test file with all that it uses: declarations bound, tests checked, mistakes told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eventtime/result.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"
#include "patterns/source_file.h"
#include "server/pattern_test/checked_test.h"

namespace tocsin::server {

struct LoadedTests {
  std::vector<patterns::SourceFile> sources;  // the test file, then what it uses
  patterns::Diagnostics diagnostics;
  std::optional<patterns::PatternSet> patterns;  // nothing if there are errors
  std::vector<CheckedTest> tests;                // none if there are errors
};

// An error only where the test file cannot be read; that a file it uses cannot is a mistake in it.
eventtime::Result<LoadedTests> load_tests(const std::string& path);

}  // namespace tocsin::server
