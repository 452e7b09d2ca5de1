// What PredicateSet decided about one batch: which conjunctions hold for which rows. Of a dense
// conjunction there is a bit for each row of its type's table; of the indexed ones each row has the
// list of those that hold for it, so that many that seldom hold cost no more than what they hit.
// Tested by tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "eventtime/bit_set.h"
#include "eventtime/schema.h"

namespace tocsin::nfa {

using eventtime::TypeId;
using StepPredicate = uint32_t;  // index of a conjunction in its PredicateSet

// Where each conjunction is found. Immutable, and shared by all batches decided by it.
struct PredicateLayout {
  struct Place {
    TypeId type = 0;
    bool indexed = false;
    uint32_t number = 0;  // of the dense ones of all types; of the indexed ones of its type
  };
  std::vector<Place> places;                      // by StepPredicate
  std::vector<std::vector<StepPredicate>> dense;  // by TypeId, ascending
};

class PredicateResults {
 public:
  bool holds(StepPredicate predicate, uint32_t table_row) const {
    const PredicateLayout::Place& place = layout_->places[predicate];
    return place.indexed ? is_hit(predicate, table_row) : rows_[place.number].test(table_row);
  }

  bool is_indexed(StepPredicate predicate) const { return layout_->places[predicate].indexed; }
  // Of a dense one: the rows of its type's table where it holds.
  const eventtime::BitSet& rows(StepPredicate predicate) const {
    return rows_[layout_->places[predicate].number];
  }
  std::span<const StepPredicate> dense(TypeId type) const {
    if (type >= layout_->dense.size()) return {};
    return layout_->dense[type];
  }
  // The indexed ones that hold for a row, each once, in an order of their own that is the same for
  // all rows of the batch.
  std::span<const StepPredicate> hits(TypeId type, uint32_t table_row) const {
    const Hits& hits = hits_[type];
    if (hits.begins.empty()) return {};
    return std::span(hits.predicates)
        .subspan(hits.begins[table_row], hits.begins[table_row + 1] - hits.begins[table_row]);
  }

  // Of all rows and types.
  size_t indexed_hits() const {
    size_t sum = 0;
    for (const Hits& hits : hits_) sum += hits.begins.empty() ? 0 : hits.predicates.size();
    return sum;
  }

  bool has_index(TypeId type) const { return !hits_[type].begins.empty(); }

 private:
  friend class PredicateSet;

  struct Hits {
    std::vector<size_t> begins;  // by row, and the end; empty if the type has no index
    std::vector<StepPredicate> predicates;
  };

  bool is_hit(StepPredicate predicate, uint32_t table_row) const;

  std::shared_ptr<const PredicateLayout> layout_;
  std::vector<eventtime::BitSet> rows_;  // of the dense ones
  std::vector<Hits> hits_;               // by TypeId
};

}  // namespace tocsin::nfa
