// Tree to checked patterns: looks up names, checks types, folds constants, resolves keys and
// captures, and refuses what a pattern must not say (docs/language.md), each with a diagnostic.
#pragma once

#include <optional>
#include <span>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/look_up_list.h"
#include "patterns/pattern.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

// Declarations of all files see each other; `read_file` reads the files of lists. Nothing if there
// are errors; warnings alone do not stop.
std::optional<PatternSet> bind(std::span<const SourceFile> sources,
                               std::span<const ast::File> files, const ReadFile& read_file,
                               Diagnostics& diagnostics);

}  // namespace tocsin::patterns
