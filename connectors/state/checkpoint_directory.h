// The checkpoints of a state directory as they lie there: for the store that writes them, and for
// commands that only look while a run uses the directory. Tested by
// tests/unit/connectors/checkpoint_store_test.cc, checkpoint_faults_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/state/manifest.h"
#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

// One record of the state. Views hold during the call.
using Put = std::function<void(std::string_view key, std::string_view value)>;

struct StoredCheckpoint {
  std::string file;  // the manifest's name
  FileName name;
  eventtime::Result<Manifest, ManifestError> manifest;
};

// All checkpoints and savepoints, newest first, a checkpoint before a savepoint of it, and
// savepoints whose manifest is damaged last. What another process has removed meanwhile is not
// listed.
eventtime::Result<std::vector<StoredCheckpoint>> list_checkpoints(runtime::Storage& storage);

// Reads all files of a checkpoint and compares size and hash; the error names the first that is
// missing or damaged.
eventtime::Result<void> verify_checkpoint(runtime::Storage& storage, const Manifest& manifest);
// The same of one file with cold keys.
eventtime::Result<void> verify_spilled(runtime::Storage& storage,
                                       const runtime::SpillSegment& segment);

// One record of a cold key, where it lies.
using PutSpilled = std::function<eventtime::Result<void>(uint64_t segment, uint32_t unit,
                                                         const runtime::SpilledRecord& record)>;

struct CheckpointVisitor {
  Put put;
  PutSpilled spilled = {};   // nothing: these are put as well
  bool with_spilled = true;  // false: cold keys are passed over
  Put in_files = {};         // every record of base and deltas, also those that we make ourselves
};

// Gives each record of the state once, in no particular order, but cold keys last. Keeps the hashes
// of the keys in the deltas meanwhile. An error (after some records have been given) means that a
// file was changed since it was verified, or is the visitor's.
eventtime::Result<void> read_checkpoint(runtime::Storage& storage, const Manifest& manifest,
                                        const CheckpointVisitor& visitor);
inline eventtime::Result<void> read_checkpoint(runtime::Storage& storage, const Manifest& manifest,
                                               const Put& put) {
  return read_checkpoint(storage, manifest, CheckpointVisitor{put});
}

// Records that say which records of a spill file live; a checkpoint has them besides the caller's.
inline constexpr char kLiveKind = 'x';  // the first byte of their keys
std::string live_key(uint64_t segment, uint32_t piece);

// Spill files that a run needs though no checkpoint names them: these, and all from `next` on.
struct SpilledInUse {
  uint64_t next = UINT64_MAX;
  std::vector<uint64_t> numbers = {};
};
SpilledInUse in_use(const runtime::SpillFiles* files);  // null: none

// Writes a manifest beside its place, reads it back, and moves it there. Fails if there is one.
eventtime::Result<void> publish_manifest(runtime::Storage& storage, const Manifest& manifest,
                                         const std::string& name, const std::string& temporary);

// After a new checkpoint: removes those that are not among the `keep` newest that look whole (those
// of the manifests `damaged` do not), and the files that no manifest names any more. Savepoints
// stay, and so does what this program cannot read. What cannot be removed stays until the next
// time.
void remove_old_checkpoints(runtime::Storage& storage, size_t keep,
                            const std::vector<std::string>& damaged,
                            const SpilledInUse& in_use = {});

// What writers left behind that were killed: files that no manifest names. Nothing is removed while
// a manifest cannot be read.
void remove_leftovers(runtime::Storage& storage, const SpilledInUse& in_use = {});

// Names the newest whole checkpoint, so that it is never removed. Safe while another process writes
// checkpoints and removes old ones.
eventtime::Result<Manifest> make_savepoint(runtime::Storage& storage, const std::string& name);

}  // namespace tocsin::connectors
