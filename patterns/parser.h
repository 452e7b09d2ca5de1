// Text to tree. Boost.Spirit X3; the grammar is the only file that includes it (grammar.cc).
//
// Limits are checked before the grammar runs, so that no text can exhaust the stack: kMaxFileBytes,
// kMaxDeclarationBytes (blanks and comments aside), kMaxNesting (of any brackets). Chains of
// operators are bounded while the tree is built: none is higher than kMaxExprHeight, so that
// whatever visits a tree may recurse. After a mistake the parser goes on with the next declaration,
// so that all of a file's mistakes are reported in one go.
#pragma once

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

inline constexpr size_t kMaxFileBytes = size_t{64} << 20;
inline constexpr size_t kMaxDeclarationBytes = size_t{256} << 10;
inline constexpr size_t kMaxNesting = 100;
inline constexpr size_t kMaxExprHeight = 250;

// Whether the text has a length and characters that a lexer may be given; says what is wrong.
bool is_text(const SourceFile& file, Diagnostics& diagnostics);
// The declarations that could be read; mistakes go to `diagnostics`.
ast::File parse(const SourceFile& file, Diagnostics& diagnostics);

}  // namespace tocsin::patterns
