// A set of row numbers as bits, 64 to a word: null masks of columns, results of predicates.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tocsin::eventtime {

class BitSet {
 public:
  BitSet() = default;
  explicit BitSet(size_t size) { reset(size); }

  // All bits clear, room for `size`.
  void reset(size_t size) {
    size_ = size;
    words_.assign((size + 63) / 64, 0);
  }

  // Room for `size`, which may not shrink; new bits are clear.
  void grow(size_t size) {
    size_ = size;
    words_.resize((size + 63) / 64, 0);
  }

  size_t size() const { return size_; }
  bool test(size_t i) const { return (words_[i >> 6] >> (i & 63) & 1) != 0; }
  void set(size_t i) { words_[i >> 6] |= uint64_t{1} << (i & 63); }
  void clear(size_t i) { words_[i >> 6] &= ~(uint64_t{1} << (i & 63)); }

  // Whole words, lowest row in the lowest bit; bits beyond size() are clear and stay so.
  std::span<uint64_t> words() { return words_; }
  std::span<const uint64_t> words() const { return words_; }

  bool any() const {
    for (const uint64_t word : words_) {
      if (word != 0) return true;
    }
    return false;
  }
  size_t count() const {
    size_t total = 0;
    for (const uint64_t word : words_) total += static_cast<size_t>(std::popcount(word));
    return total;
  }

 private:
  std::vector<uint64_t> words_;
  size_t size_ = 0;
};

}  // namespace tocsin::eventtime
