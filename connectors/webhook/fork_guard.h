// A thread of a connector and a process that forks for a checkpoint
// (connectors/state/child_task.h).
//
// Such a thread allocates, and the allocators of sanitizers do not see to it that their locks are
// free in the child, as the system's does. So while a thread has a ForkGuard nobody forks; it lets
// go of it where it waits. Any fork waits, whoever asks for it. Tested by
// tests/unit/connectors/webhook_sink_test.cc and fork_guard_test.cc.
#pragma once

namespace tocsin::connectors {

// Short, and not twice by the same thread.
class ForkGuard {
 public:
  ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;
  ~ForkGuard();
};

}  // namespace tocsin::connectors
