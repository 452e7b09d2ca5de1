// Batches that are still needed, with what was decided about their rows: until all rows are
// released from reordering and no pattern refers to one of them as the first event of a match to
// come. Tested by tests/unit/runtime/engine_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/check.h"
#include "nfa/predicate.h"

namespace tocsin::runtime {

struct LoadedBatch {
  std::shared_ptr<const eventtime::Batch> batch;
  nfa::PredicateResults predicates;
  // Rows, by their place in Batch::rows, that may concern a pattern; and by row where the
  // conditions begin that hold for it, and behind the last row where they end.
  eventtime::BitSet concerned;
  std::vector<uint32_t> first_hit;
  std::vector<nfa::StepPredicate> hits;
  uint64_t number = 0;  // counts the batches of all inputs
  uint32_t holds = 0;   // concerned rows not yet released, and pins
  uint32_t slot = 0;

  std::span<const nfa::StepPredicate> hits_of(size_t row) const {
    return {hits.data() + first_hit[row], first_hit[row + 1] - first_hit[row]};
  }
};

// For one thread.
class BatchShelf {
 public:
  // Held once by the caller.
  LoadedBatch& add(std::shared_ptr<const eventtime::Batch> batch) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(batches_.size()));
      batches_.push_back(std::make_unique<LoadedBatch>());
      batches_.back()->slot = free_.back();
    }
    LoadedBatch& loaded = *batches_[free_.back()];
    free_.pop_back();
    loaded.number = ++added_;
    loaded.holds = 1;
    loaded.batch = std::move(batch);
    return loaded;
  }

  static void hold(LoadedBatch& loaded, size_t times = 1) {
    loaded.holds += static_cast<uint32_t>(times);
  }
  void release(LoadedBatch& loaded) {
    TOCSIN_CHECK(loaded.holds > 0, "a batch is released once for each hold");
    if (--loaded.holds > 0) return;
    loaded.batch.reset();
    free_.push_back(loaded.slot);
  }

  LoadedBatch& at(uint32_t slot) { return *batches_[slot]; }
  const LoadedBatch& at(uint32_t slot) const { return *batches_[slot]; }
  uint64_t added() const { return added_; }
  size_t held() const { return batches_.size() - free_.size(); }

 private:
  std::vector<std::unique_ptr<LoadedBatch>> batches_;
  std::vector<uint32_t> free_;
  uint64_t added_ = 0;
};

}  // namespace tocsin::runtime
