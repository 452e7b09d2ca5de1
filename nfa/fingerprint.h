// What saved partial matches of a pattern depend on, as a few hashes: where all are equal, those of
// one program can go on in the other. Conditions, `having`, `emit` and `meta` are not in them,
// except for what they make a run carry. Tested by tests/unit/nfa/fingerprint_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "eventtime/schema.h"
#include "nfa/program.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

// "KEY-STEPS-VALUES-PLAN", 16 hexadecimal digits each. The same for the same pattern whatever is
// declared beside it.
std::string automaton_fingerprint(const Program& program, const patterns::Pattern& pattern,
                                  const eventtime::Catalog& catalog);

// What is different first, in words that follow "because ": "its key is another". "" if nothing is.
std::string_view automaton_difference(std::string_view before, std::string_view now);

}  // namespace tocsin::nfa
