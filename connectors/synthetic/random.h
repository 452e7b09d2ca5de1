// Random numbers that are the same on every platform: only integer arithmetic.
//
// The generator is xoshiro256++ 1.0 of Blackman and Vigna ("Scrambled linear pseudorandom number
// generators", ACM TOMS 2021), seeded through their splitmix64. `mix` derives fixed properties
// (where customer 17 lives) from a seed without storing them, so a world of any size takes no
// memory.
//
// below() multiplies instead of dividing; its bias is under n / 2^32, far below what a sample of
// events can show.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {

// The finaliser of splitmix64: each input bit changes about half of the output bits.
constexpr uint64_t scramble(uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

constexpr uint64_t mix(uint64_t seed, uint64_t what, uint64_t which = 0) {
  return scramble(scramble(seed ^ (what << 56)) + which);
}

// A number in 0 .. limit - 1 from 64 random bits.
constexpr uint32_t reduce(uint64_t bits, uint32_t limit) {
  return static_cast<uint32_t>(((bits >> 32) * limit) >> 32);
}

class Random {
 public:
  explicit Random(uint64_t seed) {
    for (uint64_t& word : state_) {
      word = scramble(seed);
      seed += 0x9E3779B97F4A7C15ULL;
    }
  }

  uint64_t next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  uint32_t below(uint32_t limit) { return reduce(next(), limit); }
  // Both ends included.
  int64_t between(int64_t low, int64_t high) {
    return low + below(static_cast<uint32_t>(high - low + 1));
  }
  bool one_in(uint32_t n) { return below(n) == 0; }
  bool percent(uint32_t share) { return below(100) < share; }

 private:
  std::array<uint64_t, 4> state_;
};

// The time to the next of a row of events: even between nothing and twice the mean (below 2^38 us).
inline eventtime::Duration random_gap(Random& random, int64_t mean_micros) {
  const auto span = static_cast<uint64_t>(2 * mean_micros + 1);
  return {1 + static_cast<int64_t>(((random.next() >> 40) * span) >> 24)};
}

}  // namespace tocsin::connectors::synthetic
