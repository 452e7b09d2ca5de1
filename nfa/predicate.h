// Conditions that look only at the tested event, shared by all patterns and decided for whole
// batches over columns before any key is looked up.
//
// A step's condition is split at `and`: conjuncts without captures are local, the rest correlated.
// Equal conjuncts of all patterns are one predicate (hash-consed by their text). While an event
// type has few conjunctions, each is dense: comparisons of a field with a constant run as loops
// over the column; then, of each column and for all patterns together, `field matches '...'`, on
// the rows that some comparisons leave; what else there is runs as code, row by row, only where the
// cheaper conjuncts of the same step hold. Of many, those that can be looked up by a field's value
// are (StepIndex); but one that holds for a large part of a sample of rows is dense again, for a
// bit is smaller than an entry in a list. Which of the two a conjunction is changes no result and
// no count. Tested by tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "eventtime/arena.h"
#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "nfa/column_search.h"
#include "nfa/conjunct.h"
#include "nfa/predicate_results.h"
#include "nfa/step_index.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

class PredicateSet {
 public:
  // Up to so many conjunctions over one event type all are dense; one that needs code counts more.
  static constexpr size_t kMaxDense = 16;
  explicit PredicateSet(size_t max_dense = kMaxDense) : max_dense_(max_dense) {}

  // The conjunction of `conjuncts` over events of `type`; none: every event of the type.
  StepPredicate add(TypeId type, const std::vector<const patterns::Expr*>& conjuncts);

  // Decides all conjunctions for a batch. Reuses the memory of `results`.
  void evaluate(const eventtime::Batch& batch, PredicateResults& results);

  TypeId type(StepPredicate predicate) const { return conjunctions_[predicate].type; }
  size_t size() const { return conjunctions_.size(); }
  size_t distinct_conjuncts() const { return conjuncts_.size(); }
  uint64_t arithmetic_errors() const { return arithmetic_errors_; }
  void forget_arithmetic_errors() { arithmetic_errors_ = 0; }

 private:
  struct Conjunction {
    TypeId type = 0;
    bool common = false;              // seen to hold too often to be looked up
    std::vector<uint32_t> conjuncts;  // cheap ones first
  };
  // A comparison over the present batch.
  struct Decided {
    eventtime::BitSet rows;
    bool done = false;
  };
  // What dense conjunctions search one column for, and who wants to know.
  struct SearchGroup {
    TypeId type = 0;
    uint32_t column = 0;
    ColumnSearch search;
    std::vector<StepPredicate> conjunctions;
    eventtime::BitSet candidates;
  };
  struct Found {
    uint32_t group = 0;  // of groups_
    uint32_t index = 0;  // of its search
  };

  uint32_t add_conjunct(TypeId type, const patterns::Expr& expr);

  // Which conjunctions are dense and which are indexed.
  void plan();
  bool pays_to_index(const std::vector<StepPredicate>& all) const;
  void plan_type(TypeId type, const std::vector<StepPredicate>& all, PredicateLayout& layout);
  void plan_searches(const PredicateLayout& layout);
  void add_search(StepPredicate predicate, uint32_t conjunct);
  // Looks at a sample of the batch; true if some that were indexed are better dense.
  bool find_common(const eventtime::Batch& batch);
  bool find_common(const eventtime::EventTable& table, StepIndex& index);
  EvalContext context_of(const eventtime::EventTable& table);

  void evaluate_dense(const eventtime::Batch& batch, PredicateResults& results);
  void evaluate_comparisons(const Conjunction& conjunction, const eventtime::EventTable& table,
                            eventtime::BitSet& rows);
  void run_searches(const eventtime::Batch& batch, const PredicateResults& results);
  void apply_search(uint32_t conjunct, const eventtime::EventTable& table,
                    eventtime::BitSet& rows) const;
  void evaluate_code(const Conjunct& conjunct, const eventtime::EventTable& table,
                     eventtime::BitSet& candidates);
  void evaluate_indexed(const eventtime::EventTable& table, StepIndex& index,
                        PredicateResults::Hits& hits);

  size_t max_dense_;
  std::vector<Conjunct> conjuncts_;
  std::vector<Conjunction> conjunctions_;
  std::unordered_map<std::string, uint32_t> conjunct_by_text_;
  std::unordered_map<std::string, uint32_t> conjunction_by_text_;

  // The plan, made at the first batch after an add().
  std::shared_ptr<const PredicateLayout> layout_;
  std::vector<std::unique_ptr<StepIndex>> indexes_;  // by TypeId; null: all are dense
  std::vector<Decided> decided_;                     // by conjunct
  std::vector<Found> found_;                         // by conjunct: where its search is
  std::vector<SearchGroup> groups_;
  std::vector<uint32_t> counts_;
  uint64_t batches_ = 0;  // large enough to be a sample

  eventtime::Arena scratch_;
  uint64_t arithmetic_errors_ = 0;
};

// The canonical text of a typed expression: equal texts mean equal expressions. Not for people.
std::string fingerprint(const patterns::Expr& expr);

// Splits a condition at its top-level `and`s.
void split_conjuncts(const patterns::Expr& condition, std::vector<const patterns::Expr*>& out);
// Whether an expression reads anything but the tested event.
bool is_correlated(const patterns::Expr& expr);

}  // namespace tocsin::nfa
