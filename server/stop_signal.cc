#include "server/stop_signal.h"

#include <atomic>

namespace tocsin::server {
namespace {

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a handler may set it");

}  // namespace

StopSignal::StopSignal() {
  stop_requested = false;
  struct sigaction action{};
  action.sa_handler = [](int /*signal*/) { stop_requested = true; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  ::sigaction(SIGTERM, &action, &old_terminate_);
  ::sigaction(SIGINT, &action, &old_interrupt_);
}

StopSignal::~StopSignal() {
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
}

bool StopSignal::requested() {
  return stop_requested;
}

}  // namespace tocsin::server
