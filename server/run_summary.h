// What a run tells about itself when it ends: a short text for people, JSON for scripts.
#pragma once

#include <cstdint>
#include <string>

#include "eventtime/result.h"
#include "runtime/engine.h"
#include "server/run_command.h"

namespace tocsin::server {

struct RunSummary {
  uint64_t events_read = 0;  // by this process; with saved state the engine counts more
  uint64_t malformed = 0;
  uint64_t skipped = 0;  // of events_read, by --from and --to
  double seconds = 0;
  runtime::EngineStats engine;
};

// The object that `--metrics` writes, on one line.
std::string metrics_json(const RunSummary& summary);
eventtime::Result<void> write_metrics(const std::string& path, const RunSummary& summary);

// The text for standard error, with hints on what was not kept.
std::string summary_text(const RunSummary& summary, const RunOptions& options);
void show_summary(const RunSummary& summary, const RunOptions& options);

}  // namespace tocsin::server
