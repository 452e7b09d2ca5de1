#include "patterns/warnings.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "patterns/fold.h"
#include "patterns/names.h"
#include "patterns/operators.h"

namespace tocsin::patterns {
namespace {

bool repeats(const Element& element) {
  return !element.maximum || *element.maximum > 1;
}

// Whether a match of this sequence is, whatever it waits for, over after a bounded time: one event,
// or one element after the other within its `in`.
bool is_bounded(const Sequence& sequence, bool something_before) {
  for (const Element& element : sequence.elements) {
    if (repeats(element) || element.kind == ElementKind::kAll) return false;
    if (something_before && !element.in) return false;
    for (const Sequence& part : element.alternatives) {
      if (!is_bounded(part, false)) return false;
    }
    something_before = true;
  }
  return std::none_of(sequence.trailing.begin(), sequence.trailing.end(),
                      [](const Negation& negation) { return negation.next; });
}

// Elements at the end that may be left out: the match without them completes first and, unless
// every match is emitted, excludes the one with them (3.7).
void warn_of_optional_end(const Sequence& sequence, Diagnostics& diagnostics) {
  if (!sequence.trailing.empty()) return;  // decided later than at the last event
  const auto& elements = sequence.elements;
  for (auto element = elements.rbegin(); element != elements.rend(); ++element) {
    if (element->minimum > 0) {
      if (element->kind == ElementKind::kGroup && !repeats(*element)) {
        for (const Sequence& part : element->alternatives) warn_of_optional_end(part, diagnostics);
      }
      return;
    }
    if (element->longest || !element->negations.empty()) return;  // left out is decided later, too
    diagnostics.warning(element->span, "never-reported",
                        "the end of the pattern is optional, so it is never reported: the match "
                        "is complete without it",
                        "write 'skip none' to get every match, or leave the element out");
  }
}

// ---- conditions that can never hold ----

struct Comparison {
  const Expr* field = nullptr;
  const Expr* literal = nullptr;
  Op op = Op::kEqual;  // with the field on the left
};

std::optional<Comparison> as_comparison(const Expr& expr) {
  if (!is_comparison(expr.op) || expr.op == Op::kNotEqual) return std::nullopt;
  const Expr& left = expr.operands[0];
  const Expr& right = expr.operands[1];
  if (left.op == Op::kField && right.op == Op::kLiteral) return Comparison{&left, &right, expr.op};
  if (right.op == Op::kField && left.op == Op::kLiteral) {
    return Comparison{&right, &left, mirrored(expr.op)};
  }
  return std::nullopt;
}

double number_of(const Expr& literal) {
  return literal.type == Type::kFloat ? literal.number : static_cast<double>(literal.integer);
}

// Whether no value satisfies both. Of numbers beyond 2^53 it may miss some.
bool exclude(const Comparison& left, const Comparison& right) {
  if (left.field->index != right.field->index) return false;
  if (left.literal->type == Type::kString) {
    return left.op == Op::kEqual && right.op == Op::kEqual &&
           left.literal->text != right.literal->text;
  }
  const double a = number_of(*left.literal);
  const double b = number_of(*right.literal);
  const auto is_above = [](Op op) { return op == Op::kGreater || op == Op::kGreaterEqual; };
  const auto is_below = [](Op op) { return op == Op::kLess || op == Op::kLessEqual; };
  const bool strict = left.op == Op::kLess || left.op == Op::kGreater || right.op == Op::kLess ||
                      right.op == Op::kGreater;
  if (left.op == Op::kEqual && right.op == Op::kEqual) return a != b;
  const bool left_above = is_above(left.op) || (left.op == Op::kEqual && is_below(right.op));
  const bool right_above = is_above(right.op) || (right.op == Op::kEqual && is_below(left.op));
  if (left_above && !right_above) return strict ? a >= b : a > b;
  if (right_above && !left_above) return strict ? b >= a : b > a;
  return false;
}

void add_conjuncts(const Expr& expr, std::vector<Comparison>& comparisons) {
  if (expr.op == Op::kAnd) {
    for (const Expr& operand : expr.operands) add_conjuncts(operand, comparisons);
  } else if (const std::optional<Comparison> comparison = as_comparison(expr)) {
    comparisons.push_back(*comparison);
  }
}

bool never_holds(const Step& step) {
  constexpr size_t kMaxCompared = 32;
  if (!step.condition) return false;
  const Expr& condition = *step.condition;
  if (condition.op == Op::kLiteral) return !is_true_literal(condition);
  std::vector<Comparison> comparisons;
  add_conjuncts(condition, comparisons);
  comparisons.resize(std::min(comparisons.size(), kMaxCompared));
  for (size_t i = 0; i < comparisons.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (exclude(comparisons[i], comparisons[j])) return true;
    }
  }
  return false;
}

void warn_of_condition(const Step& step, Diagnostics& diagnostics) {
  if (!never_holds(step)) return;
  diagnostics.warning(step.condition->span, "never-holds", "this condition can never hold",
                      "no value satisfies all its parts at once");
}

void warn_of_conditions(const Sequence& sequence, Diagnostics& diagnostics) {
  bool reached = true;
  for (const Element& element : sequence.elements) {
    for (const Negation& negation : element.negations) {
      warn_of_condition(negation.step, diagnostics);
    }
    if (!reached) {
      diagnostics.warning(element.span, "never-reached",
                          "this can never be reached: the step before it never matches");
      return;
    }
    if (element.kind == ElementKind::kStep) warn_of_condition(element.step, diagnostics);
    for (const Sequence& part : element.alternatives) warn_of_conditions(part, diagnostics);
    reached =
        element.minimum == 0 || element.kind != ElementKind::kStep || !never_holds(element.step);
  }
  for (const Negation& negation : sequence.trailing) warn_of_condition(negation.step, diagnostics);
}

// ---- windows ----

// Bounds that the window makes impossible or empty. `first`: of the pattern, whose look-back lies
// before the window.
void warn_of_window(const Sequence& sequence, Duration within, bool first,
                    Diagnostics& diagnostics) {
  for (const Element& element : sequence.elements) {
    for (const Negation& negation : element.negations) {
      if (first || !negation.duration || *negation.duration < within) continue;
      diagnostics.warning(negation.span, "window-too-short",
                          "'within " + to_string(within) + "' is over before the " +
                              to_string(*negation.duration) + " that must pass here",
                          "make the window longer than the absence");
    }
    if (element.in && *element.in > within) {
      diagnostics.warning(element.span, "no-effect",
                          "'in " + to_string(*element.in) + "' is longer than 'within " +
                              to_string(within) + "' and bounds nothing");
    }
    for (const Sequence& part : element.alternatives) {
      warn_of_window(part, within, first, diagnostics);
    }
    first = false;
  }
}

// The text tells a condition that was not understood from none.
bool alerts_on_every_event(const Pattern& pattern, const ast::PatternDecl& text) {
  if (text.match.elements.front().step.condition) return false;
  if (pattern.match.elements.size() != 1 || !pattern.match.trailing.empty()) return false;
  const Element& only = pattern.match.elements[0];
  return only.kind == ElementKind::kStep && only.minimum == 1 && only.negations.empty() &&
         !only.longest && !pattern.having && pattern.without.empty() && !pattern.suppress;
}

}  // namespace

void warn(const Pattern& pattern, const ast::PatternDecl& text, Diagnostics& diagnostics) {
  if (!pattern.within && !is_bounded(pattern.match, false)) {
    diagnostics.warning(text.name.span, "unbounded",
                        "partial matches of " + in_quotes(pattern.name) + " can live for ever",
                        "add 'within DURATION'");
  }
  warn_of_conditions(pattern.match, diagnostics);
  for (const Without& without : pattern.without) warn_of_condition(without.step, diagnostics);
  if (pattern.within) warn_of_window(pattern.match, *pattern.within, true, diagnostics);
  if (alerts_on_every_event(pattern, text)) {
    diagnostics.warning(text.name.span, "every-event",
                        in_quotes(pattern.name) + " gives an alert for every event of its input",
                        "add a condition in brackets, or further steps");
  }
  // `having` may refuse the shorter match and keep the longer one.
  if (pattern.skip != SkipKind::kNone && !pattern.having) {
    warn_of_optional_end(pattern.match, diagnostics);
  }
}

}  // namespace tocsin::patterns
