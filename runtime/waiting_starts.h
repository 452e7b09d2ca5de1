// First events of which nothing more has come yet, of all keys of one pattern.
//
// Such an event stays in its batch; a run is made of it when an event follows that the pattern can
// use. Most first events expire alone, and cost neither a node nor a copy of the event.
//
// They are written one behind the other and go in that order, so that time and key of the next ones
// to go are at hand without a look at batches or keys. Those of one key are chained, the oldest
// knows how many and the last. Tested by tests/unit/runtime/key_table_test.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "eventtime/check.h"
#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"
#include "runtime/batch_shelf.h"

namespace tocsin::runtime {

struct alignas(eventtime::kCacheLineBytes) WaitingStart {
  static constexpr size_t kKeyBytes = 16;

  eventtime::Timestamp time;
  uint64_t sequence = 0;
  LoadedBatch* loaded = nullptr;  // held
  uint32_t row = 0;               // in Batch::rows
  uint32_t next = 0;              // of the key, where there is one

  // Of the oldest of a key; the rest have no chain.
  uint32_t chain = 0;  // how many, itself counted; 0: gone, or not the oldest
  uint32_t last = 0;
  uint32_t tag = 0;
  uint32_t key_size = 0;
  char key[kKeyBytes] = {};  // its first bytes; the batch has the rest
};
static_assert(sizeof(WaitingStart) == eventtime::kCacheLineBytes);

// A ring. A place is told by its number modulo 2^31, which does not change when the ring grows.
class WaitingStarts {
 public:
  static constexpr uint32_t kPlaces = uint32_t{1} << 31;

  uint32_t add(const WaitingStart& start) {
    if (end_ - begin_ == ring_.size()) grow();
    const auto place = static_cast<uint32_t>(end_++ % kPlaces);
    at(place) = start;
    eventtime::prefetch_to_write(&at(place + kAhead));
    return place;
  }
  WaitingStart& at(uint32_t place) { return ring_[place & mask_]; }
  const WaitingStart& at(uint32_t place) const { return ring_[place & mask_]; }

  bool empty() const { return begin_ == end_; }
  size_t size() const { return end_ - begin_; }
  // The `i`th from the oldest, those that are gone counted.
  uint32_t place(size_t i) const { return static_cast<uint32_t>((begin_ + i) % kPlaces); }
  void pop() { ++begin_; }

 private:
  using Ring = std::vector<WaitingStart, eventtime::HugePageAllocator<WaitingStart>>;
  static constexpr size_t kMinSize = 16;
  static constexpr uint32_t kAhead = 4;

  void grow() {
    TOCSIN_CHECK(ring_.size() < kPlaces, "fewer than 2 G first events wait at once");
    Ring larger(std::max(kMinSize, ring_.size() * 2));
    for (uint64_t i = begin_; i != end_; ++i) {
      larger[i & (larger.size() - 1)] = ring_[i & mask_];
    }
    ring_ = std::move(larger);
    mask_ = ring_.size() - 1;
  }

  Ring ring_;  // a power of two
  size_t mask_ = 0;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
};

}  // namespace tocsin::runtime
