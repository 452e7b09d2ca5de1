// The events that one step of a pattern has taken for one key, in their order: what stack_plan.h
// keeps. They come behind the last and go from the first on. Tested by
// tests/unit/nfa/instance_stack_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "nfa/event_store.h"

namespace tocsin::nfa {

class InstanceStack {
 public:
  struct Instance {
    uint64_t sequence = 0;  // its place in the order of events
    eventtime::Timestamp time;
    EventId event = kNoEvent;  // what it is and who holds it is the owner's business, as the rest
    uint32_t row = 0;
    void* batch = nullptr;
  };

  // Each instance has so many words behind it, for its owner.
  explicit InstanceStack(size_t words) : stride_(static_cast<uint32_t>(kWords + words)) {}

  bool empty() const { return size() == 0; }
  size_t size() const { return words_.size() / stride_ - begin_; }
  // The `i`th from the first.
  Instance& at(size_t i) { return *reinterpret_cast<Instance*>(place(i)); }
  const Instance& at(size_t i) const { return *reinterpret_cast<const Instance*>(place(i)); }
  uint64_t* words(size_t i) { return place(i) + kWords; }
  const uint64_t* words(size_t i) const { return place(i) + kWords; }

  // Sequences grow.
  void push(const Instance& instance) {
    words_.resize(words_.size() + stride_);
    new (place(size() - 1)) Instance(instance);
  }
  void pop_front() {
    dropped_ = at(0).sequence;
    ++begin_;
    const size_t gone = size_t{begin_} * stride_;
    if (gone * 2 < words_.size()) return;
    words_.erase(words_.begin(), words_.begin() + static_cast<std::ptrdiff_t>(gone));
    begin_ = 0;
  }
  // The sequence of the last one that went, 0 if none has.
  uint64_t dropped() const { return dropped_; }
  void set_dropped(uint64_t sequence) { dropped_ = sequence; }
  // Of the last one that came, whether it is still there or not.
  uint64_t newest() const { return empty() ? dropped_ : at(size() - 1).sequence; }
  // The first one behind this sequence; size() if there is none.
  size_t behind(uint64_t sequence) const {
    size_t low = 0;
    for (size_t high = size(); low < high;) {
      const size_t middle = low + (high - low) / 2;
      if (at(middle).sequence > sequence) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }
  size_t bytes() const { return words_.capacity() * sizeof(uint64_t); }

 private:
  static constexpr size_t kWords = sizeof(Instance) / sizeof(uint64_t);

  uint64_t* place(size_t i) { return words_.data() + (begin_ + i) * stride_; }
  const uint64_t* place(size_t i) const { return words_.data() + (begin_ + i) * stride_; }

  std::vector<uint64_t> words_;
  uint32_t begin_ = 0;
  uint32_t stride_;
  uint64_t dropped_ = 0;
};

}  // namespace tocsin::nfa
