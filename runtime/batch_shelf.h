// Batches that are still needed, with what was decided about their rows: until all rows are
// released from reordering and no pattern refers to one of them as the first event of a match to
// come. Tested by tests/unit/runtime/engine_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/check.h"
#include "eventtime/huge_pages.h"
#include "nfa/predicate.h"

namespace tocsin::runtime {

// Events that wait stay in so many batches of late; those of older ones are stored apart.
inline constexpr uint64_t kBatchesKept = 64;

struct LoadedBatch {
  std::shared_ptr<const eventtime::Batch> batch;
  nfa::PredicateResults predicates;
  // Rows, by their place in Batch::rows, that may concern a pattern; and by row where the
  // conditions begin that hold for it, and behind the last row where they end.
  eventtime::BitSet concerned;
  std::vector<uint32_t> first_hit;
  std::vector<nfa::StepPredicate> hits;
  uint64_t number = 0;  // counts the batches of all inputs
  uint32_t slot = 0;
  // By holder, each on a cache line of its own: rows not yet released, and pins.
  struct alignas(eventtime::kCacheLineBytes) Holds {
    uint32_t count = 0;
  };
  std::vector<Holds> holds;

  std::span<const nfa::StepPredicate> hits_of(size_t row) const {
    return {hits.data() + first_hit[row], first_hit[row + 1] - first_hit[row]};
  }
};

// One that holds batches: the engine, or a shard. Holders may work at the same time, each in one
// thread, while the shelf is left alone.
class BatchHolder {
 public:
  BatchHolder(uint32_t number, const uint64_t& added) : number_(number), added_(added) {}

  void hold(LoadedBatch& loaded, size_t times = 1) {
    loaded.holds[number_].count += static_cast<uint32_t>(times);
  }
  void release(LoadedBatch& loaded, uint32_t times = 1) {
    uint32_t& count = loaded.holds[number_].count;
    TOCSIN_CHECK(count >= times, "a batch is released once for each hold");
    count -= times;
    if (count == 0) left_.push_back(&loaded);
  }
  // So many batches have been put on the shelf.
  uint64_t added() const { return added_; }

 private:
  friend class BatchShelf;

  uint32_t number_;
  const uint64_t& added_;
  std::vector<LoadedBatch*> left_;  // that it does not hold any more
};

class BatchShelf {
 public:
  explicit BatchShelf(uint32_t holders) {
    for (uint32_t number = 0; number < holders; ++number) holders_.emplace_back(number, added_);
  }

  BatchHolder& holder(uint32_t number) { return holders_[number]; }

  // Held by nobody: collect() would take it away.
  LoadedBatch& add(std::shared_ptr<const eventtime::Batch> batch) {
    if (free_.empty()) {
      free_.push_back(static_cast<uint32_t>(batches_.size()));
      batches_.push_back(std::make_unique<LoadedBatch>());
      batches_.back()->slot = free_.back();
      batches_.back()->holds.resize(holders_.size());
    }
    LoadedBatch& loaded = *batches_[free_.back()];
    free_.pop_back();
    loaded.number = ++added_;
    loaded.batch = std::move(batch);
    return loaded;
  }
  // Takes away what nobody holds any more. No holder is at work.
  void collect() {
    for (BatchHolder& holder : holders_) {
      for (LoadedBatch* loaded : holder.left_) {
        const bool held =
            std::any_of(loaded->holds.begin(), loaded->holds.end(),
                        [](const LoadedBatch::Holds& holds) { return holds.count > 0; });
        if (held || loaded->batch == nullptr) continue;
        loaded->batch.reset();
        free_.push_back(loaded->slot);
      }
      holder.left_.clear();
    }
  }

  LoadedBatch& at(uint32_t slot) { return *batches_[slot]; }
  const LoadedBatch& at(uint32_t slot) const { return *batches_[slot]; }
  size_t held() const { return batches_.size() - free_.size(); }

 private:
  uint64_t added_ = 0;
  std::deque<BatchHolder> holders_;
  std::vector<std::unique_ptr<LoadedBatch>> batches_;
  std::vector<uint32_t> free_;
};

}  // namespace tocsin::runtime
