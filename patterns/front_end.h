// Texts of declarations to checked patterns, in one call: what commands and tests begin with.
// Tested by tests/unit/patterns/binder_test.cc.
#pragma once

#include <optional>
#include <vector>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

eventtime::Result<std::string> cannot_read(const std::string& path, size_t max_bytes);

struct Loaded {
  std::vector<SourceFile> sources;
  std::vector<ast::File> files;  // what could be read of each, in the same order
  Diagnostics diagnostics;
  std::optional<PatternSet> patterns;  // nothing if there are errors
};

// Parses all of them and binds them together: declarations of all files see each other. The files
// of their lists are read by `read_file`; without it no list can be.
Loaded load(std::vector<SourceFile> sources, const ReadFile& read_file = cannot_read);

}  // namespace tocsin::patterns
