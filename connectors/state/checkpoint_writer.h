// One checkpoint, from the records to the manifest: what CheckpointStore does in this process or in
// a child. Tested by tests/unit/connectors/checkpoint_store_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/manifest.h"
#include "connectors/state/record_hash.h"
#include "connectors/state/shared_hashes.h"
#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

inline constexpr size_t kMaxDeltas = 20;

struct CheckpointAttempt {
  uint64_t number = 0;
  std::optional<Manifest> last;             // the checkpoint before, if there is one
  std::span<const RecordHash> last_hashes;  // of its records
};

// Whether the next checkpoint after this one has a base of its own: it would be the 21st delta, or
// the deltas have come to more than half of the base.
bool needs_base(const std::optional<Manifest>& last);

// Appends the hashes of all records to `hashes`. After an error no file of the attempt is left, as
// far as it can be removed.
eventtime::Result<Manifest> write_checkpoint(runtime::Storage& storage,
                                             const CheckpointRequest& request,
                                             const CheckpointAttempt& attempt,
                                             SharedHashes& hashes);

}  // namespace tocsin::connectors
