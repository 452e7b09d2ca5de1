#include "eventtime/arena.h"

#include <algorithm>
#include <cstring>

namespace tocsin::eventtime {

char* Arena::allocate(size_t size) {
  if (size > left_) {
    const size_t bytes = std::max(size, kChunkBytes);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    next_ = chunks_.back().bytes.get();
    left_ = bytes;
  }
  char* result = next_;
  next_ += size;
  left_ -= size;
  return result;
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* bytes = allocate(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

void Arena::reuse() {
  chunks_.erase(chunks_.begin() + 1, chunks_.end());
  next_ = chunks_.front().bytes.get();
  left_ = chunks_.front().size;
}

}  // namespace tocsin::eventtime
