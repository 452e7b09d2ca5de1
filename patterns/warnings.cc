#include "patterns/warnings.h"

#include <algorithm>

#include "patterns/names.h"

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

}  // namespace

void warn(const Pattern& pattern, const ast::PatternDecl& text, Diagnostics& diagnostics) {
  if (!pattern.within && !is_bounded(pattern.match, false)) {
    diagnostics.warning(text.name.span, "unbounded",
                        "partial matches of " + quoted(pattern.name) + " can live for ever",
                        "add 'within DURATION'");
  }
  // `having` may refuse the shorter match and keep the longer one.
  if (pattern.skip != SkipKind::kNone && !pattern.having) {
    warn_of_optional_end(pattern.match, diagnostics);
  }
}

}  // namespace tocsin::patterns
