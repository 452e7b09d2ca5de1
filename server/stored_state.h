// What a state directory holds of a run, for those that look at it or go on from it. It is only
// read, also while a run uses the directory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/state/manifest.h"
#include "connectors/state/run_meta.h"
#include "eventtime/result.h"
#include "runtime/engine.h"
#include "runtime/storage.h"
#include "server/own_patterns.h"
#include "server/pattern_changes.h"

namespace tocsin::server {

// Whether a record is one of the texts (run_state.h), and none of the engine's.
bool is_text(std::string_view key);
// Of a record that belongs to a pattern: what the pattern's state is called.
std::string state_of(std::string_view key);

// The texts among the records of a checkpoint.
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

// What the states are called of which alerts are held that were found and not yet written.
eventtime::Result<std::set<std::string>> states_with_alerts(runtime::Storage& storage,
                                                            const connectors::Manifest& from);

// What an engine is to know when it is made.
struct EngineRecords {
  runtime::Storage& storage;
  const connectors::Manifest& manifest;
  size_t inputs;  // of the run
  std::function<bool(std::string_view key)> are_wanted;
};
// An engine of its own that only looks: it takes no events.
eventtime::Result<std::unique_ptr<runtime::Engine>> restore_engine(
    patterns::PatternSet set, const runtime::EngineOptions& options, const EngineRecords& records);

// The same with the patterns of the run, as it was; but those of `draining` drain from there on.
eventtime::Result<std::unique_ptr<runtime::Engine>> read_engine(
    runtime::Storage& storage, const StoredRun& run,
    const std::vector<connectors::StoredPattern>& draining = {});

// The old versions of the plan followed by `set`, the patterns of today, as bind_with_old() does.
// Where that cannot be, those old ones that have nothing pending are forgotten: they leave the
// plan.
eventtime::Result<patterns::PatternSet> bind_old_versions(const OwnPatterns& own,
                                                          patterns::PatternSet set,
                                                          runtime::Storage& storage,
                                                          const StoredRun& run, ChangePlan& plan);

}  // namespace tocsin::server
