// The state directory of a run (--state DIR): goes on from its newest whole checkpoint, and writes
// new ones while the run goes on.
//
// A checkpoint holds what the engine knows, where each input stands, and how long each output is.
// Going on cuts the outputs off there, so that what was written behind it is written again, the
// same; nothing is lost and nothing comes twice. The last checkpoint of a bounded run is made
// before its last input is declared ended: a run over the same input repeats just the end, and one
// over the grown input goes on. Tested by tests/unit/server/state_test.cc and tests/sim.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/file_storage.h"
#include "connectors/state/state_lock.h"
#include "runtime/clock.h"
#include "runtime/engine.h"
#include "runtime/source.h"
#include "server/read_ahead.h"
#include "server/run_command.h"
#include "server/run_meta.h"
#include "server/run_outputs.h"
#include "server/run_ticks.h"

namespace tocsin::server {

class RunState {
 public:
  using Sources = std::vector<std::unique_ptr<runtime::Source>>;

  // Takes the directory for this run; it is made if it is missing.
  static eventtime::Result<std::unique_ptr<RunState>> open(const std::string& directory,
                                                           eventtime::Duration every,
                                                           runtime::Clock& clock);

  // Before anything is read: brings engine and sources to where the newest whole checkpoint was.
  // Where the outputs stood then; nothing if there is no checkpoint.
  eventtime::Result<std::optional<RunMeta>> restore(runtime::Engine& engine, Sources& sources);

  // What a checkpoint is made of. All outlive it.
  struct Parts {
    const runtime::Engine& engine;
    const Sources& sources;
    RunOutputs& outputs;
    RunTicks& ticks;
    const std::vector<ReadAhead*>& readers;  // among the sources
  };
  // Between two batches: starts a checkpoint if it is time, and sees how the one before went. A
  // checkpoint that fails is told in the log, and tried again the next time; it ends nothing.
  eventtime::Result<void> pass(const Parts& parts);
  // A checkpoint of just now, waited for. An error: there is none.
  eventtime::Result<void> write(const Parts& parts);

 private:
  RunState(std::unique_ptr<connectors::FileStorage> storage,
           std::unique_ptr<connectors::StateLock> lock, eventtime::Duration every,
           runtime::Clock& clock);

  eventtime::Result<connectors::CheckpointRequest> request(const Parts& parts);
  void tell(const eventtime::Result<connectors::Manifest>& outcome);

  std::unique_ptr<connectors::FileStorage> storage_;
  std::unique_ptr<connectors::StateLock> lock_;
  connectors::CheckpointStore store_;
  eventtime::Duration every_;
  runtime::Clock& clock_;
  eventtime::Duration last_;  // when a checkpoint was begun, by the clock
};

}  // namespace tocsin::server
