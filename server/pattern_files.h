// Declaration files from disk to checked patterns: the one way in which commands read them.
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

namespace tocsin::server {

// Everything in the file, or, of "-", on standard input, which is then called "<stdin>". Refuses
// what is longer than a declaration file may be.
eventtime::Result<patterns::SourceFile> read_source(const std::string& path);

// Files that were read together.
struct PatternFiles {
  std::vector<patterns::SourceFile> sources;
  std::vector<patterns::ast::File> trees;   // by source
  patterns::Diagnostics diagnostics;        // of all files
  std::optional<patterns::PatternSet> set;  // nothing: there are errors
};

// An error only where a file cannot be read; mistakes in the files are in `diagnostics`.
eventtime::Result<PatternFiles> read_patterns(std::span<const std::string> paths);

}  // namespace tocsin::server
