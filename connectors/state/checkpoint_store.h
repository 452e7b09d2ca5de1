// The checkpoints of a run: written every few seconds, found again after whatever ended it.
//
// State is records, a key and a value, unique by key. A checkpoint is a base with all records and
// the deltas after it, each with what changed against the checkpoint before: new and changed
// records, and hashes of the keys that are gone; and a manifest that names these files with size
// and hash. What has changed is found by comparing hashes (shared_hashes.h), so the state needs no
// marks of what is dirty, and the caller puts the WHOLE state each time. A checkpoint is there when
// its manifest has its name: all before is synced and read back. A kill at any moment leaves the
// last checkpoint or the new one.
//
// How the engine is wired:
//
//   auto storage = FileStorage::open(directory, FileStorage::Missing::kCreate);
//   auto lock = StateLock::take(directory);             // held as long as the store is used
//   CheckpointStore store(**storage);
//   auto restored = store.restore(put);                 // always first, also for a new directory
//   ...log restored->notes; restored->checkpoint->meta has the positions, nothing: begin anew...
//   every few seconds, between two batches:
//     if (!store.running()) store.start({meta, now, records, before_publish});
//   after every batch:
//     if (auto outcome = store.poll()) ...log it; an error is no end: the next one is tried...
//   at the end:  if (store.running()) store.wait();  store.write({...});
//
// `records` and `before_publish` run in a forked child under start() (child_task.h says what they
// must not do) and in this process under write(); the code and the outcome are the same. The fork
// is the copy-on-write view: matching goes on at once, and the child serialises the state as it
// was. Against copying the state in this process: a copy stops the matching for as long as it
// takes, a fork for as long as the tables of pages take (some ms for each GB). Against it: a page
// that is changed while the child is at work is copied, once. Measured on two cores, values of 96
// bytes: 1 M records fork in 3 to 8 ms, a base takes 0.6 s in the child, a delta with 1 % changed
// 0.16 s, a restore 0.2 s; 10 M fork in 23 to 35 ms, base 5.4 s, delta 1.2 s, restore 2.2 s.
//
// An error of start()'s child does not say that there is no new checkpoint: it may have been ended
// just after it was there. Either way all stays whole, and the next one has another number.
//
// Used by one thread; the thread that starts a child lives until the child is done. Tested by
// tests/unit/connectors/checkpoint_store_test.cc, checkpoint_faults_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/state/checkpoint_directory.h"
#include "connectors/state/child_task.h"
#include "connectors/state/shared_hashes.h"
#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

// Calls `put` once for each record of the whole state. The same order as last time is quickest.
using Records = std::function<void(const Put& put)>;

struct CheckpointRequest {
  std::string meta = "{}";       // a JSON object: positions of the sources, lengths of outputs, …
  eventtime::Timestamp written;  // only for show
  Records records;
  // Where cold keys lie; its segments belong to the checkpoint. Outlives the store.
  runtime::SpillFiles* spilled = nullptr;
  // Called before the checkpoint is there: syncs what `meta` speaks of. Its error is the
  // checkpoint's.
  std::function<eventtime::Result<void>()> before_publish = {};
};

struct CheckpointOptions {
  size_t keep = 3;  // newest checkpoints, besides savepoints; at least 1
};

struct Restored {
  std::optional<Manifest> checkpoint;  // nothing in a directory without checkpoints
  std::vector<std::string> notes;      // checkpoints that are damaged and were passed over, and why
};

class CheckpointStore {
 public:
  // `storage` outlives the store. One store writes into a directory (state_lock.h).
  explicit CheckpointStore(runtime::Storage& storage, CheckpointOptions options = {});
  ~CheckpointStore();  // a child at work is killed

  // Gives the records of the newest whole checkpoint, which is verified before the first is given;
  // `found` is asked before that, and its error is the restore's.
  // It is an error if there are checkpoints and none is whole, or the newest is of a newer program:
  // never is an old state silently an empty one. After an error the store is of no use.
  using Found = std::function<eventtime::Result<void>(const Manifest& checkpoint)>;
  eventtime::Result<Restored> restore(const Put& put, const Found& found = {},
                                      const PutSpilled& spilled = {});

  // What was written: the manifest; of its files the last is new if it has the manifest's number.
  // If nothing has changed, no file is.
  eventtime::Result<Manifest> write(const CheckpointRequest& request);

  // The same in a child. One at a time. An error: no child could be made.
  eventtime::Result<void> start(const CheckpointRequest& request);
  bool running() const { return child_ != nullptr; }
  pid_t child() const { return child_ ? child_->process() : 0; }
  std::optional<eventtime::Result<Manifest>> poll();  // nothing while it is at work
  eventtime::Result<Manifest> wait();

 private:
  eventtime::Result<void> begin(const CheckpointRequest& request);
  eventtime::Result<Manifest> make(const CheckpointRequest& request);
  void run_child(const CheckpointRequest& request, const ChildTask::Say& say);
  eventtime::Result<Manifest> adopt(eventtime::Result<Manifest> made);
  eventtime::Result<Manifest> finish(const ChildTask::Outcome& outcome);
  eventtime::Result<void> adopt_restored(const Manifest& manifest, const Put& put,
                                         const PutSpilled& spilled);
  eventtime::Result<uint64_t> highest_number();

  runtime::Storage& storage_;
  CheckpointOptions options_;
  uint64_t number_ = 0;                     // of the last attempt; 0 before restore()
  std::optional<Manifest> last_;            // written or restored
  std::unique_ptr<SharedHashes> known_;     // of last_
  std::unique_ptr<SharedHashes> new_;       // of the attempt
  runtime::SpillFiles* spilled_ = nullptr;  // of the attempt
  std::vector<std::string> damaged_;        // manifests, found by restore()
  bool restored_ = false;
  bool leftovers_ = false;  // the last attempt failed
  std::unique_ptr<ChildTask> child_;
};

}  // namespace tocsin::connectors
