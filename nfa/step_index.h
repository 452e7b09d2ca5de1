// The conjunctions over one event type that are looked up instead of tested: from a row to those
// that hold for it, at a cost that follows what it finds.
//
// A conjunction is found by the value of one field, by the conjunct that most likely finds few
// (Access in conjunct.h). One that is shared by many, such as `kind == 'withdraw'`, can be its
// gate: only rows of that value look at the conjunctions behind it. What is left of a conjunction
// is tested for the rows where it was found, cheap conjuncts first. Tested by
// tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nfa/conjunct.h"
#include "nfa/field_index.h"
#include "nfa/predicate_results.h"

namespace tocsin::nfa {

class StepIndex {
 public:
  struct Conjunction {
    StepPredicate predicate = 0;
    std::span<const uint32_t> conjuncts;  // cheap ones first
  };

  // Whether there is anything to look the conjunction up by.
  static bool can_hold(std::span<const uint32_t> conjunction, std::span<const Conjunct> conjuncts);

  // `conjuncts` are all those of the predicate set.
  StepIndex(std::span<const Conjunction> conjunctions, std::span<const Conjunct> conjuncts);

  // Which conjunction has which number.
  const std::vector<StepPredicate>& order() const { return order_; }

  // Appends those that hold for the row of the context, ascending by their numbers.
  void find(std::span<const Conjunct> conjuncts, const EvalContext& context,
            std::vector<StepPredicate>& out);
  // Counts, by number, those that would be tested or taken for the row.
  void count(const EvalContext& context, std::vector<uint32_t>& counts);

 private:
  // How one conjunction is found.
  struct Way {
    StepPredicate predicate = 0;
    std::optional<uint32_t> gate;  // a conjunct
    Access access;
    std::vector<uint32_t> rest;  // conjuncts
  };
  struct Group {
    uint32_t column = 0;
    uint32_t first = 0;  // the number of its first conjunction
    bool exact = true;   // nothing is left to test of any
    std::unique_ptr<FieldIndex> index;
  };
  // Groups that only rows with certain values of one field look at.
  struct Gate {
    uint32_t column = 0;
    std::unique_ptr<FieldIndex> values;
    std::vector<uint32_t> begins;  // by value: its groups
  };
  class Chooser;

  void add_group(std::vector<Way> ways);
  // Calls `use` with each group that finds any; they stand in candidates_.
  template <class Use>
  void find_candidates(const eventtime::EventTable& table, uint32_t row, Use use);
  bool find_in(const Group& group, const eventtime::EventTable& table, uint32_t row);
  bool passes(uint32_t number, std::span<const Conjunct> conjuncts,
              const EvalContext& context) const;

  std::vector<Group> groups_;  // without a gate first, then gate by gate
  size_t open_groups_ = 0;     // how many have no gate
  std::vector<Gate> gates_;
  std::vector<StepPredicate> order_;
  std::vector<uint32_t> rest_begins_ = {0};  // by number
  std::vector<uint32_t> rest_;
  std::vector<uint32_t> candidates_;  // of one row and group, from its first
  std::vector<uint32_t> passed_;
};

}  // namespace tocsin::nfa
