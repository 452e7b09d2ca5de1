// The grammar of one declaration, over tokens: Boost.Spirit X3, which no other file includes.
#pragma once

#include <optional>
#include <vector>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/source_file.h"
#include "patterns/token.h"

namespace tocsin::patterns {

// `tokens` are one declaration and kEnd, as LexicalScan cuts them: the grammar relies on brackets
// that match and nest no deeper than kMaxNesting. Nothing if there are mistakes; reading goes on
// with the next clause or field, so that all mistakes of a declaration are reported.
std::optional<ast::Declaration> read_declaration(const SourceFile& file,
                                                 const std::vector<Token>& tokens,
                                                 Diagnostics& diagnostics);

}  // namespace tocsin::patterns
