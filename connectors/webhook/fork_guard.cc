#include "connectors/webhook/fork_guard.h"

#include <pthread.h>

#include <shared_mutex>

#include "eventtime/check.h"

namespace tocsin::connectors {

namespace {

std::shared_mutex& gate() {
  static std::shared_mutex mutex;
  return mutex;
}

void begin() {
  static const int kBegun =
      ::pthread_atfork([] { gate().lock(); }, [] { gate().unlock(); }, [] { gate().unlock(); });
  TOCSIN_CHECK(kBegun == 0, "memory for a handler");
}

}  // namespace

ForkGuard::ForkGuard() {
  begin();
  gate().lock_shared();
}

ForkGuard::~ForkGuard() {
  gate().unlock_shared();
}

}  // namespace tocsin::connectors
