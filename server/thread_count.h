// How many threads a run may have, and has where nobody says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>

#include "runtime/pattern_operator.h"

namespace tocsin::server {

inline constexpr uint64_t kMaxThreads = runtime::KeyShare::kGroups;  // one for each

inline uint64_t all_cores() {
  return std::clamp<uint64_t>(std::thread::hardware_concurrency(), 1, kMaxThreads);
}

}  // namespace tocsin::server
