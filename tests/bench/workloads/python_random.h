// The numbers of Python's random.Random(seed).random(), draw for draw: streams made here are those
// of a generator written in Python.
//
// A Mersenne Twister (Matsumoto and Nishimura, ACM TOMACS 1998), seeded by its authors'
// init_by_array; each number takes 53 bits of two outputs.
// Tested by tests/unit/workloads/streams_test.cc.
#pragma once

#include <cstdint>
#include <random>

namespace tocsin::bench {

class PythonRandom {
 public:
  explicit PythonRandom(uint32_t seed);

  double operator()();  // 0 <= number < 1
  // int(random() * limit)
  int64_t below(int64_t limit) {
    return static_cast<int64_t>((*this)() * static_cast<double>(limit));
  }

 private:
  std::mt19937 engine_;
};

}  // namespace tocsin::bench
