// A seeded source of choices that is the same on every platform: the standard distributions are
// not.
//
// After Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace tocsin::model {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  // Takes its choices from the tape as long as it lasts: a fuzzer changes one at a time.
  Random(uint64_t seed, std::span<const uint8_t> tape) : state_(seed), tape_(tape) {}

  uint64_t next() {
    if (tape_.size() >= 2) {
      const uint64_t choice = tape_[0] | uint64_t{tape_[1]} << 8;
      tape_ = tape_.subspan(2);
      return choice;
    }
    uint64_t mixed = state_ += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    return mixed ^ (mixed >> 31);
  }
  // 0 to limit - 1; the bias of the remainder does not matter here.
  size_t below(size_t limit) { return static_cast<size_t>(next() % limit); }
  int64_t between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(below(static_cast<size_t>(high - low + 1)));
  }
  bool percent(size_t chance) { return below(100) < chance; }

  const char* one_of(std::initializer_list<const char*> choices) {
    return choices.begin()[below(choices.size())];
  }
  template <class T>
  const T& one_of(const std::vector<T>& choices) {
    return choices[below(choices.size())];
  }

 private:
  uint64_t state_;
  std::span<const uint8_t> tape_;
};

}  // namespace tocsin::model
