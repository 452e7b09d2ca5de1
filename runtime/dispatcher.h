// Decides for a whole batch which events concern which patterns, so that from there on an event
// costs what it concerns: most concern nothing, and are not even put into order.
//
// Conditions that look only at the event are decided for all patterns together
// (nfa/predicate.h); a pattern is concerned by the rows that one of its steps or negations can
// use. Tested by tests/unit/runtime/dispatcher_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nfa/predicate.h"
#include "runtime/batch_shelf.h"

namespace tocsin::runtime {

class Dispatcher {
 public:
  explicit Dispatcher(size_t types) : want_all_(types) {}

  // Where conditions of patterns are compiled to. Before the first batch.
  nfa::PredicateSet& predicates() { return predicates_; }
  const nfa::PredicateSet& predicates() const { return predicates_; }

  // Events concern the pattern where one of `predicates` holds.
  void add(uint32_t pattern, const std::vector<nfa::StepPredicate>& predicates);
  // All events of the type concern the pattern.
  void add_all(uint32_t pattern, eventtime::TypeId type);

  // Fills in what `loaded.batch` means to the patterns.
  void decide(LoadedBatch& loaded);

 private:
  struct Hit {
    uint32_t row = 0;  // of Batch::rows
    uint32_t pattern = 0;
  };

  void find_rows(const eventtime::Batch& batch);
  void find_hits(const nfa::PredicateResults& results, eventtime::TypeId type, uint32_t rows);
  void add_hits(uint32_t row, const std::vector<uint32_t>& patterns) {
    for (const uint32_t pattern : patterns) hits_.push_back({row, pattern});
  }

  nfa::PredicateSet predicates_;
  std::vector<std::vector<uint32_t>> patterns_;       // by StepPredicate
  std::vector<std::vector<uint32_t>> want_all_;       // patterns, by TypeId

  // Of the present batch.
  std::vector<std::vector<uint32_t>> rows_;  // by TypeId and row of the table: in Batch::rows
  std::vector<Hit> hits_;
};

}  // namespace tocsin::runtime
