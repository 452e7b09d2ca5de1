// Checked patterns as text: for `explain`, for messages and for the tables of tests.
#pragma once

#include <string>

#include "patterns/pattern.h"

namespace tocsin::patterns {

// The expression in the language's own syntax, as the engine sees it: constants folded, `between`
// written out. `tested` is the type of the event that a condition tests; null in having and emit.
std::string to_string(const Expr& expr, const Pattern& pattern,
                      const eventtime::EventSchema* tested);

// "probe: Payment[amount < 2.0]{3,} then hit: Payment".
std::string to_string(const Sequence& sequence, const Pattern& pattern, const Catalog& catalog);

// "avg(probe.amount)", "prev.price", "time(a)".
std::string to_string(const Capture& capture, const Pattern& pattern);

// "past last", "to first"
std::string to_string(SkipKind skip);

// The tree with all its types: "(less:bool amount:float 2.0:float)".
std::string dump(const Expr& expr, const Pattern& pattern, const eventtime::EventSchema* tested);

}  // namespace tocsin::patterns
