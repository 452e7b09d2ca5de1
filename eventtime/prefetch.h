// Asks for memory that will be read soon, or written.
//
// Not __builtin_prefetch alone: GCC 12 takes a function that does nothing else for one without
// effects, and where it does not put it in line it drops the calls.
#pragma once

namespace tocsin::eventtime {

[[gnu::always_inline]] inline void prefetch(const void* memory) {
  __builtin_prefetch(memory);
  asm volatile("");
}

[[gnu::always_inline]] inline void prefetch_to_write(const void* memory) {
  __builtin_prefetch(memory, 1);
  asm volatile("");
}

}  // namespace tocsin::eventtime
