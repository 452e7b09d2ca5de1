// Batches that are used again once nobody holds them: a run needs a handful, whatever its length.
#pragma once

#include <memory>
#include <vector>

#include "eventtime/batch.h"

namespace tocsin::runtime {

// For one thread.
class BatchPool {
 public:
  // The catalog outlives the pool.
  explicit BatchPool(const eventtime::Catalog& catalog) : catalog_(catalog) {}

  // An empty batch. It is free for another use when all copies of the pointer are gone.
  std::shared_ptr<eventtime::Batch> take() {
    for (const std::shared_ptr<eventtime::Batch>& batch : batches_) {
      if (batch.use_count() > 1) continue;
      batch->clear();
      return batch;
    }
    auto batch = std::make_shared<eventtime::Batch>(catalog_);
    // Waiting for their time to be settled, many may be held at once; they are not worth keeping.
    if (batches_.size() < kKept) batches_.push_back(batch);
    return batch;
  }

 private:
  static constexpr size_t kKept = 128;

  const eventtime::Catalog& catalog_;
  std::vector<std::shared_ptr<eventtime::Batch>> batches_;
};

}  // namespace tocsin::runtime
