// Finds what belongs to a key: from the key's hash to a number that its owner gave.
//
// Open addressing with linear probing and backward-shift deletion (Knuth, TAOCP 3, 6.4, algorithm
// R). It is our own because a look-up can be prefetched: events of a block look up keys in random
// order, and waiting for memory would cost more than matching. Eight bytes a cell, and the tag in
// it is all that growing and erasing need to know. Tested by tests/unit/runtime/key_index_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"

namespace tocsin::runtime {

class KeyIndex {
 public:
  static constexpr uint32_t kNone = 0;

  enum class Fill : unsigned char {
    kHalf,          // at most
    kThreeQuarters  // for numbers that are seldom looked up
  };
  KeyIndex() : KeyIndex(Fill::kHalf) {}
  explicit KeyIndex(Fill fill) : fill_(fill) {}

  // The number with this tag for which `equal` holds; kNone if there is none.
  template <typename Equal>
  uint32_t find(uint32_t tag, const Equal& equal) const {
    for (size_t i = tag & mask_; cells_[i].number != kNone; i = (i + 1) & mask_) {
      if (cells_[i].tag == tag && equal(cells_[i].number)) return cells_[i].number;
    }
    return kNone;
  }

  // A number is never kNone and stands in the index once.
  void insert(uint32_t tag, uint32_t number) {
    const size_t most = fill_ == Fill::kHalf ? cells_.size() / 2 : cells_.size() / 4 * 3;
    if (size_ + 1 > most) grow();
    place(tag, number);
    ++size_;
  }
  void replace(uint32_t tag, uint32_t number, uint32_t by) { cells_[at(tag, number)].number = by; }
  void erase(uint32_t tag, uint32_t number) {
    size_t hole = at(tag, number);
    // What stands behind the hole moves into it unless it would then stand before its own place.
    for (size_t i = (hole + 1) & mask_; cells_[i].number != kNone; i = (i + 1) & mask_) {
      const size_t home = cells_[i].tag & mask_;
      if (((i - home) & mask_) < ((i - hole) & mask_)) continue;
      cells_[hole] = cells_[i];
      hole = i;
    }
    cells_[hole] = {};
    --size_;
  }

  void prefetch(uint32_t tag) const { eventtime::prefetch(&cells_[tag & mask_]); }
  size_t size() const { return size_; }
  size_t bytes() const { return cells_.size() * sizeof(Cell); }

  // In no order; the index is not changed meanwhile.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Cell& cell : cells_) {
      if (cell.number != kNone) visit(cell.tag, cell.number);
    }
  }

 private:
  struct Cell {
    uint32_t tag = 0;  // the lower half of the hash: where it belongs, and a first comparison
    uint32_t number = kNone;
  };

  size_t at(uint32_t tag, uint32_t number) const {
    size_t i = tag & mask_;
    while (cells_[i].number != number) i = (i + 1) & mask_;
    return i;
  }
  void place(uint32_t tag, uint32_t number) {
    size_t i = tag & mask_;
    while (cells_[i].number != kNone) i = (i + 1) & mask_;
    cells_[i] = {tag, number};
  }
  void grow() {
    const Cells old = std::move(cells_);
    cells_ = Cells(old.size() * 2);
    mask_ = cells_.size() - 1;
    for (const Cell& cell : old) {
      if (cell.number != kNone) place(cell.tag, cell.number);
    }
  }

  using Cells = std::vector<Cell, eventtime::HugePageAllocator<Cell>>;
  Cells cells_ = Cells(16);  // a power of two, never full: inserting and erasing walk runs of cells
  size_t mask_ = 15;
  Fill fill_;
  size_t size_ = 0;
};

}  // namespace tocsin::runtime
