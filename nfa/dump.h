// A program as people read it: for `tocsin explain` and for the tables of tests.
#pragma once

#include <string>

#include "nfa/program.h"

namespace tocsin::nfa {

// Places, edges, conditions, and what is kept for how long.
std::string dump_text(const Program& program);
// A graph for Graphviz: `dot -Tsvg`.
std::string dump_dot(const Program& program);
// One JSON object on one line.
std::string dump_json(const Program& program);

}  // namespace tocsin::nfa
