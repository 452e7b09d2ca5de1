#include "connectors/webhook/fork_guard.h"

#include <pthread.h>

#include <new>
#include <shared_mutex>

#include "eventtime/check.h"

namespace tocsin::connectors {

namespace {

std::shared_mutex& gate() {
  static std::shared_mutex mutex;
  return mutex;
}

// The child's thread is not the one that locked the gate: unlocking leaves it shut for another
// fork.
void open_in_child() {
  gate().unlock();
  new (&gate()) std::shared_mutex();
}

void begin() {
  static const int kBegun =
      ::pthread_atfork([] { gate().lock(); }, [] { gate().unlock(); }, open_in_child);
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
