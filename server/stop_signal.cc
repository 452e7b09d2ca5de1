#include "server/stop_signal.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>

namespace tocsin::server {
namespace {

// One wish can come as several signals: `timeout` sends one to the program and one to its group.
constexpr int64_t kSameWishMs = 1000;

std::atomic<bool> stop_requested = false;
std::atomic<int64_t> requested_at = 0;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free,
              "a handler may set them");

int64_t now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void request_stop(int signal) {
  const int error = errno;
  if (!stop_requested) {
    requested_at = now_ms();
    stop_requested = true;
  } else if (now_ms() - requested_at > kSameWishMs) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);  // taken when this returns
  }
  errno = error;
}

}  // namespace

StopSignal::StopSignal() {
  stop_requested = false;
  struct sigaction action{};
  action.sa_handler = request_stop;
  ::sigaction(SIGTERM, &action, &old_terminate_);
  ::sigaction(SIGINT, &action, &old_interrupt_);
}

// After the wish the program is about to end, and a signal of the same wish must not find it
// undefended on its way.
StopSignal::~StopSignal() {
  if (stop_requested) return;
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
}

bool StopSignal::requested() {
  return stop_requested;
}

}  // namespace tocsin::server
