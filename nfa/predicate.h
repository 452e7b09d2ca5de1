// Conditions that look only at the tested event, shared by all patterns and decided for whole
// batches over columns before any key is looked up.
//
// A step's condition is split at `and`: conjuncts without captures are local, the rest correlated.
// Equal conjuncts of all patterns are one predicate (hash-consed by their text). Comparisons of a
// field with a constant run as loops over the column; then, of each column and for all patterns
// together, `field matches '...'`, on the rows that some comparisons leave; what else there is runs
// as code, row by row, only where the cheaper conjuncts of the same step hold. Tested by
// tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "eventtime/arena.h"
#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "nfa/code.h"
#include "nfa/column_search.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

using eventtime::TypeId;
using StepPredicate = uint32_t;  // index of a conjunction in its PredicateSet

// The results for one batch: for each conjunction, the rows of its type's table where it holds.
struct PredicateResults {
  std::vector<eventtime::BitSet> rows;  // by StepPredicate

  bool holds(StepPredicate predicate, uint32_t table_row) const {
    return rows[predicate].test(table_row);
  }
};

class PredicateSet {
 public:
  // The conjunction of `conjuncts` over events of `type`; none: every event of the type.
  StepPredicate add(TypeId type, const std::vector<const patterns::Expr*>& conjuncts);

  // Decides all conjunctions for a batch. Reuses the memory of `results`.
  void evaluate(const eventtime::Batch& batch, PredicateResults& results);

  TypeId type(StepPredicate predicate) const { return conjunctions_[predicate].type; }
  size_t size() const { return conjunctions_.size(); }
  size_t distinct_conjuncts() const { return conjuncts_.size(); }
  uint64_t arithmetic_errors() const { return arithmetic_errors_; }

 private:
  // field OP constant, by the type of the field
  struct Comparison {
    uint32_t column = 0;
    patterns::Op op = patterns::Op::kEqual;
    eventtime::Type type = eventtime::Type::kNull;
    int64_t integer = 0;
    double number = 0;
    std::string text;
  };
  // [not] field matches '...'
  struct Search {
    uint32_t group = 0;  // of groups_
    uint32_t index = 0;  // of its search
    bool negated = false;
  };
  // What is searched for in one column, and who wants to know.
  struct SearchGroup {
    TypeId type = 0;
    uint32_t column = 0;
    ColumnSearch search;
    std::vector<uint32_t> conjunctions;
    eventtime::BitSet candidates;
  };
  struct Conjunct {
    TypeId type = 0;
    std::optional<Comparison> comparison;
    std::optional<Search> search;
    Code code;               // of what is neither
    eventtime::BitSet rows;  // of the present batch, where `evaluated`
    bool evaluated = false;
  };
  struct Conjunction {
    TypeId type = 0;
    std::vector<uint32_t> conjuncts;  // comparisons first, then searches
  };

  uint32_t add_conjunct(TypeId type, const patterns::Expr& expr);
  static std::optional<Comparison> as_comparison(const patterns::Expr& expr);
  std::optional<Search> as_search(TypeId type, const patterns::Expr& expr);
  void note_searches(const Conjunction& conjunction, uint32_t index);
  static void compare_column(const Comparison& comparison, const eventtime::Column& column,
                             uint32_t rows, eventtime::BitSet& out);
  void evaluate_comparisons(const Conjunction& conjunction, const eventtime::EventTable& table,
                            eventtime::BitSet& rows);
  void run_searches(const eventtime::Batch& batch, const PredicateResults& results);
  void apply_search(const Search& search, const eventtime::EventTable& table,
                    eventtime::BitSet& rows) const;
  void evaluate_code(const Conjunct& conjunct, const eventtime::Batch& batch,
                     eventtime::BitSet& candidates);

  std::vector<Conjunct> conjuncts_;
  std::vector<Conjunction> conjunctions_;
  std::vector<SearchGroup> groups_;
  std::unordered_map<std::string, uint32_t> conjunct_by_text_;
  std::unordered_map<std::string, uint32_t> conjunction_by_text_;
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
