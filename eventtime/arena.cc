#include "eventtime/arena.h"

#include <algorithm>
#include <cstring>

namespace tocsin::eventtime {

char* Arena::allocate(size_t size) {
  if (size > left_) {
    const size_t bytes = std::max(size, kChunkBytes);
    chunks_.push_back(std::make_unique<char[]>(bytes));
    next_ = chunks_.back().get();
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

}  // namespace tocsin::eventtime
