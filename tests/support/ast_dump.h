// The tree of a file as text, without spans: what tests compare. One line a declaration, nodes in
// parentheses: `(step a Payment (< amount 2))`.
#pragma once

#include <string>

#include "patterns/ast.h"

namespace tocsin::test {

std::string dump(const patterns::ast::Expr& expr);
std::string dump(const patterns::ast::Sequence& sequence);
std::string dump(const patterns::ast::File& file);

}  // namespace tocsin::test
