// What looks wrong in a pattern that is right: cheap to see, and sure.
#pragma once

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"

namespace tocsin::patterns {

// `pattern` was bound from `text` without errors.
void warn(const Pattern& pattern, const ast::PatternDecl& text, Diagnostics& diagnostics);

}  // namespace tocsin::patterns
