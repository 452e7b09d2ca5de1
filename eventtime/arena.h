// Bump allocation for bytes that live as long as the arena: unescaped strings of a batch.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace tocsin::eventtime {

class Arena {
 public:
  // At least `size` writable bytes at a stable address.
  char* allocate(size_t size);
  // A copy of `text` that lives as long as the arena.
  std::string_view copy(std::string_view text);
  // Ends the life of everything allocated; keeps one chunk for the next use.
  void clear() {
    if (!chunks_.empty()) reuse();  // most have never allocated anything
  }

 private:
  void reuse();

  static constexpr size_t kChunkBytes = size_t{64} << 10;

  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size = 0;
  };
  std::vector<Chunk> chunks_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace tocsin::eventtime
