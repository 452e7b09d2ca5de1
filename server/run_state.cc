#include "server/run_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>
#include <vector>

namespace tocsin::server {

using connectors::CheckpointRequest;
using connectors::CheckpointStore;
using connectors::FileStorage;
using connectors::Manifest;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

RunState::RunState(std::unique_ptr<FileStorage> storage,
                   std::unique_ptr<connectors::StateLock> lock, eventtime::Duration every,
                   runtime::Clock& clock)
    : storage_(std::move(storage)),
      lock_(std::move(lock)),
      store_(*storage_),
      every_(every),
      clock_(clock),
      last_(clock.now()) {}

Result<std::unique_ptr<RunState>> RunState::open(const std::string& directory,
                                                 eventtime::Duration every, runtime::Clock& clock) {
  auto storage = FileStorage::open(directory, FileStorage::Missing::kCreate);
  if (!storage) return Unexpected<Error>{storage.error()};
  auto lock = connectors::StateLock::take(directory);
  if (!lock) return Unexpected<Error>{lock.error()};
  return std::unique_ptr<RunState>(
      new RunState(std::move(*storage), std::move(*lock), every, clock));
}

Result<std::optional<RunMeta>> RunState::restore(runtime::Engine& engine, Sources& sources) {
  Result<void> taken;
  Result<connectors::Restored> restored =
      store_.restore([&](std::string_view key, std::string_view value) {
        if (taken) taken = engine.restore(key, value);
      });
  if (!restored) return Unexpected<Error>{restored.error()};
  for (const std::string& note : restored->notes) spdlog::warn("{}", note);
  if (!restored->checkpoint) return std::optional<RunMeta>();
  if (taken) taken = engine.finish_restore();
  if (!taken) return Unexpected<Error>{taken.error()};
  Result<RunMeta> meta = parse_run_meta(restored->checkpoint->meta);
  if (!meta) return Unexpected<Error>{meta.error()};
  if (meta->inputs.size() != sources.size()) {
    return eventtime::usage_error(
        fmt::format("the state in '{}' is of a run over {} inputs, and this one has {}",
                    storage_->name(), meta->inputs.size(), sources.size()));
  }
  for (uint32_t i = 0; i < sources.size(); ++i) {
    const Result<void> resumed = sources[i]->resume(meta->inputs[i].second);
    if (!resumed) return Unexpected<Error>{resumed.error()};
    engine.reopen(i);
  }
  spdlog::info("goes on from checkpoint {} in '{}'", restored->checkpoint->number,
               storage_->name());
  return std::optional<RunMeta>(std::move(*meta));
}

Result<CheckpointRequest> RunState::request(const Parts& parts) {
  const Result<void> flushed = parts.outputs.flush();
  if (!flushed) return Unexpected<Error>{flushed.error()};
  RunMeta meta;
  for (const auto& source : parts.sources) {
    meta.inputs.emplace_back(source->name(), source->position());
  }
  parts.outputs.tell(meta);
  CheckpointRequest request;
  request.meta = print_run_meta(meta);
  request.written = clock_.date();
  request.records = [&parts](const connectors::Put& put) { parts.engine.save(put); };
  request.before_publish = [&parts] {
    const Result<void> synced = parts.ticks.sync();
    return synced ? parts.outputs.sync() : synced;
  };
  return request;
}

Result<void> RunState::pass(const Parts& parts) {
  if (store_.running()) {
    if (const auto outcome = store_.poll()) tell(*outcome);
  }
  const eventtime::Duration now = clock_.now();
  const bool due = !store_.running() && now.micros - last_.micros >= every_.micros;
  if (!due) return {};
  last_ = now;
  const Result<CheckpointRequest> made = request(parts);
  if (!made) return Unexpected<Error>{made.error()};
  std::vector<std::unique_lock<std::mutex>> pauses;  // nobody allocates while the process forks
  for (ReadAhead* reader : parts.readers) pauses.push_back(reader->pause());
  const Result<void> started = store_.start(*made);
  pauses.clear();
  if (!started) tell(Unexpected<Error>{started.error()});
  return {};
}

Result<void> RunState::write(const Parts& parts) {
  if (store_.running()) tell(store_.wait());
  const Result<CheckpointRequest> made = request(parts);
  if (!made) return Unexpected<Error>{made.error()};
  const Result<Manifest> written = store_.write(*made);
  if (!written) return Unexpected<Error>{written.error()};
  return {};
}

void RunState::tell(const Result<Manifest>& outcome) {
  if (outcome) {
    spdlog::debug("checkpoint {} is written", outcome->number);
  } else {
    spdlog::warn("a checkpoint could not be written: {}; the one before it stays",
                 outcome.error().message);
  }
}

}  // namespace tocsin::server
