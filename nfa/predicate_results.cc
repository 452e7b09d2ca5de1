#include "nfa/predicate_results.h"

#include <algorithm>

namespace tocsin::nfa {

bool PredicateResults::is_hit(StepPredicate predicate, uint32_t table_row) const {
  constexpr size_t kFew = 16;
  const PredicateLayout::Place& place = layout_->places[predicate];
  const auto list = hits(place.type, table_row);
  if (list.size() <= kFew) return std::find(list.begin(), list.end(), predicate) != list.end();
  const auto found = std::lower_bound(
      list.begin(), list.end(), place.number,
      [&](StepPredicate hit, uint32_t n) { return layout_->places[hit].number < n; });
  return found != list.end() && *found == predicate;
}

}  // namespace tocsin::nfa
