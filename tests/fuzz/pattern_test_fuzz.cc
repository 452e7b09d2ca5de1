// Any bytes as a file of tests: reading ends and says what is wrong. What is set aside for the
// parser of declarations keeps its place, and holds no test.
#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/check.h"
#include "patterns/front_end.h"
#include "server/pattern_test/checked_test.h"
#include "server/pattern_test/test_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back("t", std::string(reinterpret_cast<const char*>(data), size));
  patterns::Diagnostics diagnostics;
  const server::TestFile file = server::parse_tests(sources[0], diagnostics);
  const std::string_view text = sources[0].text();
  if (diagnostics.has_errors()) {
    TOCSIN_CHECK(!patterns::render(diagnostics, sources).empty(), "mistakes are shown");
    if (file.declarations.empty()) return 0;  // no text at all
  }
  TOCSIN_CHECK(file.declarations.size() == text.size(), "spans of declarations hold");
  TOCSIN_CHECK(std::ranges::count(file.declarations, '\n') == std::ranges::count(text, '\n'),
               "lines stay lines");
  const patterns::SourceFile declarations("t", file.declarations);
  patterns::Diagnostics again;
  const server::TestFile rest = server::parse_tests(declarations, again);
  TOCSIN_CHECK(rest.tests.empty() && rest.uses.empty(), "no test is among the declarations");
  const patterns::Loaded loaded = patterns::load({declarations});
  if (!loaded.patterns) return 0;
  const auto tests = server::check_tests(file, *loaded.patterns, diagnostics);
  TOCSIN_CHECK(diagnostics.has_errors() || tests.size() == file.tests.size(),
               "tests without mistakes can be run");
  patterns::render(diagnostics, sources);
  return 0;
}
