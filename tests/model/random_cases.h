// What tests over random cases share. TOCSIN_MODEL_CASES and TOCSIN_MODEL_SEED widen them: case
// number n of a run is made from seed + n, so a failure names the one seed that repeats it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "tests/model/case_runner.h"

namespace tocsin::model {

inline constexpr uint64_t kDefaultSeed = 1;
inline constexpr size_t kFailuresShown = 3;

// A number from the environment.
uint64_t environment(const char* name, uint64_t otherwise);

// How many events are pushed at once in the case of a seed.
size_t batch_size_of(uint64_t seed);

using Judge = std::function<Verdict(const Case&, size_t)>;

// Fails the present test with the case, shrunk, and how to repeat it.
void report(const Case& example, size_t batch_size, const Judge& judge_case,
            const std::string& repeat);

}  // namespace tocsin::model
