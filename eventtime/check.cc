#include "eventtime/check.h"

#include <cstdio>
#include <cstdlib>

namespace tocsin::eventtime {

void check_failed(const char* file, int line, const char* condition, const char* message) noexcept {
  std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", file, line, message, condition);
  std::abort();
}

}  // namespace tocsin::eventtime
