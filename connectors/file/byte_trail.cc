#include "connectors/file/byte_trail.h"

#include <xxhash.h>

#include <algorithm>

namespace tocsin::connectors {

uint64_t hash_of_tail(std::string_view bytes) {
  bytes.remove_prefix(bytes.size() - std::min(bytes.size(), ByteTrail::kKept));
  return XXH3_64bits(bytes.data(), bytes.size());
}

void ByteTrail::add(std::string_view bytes) {
  bytes_ += bytes.size();
  if (head_.size() < kKept) head_ += bytes.substr(0, kKept - head_.size());
  if (bytes.size() >= kKept) {
    tail_ = bytes.substr(bytes.size() - kKept);
    return;
  }
  // Moved only now and then, because records may come one by one.
  constexpr size_t kMost = 4 * kKept;
  if (tail_.size() + bytes.size() > kMost) tail_.erase(0, tail_.size() - kKept);
  tail_ += bytes;
}

void ByteTrail::skip(uint64_t count) {
  bytes_ += count;
  if (count > 0) tail_.clear();
}

}  // namespace tocsin::connectors
