// What a run writes: alerts, late events and dead letters.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/file/line_writer.h"
#include "connectors/state/run_meta.h"
#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "runtime/engine.h"
#include "runtime/source.h"
#include "server/run_command.h"

namespace tocsin::server {

class RunOutputs {
 public:
  // `before`: where they stood when the state was saved that the run goes on from; null: they begin
  // empty. One that the run before did not have begins empty as well.
  eventtime::Result<void> open(const RunOptions& options, const connectors::RunMeta* before);
  // Where they stand now, and what was refused so far. Flushed before.
  void tell(connectors::RunMeta& meta) const;

  // Whole lines; they are flushed. That the reader has gone is no error: see pipe_closed().
  eventtime::Result<void> write_alerts(std::string_view lines);
  eventtime::Result<void> write_late(const runtime::Source& source,
                                     const runtime::Engine::Late& late);
  // The records that the batch refused. Without an output for them, the first ones are told in the
  // log.
  eventtime::Result<void> write_rejects(const runtime::Source& source,
                                        const eventtime::Batch& batch);
  eventtime::Result<void> flush();
  // What was flushed survives a loss of power.
  eventtime::Result<void> sync();
  eventtime::Result<void> close();

  bool pipe_closed() const { return alerts_ != nullptr && alerts_->pipe_closed(); }
  uint64_t malformed() const { return malformed_; }

 private:
  using Writer = std::unique_ptr<connectors::LineWriter>;

  static eventtime::Result<Writer> open_one(const std::string& path,
                                            const connectors::RunMeta::Output* before);
  static eventtime::Result<Writer> open_optional(
      const std::optional<std::string>& path,
      const std::optional<connectors::RunMeta::Output>* before);

  Writer alerts_;
  Writer late_;  // these two may be none
  Writer dead_letters_;
  uint64_t malformed_ = 0;
  std::string line_;
};

}  // namespace tocsin::server
