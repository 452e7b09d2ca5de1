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

// Gives each record of the state once, in no particular order. Keeps the hashes of the keys in the
// deltas meanwhile. An error (after some records have been given) means that a file was changed
// since it was verified.
eventtime::Result<void> read_checkpoint(runtime::Storage& storage, const Manifest& manifest,
                                        const Put& put);

// Writes a manifest beside its place, reads it back, and moves it there. Fails if there is one.
eventtime::Result<void> publish_manifest(runtime::Storage& storage, const Manifest& manifest,
                                         const std::string& name, const std::string& temporary);

// After a new checkpoint: removes those that are not among the `keep` newest that look whole (those
// of the manifests `damaged` do not), and the files that no manifest names any more. Savepoints
// stay, and so does what this program cannot read. What cannot be removed stays until the next
// time.
void remove_old_checkpoints(runtime::Storage& storage, size_t keep,
                            const std::vector<std::string>& damaged);

// What writers left behind that were killed: files that no manifest names. Nothing is removed while
// a manifest cannot be read.
void remove_leftovers(runtime::Storage& storage);

// Names the newest whole checkpoint, so that it is never removed. Safe while another process writes
// checkpoints and removes old ones.
eventtime::Result<Manifest> make_savepoint(runtime::Storage& storage, const std::string& name);

}  // namespace tocsin::connectors
