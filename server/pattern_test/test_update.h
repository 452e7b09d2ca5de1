// Writes what came out of a test into its file, in place of what was expected; everything else
// stays byte for byte. Tested by tests/unit/server/test_command_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/source_file.h"
#include "server/pattern_test/test_verdict.h"

namespace tocsin::server {

struct Edit {
  patterns::Span span;
  std::string text;     // in its place
  std::string removed;  // the `expect` that goes, for people
  std::string added;    // the one that comes
};

// The changes that make a failing test pass.
std::vector<Edit> edits_for(const patterns::SourceFile& source, const CheckedTest& test,
                            const Judge& judge, const Verdict& verdict, const Played& played);

// Edits of different places, in any order.
std::string apply(std::string_view text, std::vector<Edit> edits);

}  // namespace tocsin::server
