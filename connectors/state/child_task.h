// Work in a forked child: it sees the memory as it was at the fork, however the parent goes on. The
// system copies pages as they are changed, so nobody pays for what stays the same.
//
// In the child: SIGTERM, SIGINT and SIGHUP are ignored, because the parent decides when to end; it
// is killed when the thread that forked it ends, with or without its process, so that it never
// writes beside a successor; it leaves by _exit(), so that no buffer and no handler of the parent
// is run twice. Only the forking thread exists in it: the work must not wait for another one, nor
// take a lock that another thread could have held at the fork (the allocator's are safe). It writes
// no log. It inherits all open files, among them the lock of the state directory, which therefore
// outlives the parent as long as the child does (state_lock.h).
//
// Used by one thread. Tested by tests/unit/connectors/child_task_test.cc.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "eventtime/result.h"

namespace tocsin::connectors {

class ChildTask {
 public:
  // What the child says to the parent: any bytes, in any number of calls.
  using Say = std::function<void(std::string_view)>;
  using Work = std::function<void(const Say&)>;

  static eventtime::Result<std::unique_ptr<ChildTask>> start(const Work& work);
  ChildTask(const ChildTask&) = delete;
  ChildTask& operator=(const ChildTask&) = delete;
  ~ChildTask();  // kills a child that is still at work, and waits until it is gone

  struct Outcome {
    std::string said;
    std::string death;  // how it ended, if not by finishing its work: "it was ended by signal 9"
  };

  pid_t process() const { return process_; }

  // Nothing while the child is at work; never waits. An outcome is given once.
  std::optional<Outcome> poll() { return read(false); }
  Outcome wait() { return *read(true); }

 private:
  ChildTask(pid_t process, int pipe) : process_(process), pipe_(pipe) {}
  std::optional<Outcome> read(bool wait);
  Outcome reap();

  pid_t process_;  // 0 when it is gone
  int pipe_;
  std::string said_;
};

}  // namespace tocsin::connectors
