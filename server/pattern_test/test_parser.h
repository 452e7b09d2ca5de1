// Text to TestFile. All mistakes of a file are reported in one go: after one the reading goes on
// with the next line of the test. Declarations are set aside, for the parser of declarations.
// Tested by tests/golden/diagnostics/tests, tests/unit/server/test_command_test.cc and
// tests/fuzz/pattern_test_fuzz.cc.
#pragma once

#include "patterns/diagnostic.h"
#include "patterns/source_file.h"
#include "server/pattern_test/test_file.h"

namespace tocsin::server {

TestFile parse_tests(const patterns::SourceFile& file, patterns::Diagnostics& diagnostics);

}  // namespace tocsin::server
