// Alerts to the partitions of a topic, exactly once (log_sink.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/kafka/commit_note.h"
#include "connectors/kafka/log_sink.h"
#include "connectors/kafka/retry_pause.h"
#include "eventtime/result.h"
#include "runtime/clock.h"
#include "runtime/log_client.h"
#include "runtime/sink.h"

namespace tocsin::connectors {

// In transactions, every `commit_every`, together with how many alerts they make and the digest of
// all. A run that goes on from a checkpoint finds its alerts again; those that were committed
// behind the checkpoint are held back, and must be the same.
//
// That number stands where a group's position in the topic would be. So a sink needs a group and a
// transactional id of its own, and a run that begins anew a name of its own, which is part of
// position(): a checkpoint with it must be there before the first alert. With sync() that number is
// there from the first checkpoint on, and is renewed every hour, for such positions expire.
//
// While the brokers cannot be reached alerts are kept, and written when they are back; when there
// are kMaxWaiting of them, and in sync(), the sink waits, up to kPatience. After that it is an
// error, and what was not committed is left to the next run.
class TransactionalLogSink : public runtime::Sink {
 public:
  static constexpr size_t kMaxWaiting = 10'000;
  static constexpr eventtime::Duration kPatience{300'000'000};
  // When the run is to end, it has waited long enough by then.
  static constexpr eventtime::Duration kLastPatience{10'000'000};

  struct Surroundings {
    std::shared_ptr<runtime::LogClient> client;  // of the sink's group
    runtime::Clock& clock;                       // outlives the sink
    std::function<bool()> stop;                  // somebody wants the run to end
    std::function<uint64_t()> new_run;           // a number that no other run has
    std::function<void(std::string)> warn;       // of what is tried again
  };

  TransactionalLogSink(LogSinkOptions options, std::string id, Surroundings with)
      : options_(std::move(options)), id_(std::move(id)), with_(std::move(with)) {}

  const std::string& name() const override { return options_.name; }
  eventtime::Result<void> resume(std::string_view position) override;
  eventtime::Result<void> write(const runtime::OutgoingAlert& alert) override;
  eventtime::Result<void> flush() override;
  eventtime::Result<void> sync() override;
  std::string position() const override;
  eventtime::Result<void> finish() override;
  eventtime::Result<void> close() override { return sync(); }
  runtime::Metrics metrics() const override;

 private:
  struct Waiting {
    std::optional<std::string> key;
    std::string value;
    std::string header;  // name and text
    std::string text;
  };

  runtime::LogPartition place_of_position() const { return {options_.topic, 0}; }
  // What the log says was committed last. Waits for transactions of former runs.
  eventtime::Result<std::optional<SinkNote>> committed();
  eventtime::Result<void> hold_back(const SinkNote& before);
  // What this run has found is what was committed.
  eventtime::Result<void> check_held(const AlertPlace& held);
  eventtime::Result<void> open_producer();
  eventtime::Result<void> send(const Waiting& record);
  // Where a commit brings the log to.
  AlertPlace due_place() const { return held_ ? *held_ : written_; }
  // A new producer, and what is known of the last attempt.
  eventtime::Result<void> settle_attempt();
  eventtime::Result<void> try_to_commit();
  // Commits what is waiting, or notes when to try again. An error is not the world's.
  eventtime::Result<void> commit();
  // Tries until it is done.
  eventtime::Result<void> wait_for_commit();
  bool is_due() const;
  bool needs_commit() const;

  LogSinkOptions options_;
  std::string id_;
  Surroundings with_;
  std::unique_ptr<runtime::LogProducer> producer_;
  uint64_t run_ = 0;
  std::optional<SinkNote> former_;  // of another run, when this one began
  AlertPlace written_;
  AlertPlace committed_;
  std::optional<AlertPlace> held_;  // alerts up to there were committed before this run went on
  std::vector<Waiting> waiting_;
  size_t sent_ = 0;  // of those that wait, in the open transaction
  struct Attempt {
    AlertPlace place;
    size_t records = 0;  // the first of those that wait
  };
  std::optional<Attempt> attempt_;    // nobody has said how it ended
  eventtime::Duration committed_at_;  // or tried to
  eventtime::Duration renewed_at_;
  bool is_broken_ = false;  // nothing is committed any more; the error was told
  RetryPause pause_;
  std::string problem_;
  uint64_t commits_ = 0;
  uint64_t disturbed_ = 0;
};

}  // namespace tocsin::connectors
