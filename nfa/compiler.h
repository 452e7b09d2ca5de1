// Checked pattern to position automaton.
#pragma once

#include "eventtime/result.h"
#include "nfa/predicate.h"
#include "nfa/program.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

// Local conditions go to `predicates`, which all patterns share. An error (the user's) tells of a
// sequence that needs more than kMaxEdges ways out of one step.
eventtime::Result<Program> compile(const patterns::Pattern& pattern,
                                   const eventtime::Catalog& catalog, PredicateSet& predicates);

}  // namespace tocsin::nfa
