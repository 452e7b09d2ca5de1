// Random trees of declarations that the grammar could have read: for round trips through the
// printer. The same seed gives the same tree.
#pragma once

#include <cstdint>

#include "patterns/ast.h"

namespace tocsin::test {

patterns::ast::File random_tree(uint64_t seed);

}  // namespace tocsin::test
