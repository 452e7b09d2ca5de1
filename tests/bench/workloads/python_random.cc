#include "tests/bench/workloads/python_random.h"

#include <algorithm>
#include <cstddef>

namespace tocsin::bench {

namespace {

// The standard takes the whole state from a seed sequence, word by word, so this one is the state.
class InitByArray {
 public:
  using result_type = uint32_t;
  explicit InitByArray(uint32_t seed) : seed_(seed) {}

  template <class Iterator>
  void generate(Iterator begin, Iterator end) const {
    const auto size = static_cast<size_t>(end - begin);
    begin[0] = 19650218;
    for (size_t i = 1; i < size; ++i) begin[i] = mixed(begin[i - 1], 1812433253) + word(i);
    size_t at = 1;
    const auto step = [&] {
      if (++at < size) return;
      begin[0] = begin[size - 1];
      at = 1;
    };
    for (size_t i = 0; i < size; ++i, step()) {
      begin[at] = (word(begin[at]) ^ mixed(begin[at - 1], 1664525)) + seed_;
    }
    for (size_t i = 1; i < size; ++i, step()) {
      begin[at] = (word(begin[at]) ^ mixed(begin[at - 1], 1566083941)) - word(at);
    }
    begin[0] = 0x80000000;
  }

 private:
  static uint32_t word(size_t value) { return static_cast<uint32_t>(value); }
  static uint32_t mixed(size_t before, uint32_t factor) {
    return (word(before) ^ (word(before) >> 30)) * factor;
  }

  uint32_t seed_;
};

std::mt19937 seeded(uint32_t seed) {
  InitByArray state(seed);
  return std::mt19937(state);
}

}  // namespace

PythonRandom::PythonRandom(uint32_t seed) : engine_(seeded(seed)) {}

double PythonRandom::operator()() {
  const auto high = static_cast<double>(engine_() >> 5);
  const auto low = static_cast<double>(engine_() >> 6);
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

}  // namespace tocsin::bench
