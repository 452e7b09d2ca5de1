// Memory for tables that are read in random order: large blocks lie on huge pages where the system
// gives them, so that such a read seldom waits for the page table as well. Small blocks come from
// the heap as ever. Tested by tests/unit/eventtime/huge_pages_test.cc.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <new>

namespace tocsin::eventtime {

inline constexpr size_t kHugePageBytes = size_t{2} << 20;
inline constexpr size_t kCacheLineBytes = 64;

// For std::vector and std::unique_ptr's like; stateless.
template <typename T>
struct HugePageAllocator {
  using value_type = T;

  HugePageAllocator() = default;
  template <typename Other>
  HugePageAllocator(const HugePageAllocator<Other>& /*other*/) {}

  T* allocate(size_t count) {
    const size_t bytes = count * sizeof(T);
    void* memory = ::operator new(bytes, alignment(bytes));
    // Advice only: without it the pages are small ones.
    if (bytes >= kHugePageBytes) (void)::madvise(memory, bytes, MADV_HUGEPAGE);
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, size_t count) {
    ::operator delete(memory, alignment(count * sizeof(T)));
  }

  friend bool operator==(const HugePageAllocator&, const HugePageAllocator&) { return true; }

 private:
  static std::align_val_t alignment(size_t bytes) {
    return std::align_val_t{bytes >= kHugePageBytes ? kHugePageBytes : kCacheLineBytes};
  }
};

}  // namespace tocsin::eventtime
