// TOCSIN_CHECK: an invariant of ours, on in release builds too. It is never the answer to bad
// input.
#pragma once

namespace tocsin::eventtime {

// Prints file, line, the broken condition and the message to standard error, and aborts.
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const char* message) noexcept;

}  // namespace tocsin::eventtime

#define TOCSIN_CHECK(condition, message)             \
  (__builtin_expect(static_cast<bool>(condition), 1) \
       ? static_cast<void>(0)                        \
       : ::tocsin::eventtime::check_failed(__FILE__, __LINE__, #condition, message))
