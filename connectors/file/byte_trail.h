// The first and the last bytes of a stream, by which it is known again: hashes of both stand in
// positions of sources and outputs. Tested by
// tests/unit/connectors/source_position_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/source.h"

namespace tocsin::connectors {

// XXH3-64, of the last kHashedBytes bytes where there are more.
uint64_t hash_of_tail(std::string_view bytes);

class ByteTrail {
 public:
  static constexpr size_t kKept = runtime::SourcePosition::kHashedBytes;

  // The next bytes of the stream.
  void add(std::string_view bytes);
  // The next bytes were not looked at. At least kKept ones follow before tail_hash() is asked for;
  // head_hash() needs that kKept ones were added before.
  void skip(uint64_t count);

  uint64_t bytes() const { return bytes_; }
  // Of the first and of the last kKept bytes, of all where there are fewer.
  uint64_t head_hash() const { return hash_of_tail(head_); }
  uint64_t tail_hash() const { return hash_of_tail(tail_); }

 private:
  uint64_t bytes_ = 0;
  std::string head_;
  std::string tail_;  // at least the last kKept bytes
};

}  // namespace tocsin::connectors
