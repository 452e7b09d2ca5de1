// What a run writes: alerts to its sinks, late events and dead letters.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/file/line_writer.h"
#include "connectors/state/run_meta.h"
#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "runtime/engine.h"
#include "runtime/sink.h"
#include "runtime/source.h"
#include "server/alert_batch.h"
#include "server/run_command.h"

namespace tocsin::server {

class RunOutputs {
 public:
  // `before`: where they stood when the state was saved that the run goes on from; null: they begin
  // empty. One that the run before did not have begins empty as well.
  eventtime::Result<void> open(const RunOptions& options, const connectors::RunMeta* before);
  // Where they stand now, and what was refused so far. Flushed before.
  void tell(connectors::RunMeta& meta) const;

  // They are on their way afterwards. That a reader has gone is no error: see pipe_closed().
  eventtime::Result<void> write_alerts(const AlertBatch& alerts);
  eventtime::Result<void> write_late(const runtime::Source& source,
                                     const runtime::Engine::Late& late);
  // The records that the batch refused. Without an output for them, the first ones are told in the
  // log.
  eventtime::Result<void> write_rejects(const runtime::Source& source,
                                        const eventtime::Batch& batch);
  eventtime::Result<void> flush();
  // What was flushed survives a loss of power: first of those outputs that only this process can
  // sync, then of the others, by this process or a child.
  eventtime::Result<void> sync_here();
  eventtime::Result<void> sync_anywhere();
  // There is a checkpoint that says this of the outputs.
  eventtime::Result<void> settle(const connectors::RunMeta& meta);
  // All inputs have ended.
  eventtime::Result<void> finish();
  eventtime::Result<void> close();

  // Of all sinks, with their names.
  runtime::Metrics metrics() const;
  // All who read alerts have gone.
  bool pipe_closed() const;
  uint64_t malformed() const { return malformed_; }

 private:
  using Writer = std::unique_ptr<connectors::LineWriter>;

  struct Sink {
    std::unique_ptr<runtime::Sink> sink;
    std::vector<std::string> patterns;
    bool takes_all = false;
    bool is_abandoned = false;
  };
  // Late events, or dead letters: a file or a sink, or neither.
  struct Side {
    Writer file;
    Sink* sink = nullptr;
    std::string_view name;
    bool is_kept() const { return file != nullptr || sink != nullptr; }
  };

  eventtime::Result<void> open_sinks(const RunOptions& options, const connectors::RunMeta* before);
  eventtime::Result<void> open_side(const SideOutput& output,
                                    const std::optional<connectors::RunMeta::Output>* before,
                                    Side& side);
  // Line_, which is of the record of this number.
  eventtime::Result<void> write_side(Side& side, const runtime::Source& source, uint64_t record,
                                     eventtime::Timestamp time);
  bool takes(const Sink& sink, std::string_view pattern);
  // Calls it for each sink that is still read; notes who is not.
  template <class Call>
  eventtime::Result<void> for_each(const Call& call);
  template <class Call>
  eventtime::Result<void> for_each_file(const Call& call);

  std::vector<Sink> sinks_;
  std::vector<std::map<std::string, bool, std::less<>>> taken_;  // by sink, of names of patterns
  Side late_;
  Side dead_letters_;
  uint64_t malformed_ = 0;
  std::string line_;
};

}  // namespace tocsin::server
