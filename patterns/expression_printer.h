// Expressions as pieces of a layout: one line where they fit, else one operand of `and` and `or` on
// each. A part of the printer (printer.h), which says what holds.
#pragma once

#include "patterns/ast.h"
#include "patterns/layout.h"

namespace tocsin::patterns {

void print_expression(const ast::Expr& expr, Layout& layout);

}  // namespace tocsin::patterns
