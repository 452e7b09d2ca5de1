#include "nfa/predicate_results.h"

#include <algorithm>
#include <numeric>

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

void PredicateResults::add_rows(StepPredicate predicate, eventtime::BitSet& rows) {
  const PredicateLayout::Place& place = layout_->places[predicate];
  if (!place.indexed) {
    const auto more = rows_[place.number].words();
    for (size_t i = 0; i < more.size(); ++i) rows.words()[i] |= more[i];
    return;
  }
  Hits& hits = hits_[place.type];
  if (!hits.turned) turn(hits);
  if (place.number + 1 >= hits.row_begins.size()) return;
  for (size_t i = hits.row_begins[place.number]; i < hits.row_begins[place.number + 1]; ++i) {
    rows.set(hits.rows[i]);
  }
}

// Counts how many rows each has, then puts every row at its place.
void PredicateResults::turn(Hits& hits) const {
  uint32_t numbers = 0;
  for (const StepPredicate hit : hits.predicates) {
    numbers = std::max(numbers, layout_->places[hit].number + 1);
  }
  hits.row_begins.assign(numbers + 2, 0);
  for (const StepPredicate hit : hits.predicates) {
    ++hits.row_begins[layout_->places[hit].number + 2];
  }
  std::partial_sum(hits.row_begins.begin(), hits.row_begins.end(), hits.row_begins.begin());
  hits.rows.resize(hits.predicates.size());
  for (uint32_t row = 0; row + 1 < hits.begins.size(); ++row) {
    for (size_t i = hits.begins[row]; i < hits.begins[row + 1]; ++i) {
      hits.rows[hits.row_begins[layout_->places[hits.predicates[i]].number + 1]++] = row;
    }
  }
  hits.row_begins.pop_back();
  hits.turned = true;
}

}  // namespace tocsin::nfa
