// One writer for each state directory: flock on DIR/lock, held as long as this object lives.
//
// The lock belongs to the open file, not to the process: a child that writes a checkpoint
// (child_task.h) holds it too, and who starts after a kill gets it only when the child is gone as
// well. So no two writers ever meet. The child dies with its parent, but a moment later; a lock of
// a process that is no more is therefore waited for, two seconds at most.
//
// The file also marks a directory as ours: one that holds other files and neither a lock nor a
// checkpoint is refused, since old checkpoints are removed from a state directory. Who only reads
// takes no lock. Tested by tests/unit/connectors/state_lock_test.cc.
#pragma once

#include <memory>
#include <string>

#include "eventtime/result.h"

namespace tocsin::connectors {

class StateLock {
 public:
  // `directory` is there. The refusal names it, and the process that holds it.
  static eventtime::Result<std::unique_ptr<StateLock>> take(const std::string& directory);

  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;
  ~StateLock();

 private:
  explicit StateLock(int file) : file_(file) {}

  int file_;
};

}  // namespace tocsin::connectors
