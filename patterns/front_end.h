// Files of declarations to checked patterns, in one call: what `check`, `run`, `explain` and the
// tests begin with. Tested by tests/unit/patterns/front_end_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eventtime/result.h"
#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

struct Loaded {
  std::vector<SourceFile> sources;
  std::vector<ast::File> files;  // what could be read of each, in the same order
  Diagnostics diagnostics;
  std::optional<PatternSet> patterns;  // nothing if there are errors
};

Loaded load(std::vector<SourceFile> sources);

// Reads the files; "-" is standard input. An error is the world's fault and names the path; what is
// wrong inside the files is in `diagnostics`.
eventtime::Result<Loaded> load_files(std::span<const std::string> paths);

}  // namespace tocsin::patterns
