// What a checkpoint knows of a record without its bytes: 128 bits of its key, 64 of its value
// (XXH3). Two keys of 10 M collide with a probability of 1.5e-25; a changed value is taken for the
// old one with 5e-20.
#pragma once

#include <xxhash.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin::connectors {

struct KeyHash {
  uint64_t low = 0;
  uint64_t high = 0;
  friend bool operator==(const KeyHash&, const KeyHash&) = default;
};

struct RecordHash {
  KeyHash key;
  uint64_t value = 0;
};

inline KeyHash hash_key(std::string_view key) {
  const XXH128_hash_t hash = XXH3_128bits(key.data(), key.size());
  return {hash.low64, hash.high64};
}

inline uint64_t hash_value(std::string_view value) {
  return XXH3_64bits(value.data(), value.size());
}

}  // namespace tocsin::connectors
