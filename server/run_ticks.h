// The ticks of a run: those that its journal holds already, and those that a live run makes when
// its inputs are idle. A tick is in the journal before it takes effect; without a journal it is
// made all the same, and nobody can repeat the run. Tested by tests/unit/server/run_loop_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "connectors/state/journal.h"
#include "eventtime/result.h"
#include "runtime/clock.h"
#include "server/idle_inputs.h"
#include "server/run_command.h"
#include "server/tick_queue.h"

namespace tocsin::server {

class RunTicks {
 public:
  // A replay only reads its journal. A live run with a journal opens it to write, and makes its
  // folder if there is none. The clock outlives it.
  static eventtime::Result<std::unique_ptr<RunTicks>> open(const RunOptions& options,
                                                           const runtime::Clock& clock);

  TickQueue& known() { return known_; }
  IdleInputs& idle() { return idle_; }
  // The ticks that the round asks for. By input: its watermark, and how many records have been
  // read.
  eventtime::Result<std::vector<runtime::Tick>> make(
      std::span<const eventtime::Timestamp> watermarks, std::span<const uint64_t> records);
  // A live input has ended after so many records.
  eventtime::Result<void> end(uint32_t input, uint64_t records);
  // What was written survives a loss of power.
  eventtime::Result<void> sync() {
    return journal_ == nullptr ? eventtime::Result<void>() : journal_->sync();
  }

 private:
  RunTicks(const RunOptions& options, const runtime::Clock& clock,
           std::unique_ptr<connectors::Journal> journal, const std::vector<runtime::Tick>& known);
  eventtime::Result<void> write_down(std::span<const runtime::Tick> ticks);

  std::unique_ptr<connectors::Journal> journal_;  // may be none
  TickQueue known_;
  IdleInputs idle_;
};

}  // namespace tocsin::server
