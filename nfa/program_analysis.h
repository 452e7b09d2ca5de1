// What follows from the edges and watches of a program: which of them are strict or end it, what
// the future of a run depends on, and what the operator may take for granted.
//
// Tested by tests/unit/nfa/compiler_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <vector>

#include "nfa/program.h"

namespace tocsin::nfa {

// Fills in what places and program say of their edges. `always_read`: slots that `having` reads.
void analyse(Program& program, const std::vector<uint32_t>& always_read);

}  // namespace tocsin::nfa
