// The first events of one key in the order of one of their values, for a last step that asks for a
// smaller or larger one. What an event finds is the beginning of that order.
//
// A few sorted runs, of which a younger one is merged into an older one when it has grown (the
// logarithmic method of Bentley and Saxe, "Decomposable Searching Problems I", Journal of
// Algorithms 1, 1980): adding moves an entry log n times through memory in order, and finding looks
// at the front of each run. First events that have gone stay until their run is merged or their
// turn comes: whoever finds them has to see that they are gone. Tested by
// tests/unit/runtime/ordered_starts_test.cc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "eventtime/value.h"

namespace tocsin::runtime {

class OrderedStarts {
 public:
  struct Entry {
    uint64_t rank = 0;
    uint32_t place = 0;  // in the log of first events
    uint32_t stamp = 0;  // tells it from others that have had the place
  };

  // Numbers in the order of values of one type: of int, float, timestamp or duration. No null, and
  // no float that is not a number.
  static uint64_t rank_of(const eventtime::Value& value);

  // `is_there(entry)`: the first event has not gone.
  template <typename IsThere>
  void add(const Entry& entry, const IsThere& is_there) {
    recent_.push_back(entry);
    ++size_;
    if (recent_.size() < kRecent) return;
    std::sort(recent_.begin(), recent_.end(), comes_before);
    runs_.push_back({std::move(recent_), 0});
    recent_ = {};
    while (runs_.size() > 1 && runs_[runs_.size() - 2].size() <= 2 * runs_.back().size()) {
      merge_last(is_there);
    }
  }
  // Appends the entries whose rank is `most` or less; they are not here any more.
  void take(uint64_t most, std::vector<Entry>& out) {
    const size_t before = out.size();
    for (Run& run : runs_) {
      for (; run.size() > 0 && run.front().rank <= most; ++run.begin) out.push_back(run.front());
    }
    std::erase_if(runs_, [](const Run& run) { return run.size() == 0; });
    std::erase_if(recent_, [&](const Entry& entry) {
      if (entry.rank > most) return false;
      out.push_back(entry);
      return true;
    });
    size_ -= out.size() - before;
  }
  // Appends them, and they stay.
  void find(uint64_t most, std::vector<Entry>& out) const {
    for (const Run& run : runs_) {
      for (size_t i = run.begin; i < run.entries.size() && run.entries[i].rank <= most; ++i) {
        out.push_back(run.entries[i]);
      }
    }
    for (const Entry& entry : recent_) {
      if (entry.rank <= most) out.push_back(entry);
    }
  }

  // Entries, of first events that have gone, too.
  size_t size() const { return size_; }
  void clear() {
    runs_.clear();
    recent_.clear();
    size_ = 0;
  }

 private:
  static constexpr size_t kRecent = 32;

  struct Run {
    std::vector<Entry> entries;
    size_t begin = 0;  // those before have been taken

    size_t size() const { return entries.size() - begin; }
    const Entry& front() const { return entries[begin]; }
  };

  static bool comes_before(const Entry& left, const Entry& right) { return left.rank < right.rank; }
  template <typename IsThere>
  void merge_last(const IsThere& is_there) {
    const Run young = std::move(runs_.back());
    runs_.pop_back();
    Run& old = runs_.back();
    std::vector<Entry> merged;
    merged.reserve(old.size() + young.size());
    size_t left = old.begin;
    size_t right = young.begin;
    const auto keep = [&](const Entry& entry) {
      if (is_there(entry)) merged.push_back(entry);
    };
    while (left < old.entries.size() && right < young.entries.size()) {
      const bool from_left = !comes_before(young.entries[right], old.entries[left]);
      keep(from_left ? old.entries[left++] : young.entries[right++]);
    }
    while (left < old.entries.size()) keep(old.entries[left++]);
    while (right < young.entries.size()) keep(young.entries[right++]);
    size_ -= old.size() + young.size() - merged.size();
    old = {std::move(merged), 0};
  }

  std::vector<Run> runs_;      // sorted; the oldest and largest first
  std::vector<Entry> recent_;  // in no order
  size_t size_ = 0;
};

}  // namespace tocsin::runtime
