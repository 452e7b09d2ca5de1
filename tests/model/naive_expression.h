// The model's evaluator: walks an expression by the definition (language reference, "Conditions and
// expressions"). Every aggregate is computed anew from the events bound so far, every time.
#pragma once

#include <span>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

// All that an expression can see.
struct Scope {
  const patterns::Pattern& pattern;
  const Catalog& catalog;
  std::span<const NaiveEvent> events;  // of the key, in order
  std::span<const Bound> bound;        // so far; never the event being tested
  const NaiveEvent* tested = nullptr;  // nothing in `having` and `emit`
  std::span<const NaiveValue> key = {};
};

NaiveValue evaluate(const patterns::Expr& expr, const Scope& scope);

// A condition that is not true does not hold: neither false nor unknown.
bool holds(const patterns::Expr& condition, const Scope& scope);

// The values of a captured field over the events bound to its variable, in order, nulls included;
// of a capture without a field (count, time) as many nulls.
std::vector<NaiveValue> captured(const patterns::Capture& capture, const Scope& scope);

}  // namespace tocsin::model
