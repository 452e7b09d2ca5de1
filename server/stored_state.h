// What a state directory holds of a run, for those that look at it or go on from it. It is only
// read, also while a run uses the directory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "connectors/state/manifest.h"
#include "connectors/state/run_meta.h"
#include "eventtime/result.h"
#include "runtime/engine.h"
#include "runtime/storage.h"
#include "server/own_patterns.h"

namespace tocsin::server {

// The texts among the records of a checkpoint; run_state.h says what they are called.
eventtime::Result<SavedTexts> read_texts(runtime::Storage& storage,
                                         const connectors::Manifest& from);

struct StoredRun {
  connectors::Manifest manifest;
  connectors::RunMeta meta;
  SavedTexts texts;
};

// The checkpoint of this number, or the newest whole one.
eventtime::Result<StoredRun> read_run(runtime::Storage& storage,
                                      std::optional<uint64_t> number = std::nullopt);

// An engine with the patterns of the run, as it was.
eventtime::Result<std::unique_ptr<runtime::Engine>> read_engine(runtime::Storage& storage,
                                                                const StoredRun& run);

}  // namespace tocsin::server
