// Tree to text: the one canonical layout of `tocsin fmt`. Idempotent; keeps every comment; the
// output parses to the same tree. Tested by tests/unit/patterns/printer_test.cc and golden/fmt.
#pragma once

#include <string>

#include "patterns/ast.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

// `file` was parsed from `source` without errors.
std::string print(const ast::File& file, const SourceFile& source);
// One expression on one line: for messages and explain.
std::string print(const ast::Expr& expr);

}  // namespace tocsin::patterns
