#include "server/stored_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "connectors/state/checkpoint_directory.h"
#include "runtime/derived_events.h"
#include "runtime/saved_alerts.h"

namespace tocsin::server {

using connectors::Manifest;
using connectors::StoredPattern;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::Engine;

namespace {

// Of those that are whole.
Result<Manifest> find_checkpoint(runtime::Storage& storage, std::optional<uint64_t> number) {
  const auto checkpoints = connectors::list_checkpoints(storage);
  if (!checkpoints) return Unexpected<Error>{checkpoints.error()};
  std::string why;
  for (const connectors::StoredCheckpoint& checkpoint : *checkpoints) {
    if (!checkpoint.manifest) {
      why = fmt::format(": '{}' is damaged: {}", checkpoint.file,
                        checkpoint.manifest.error().message);
      continue;
    }
    if (number && checkpoint.manifest->number != *number) continue;
    const Result<void> whole = connectors::verify_checkpoint(storage, *checkpoint.manifest);
    if (whole) return *checkpoint.manifest;
    why = fmt::format(": '{}' is damaged: {}", checkpoint.file, whole.error().message);
  }
  if (number) {
    return eventtime::usage_error(
        fmt::format("there is no whole checkpoint {} in '{}'{}", *number, storage.name(), why));
  }
  return eventtime::world_error(
      fmt::format("there is no whole checkpoint in '{}'{}", storage.name(), why));
}

}  // namespace

bool is_text(std::string_view key) {
  return key[0] == 't' || key[0] == 'l';
}

std::string state_of(std::string_view key) {
  return std::string(key.substr(1, std::min(key.find('\0'), key.size()) - 1));
}

Result<SavedTexts> read_texts(runtime::Storage& storage, const Manifest& from) {
  SavedTexts texts;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key[0] == 't') texts.patterns.emplace(key.substr(1), value);
    if (key[0] == 'l') texts.lists.emplace(key.substr(1), value);
  };
  const Result<void> read =
      connectors::read_checkpoint(storage, from, {.put = take, .with_spilled = false});
  if (!read) return Unexpected<Error>{read.error()};
  return texts;
}

Result<std::set<std::string>> states_with_alerts(runtime::Storage& storage, const Manifest& from) {
  std::set<std::string> states;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key[0] != 'a') return;
    runtime::visit_held_alerts(value, [&](std::string_view state) { states.emplace(state); });
  };
  const Result<void> read =
      connectors::read_checkpoint(storage, from, {.put = take, .with_spilled = false});
  if (!read) return Unexpected<Error>{read.error()};
  return states;
}

Result<StoredRun> read_run(runtime::Storage& storage, std::optional<uint64_t> number) {
  Result<Manifest> manifest = find_checkpoint(storage, number);
  if (!manifest) return Unexpected<Error>{manifest.error()};
  Result<connectors::RunMeta> meta = connectors::parse_run_meta(manifest->meta);
  if (!meta) return Unexpected<Error>{meta.error()};
  Result<SavedTexts> texts = read_texts(storage, *manifest);
  if (!texts) return Unexpected<Error>{texts.error()};
  return StoredRun{*std::move(manifest), *std::move(meta), *std::move(texts)};
}

Result<std::unique_ptr<Engine>> restore_engine(patterns::PatternSet set,
                                               const runtime::EngineOptions& options,
                                               const EngineRecords& records) {
  Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(set), options);
  if (!engine) return engine;
  for (size_t i = 0; i < records.inputs; ++i) (*engine)->add_input({}, runtime::object_format());
  Result<void> taken;
  Result<void> read = connectors::read_checkpoint(
      records.storage, records.manifest, [&](std::string_view key, std::string_view value) {
        if (taken && records.are_wanted(key)) taken = (*engine)->restore(key, value);
      });
  if (read) read = taken;
  if (read) read = (*engine)->finish_restore();
  if (!read) return Unexpected<Error>{read.error()};
  return engine;
}

Result<std::unique_ptr<Engine>> read_engine(runtime::Storage& storage, const StoredRun& run,
                                            const std::vector<StoredPattern>& draining) {
  Result<patterns::PatternSet> set = bind_saved(run.meta.patterns, run.texts);
  if (!set) return Unexpected<Error>{set.error()};
  runtime::EngineOptions options;
  options.events = run.meta.events;
  options.plan = run.meta.plan;
  for (const StoredPattern& pattern : run.meta.patterns) {
    const auto drains = std::ranges::find(draining, pattern.state, &StoredPattern::state);
    const StoredPattern& version = drains == draining.end() ? pattern : *drains;
    options.versions.push_back({version.state, version.since, version.until});
  }
  return restore_engine(*std::move(set), options,
                        {storage, run.manifest, run.meta.inputs.size(),
                         [](std::string_view key) { return !is_text(key); }});
}

Result<patterns::PatternSet> bind_old_versions(const OwnPatterns& own, patterns::PatternSet set,
                                               runtime::Storage& storage, const StoredRun& run,
                                               ChangePlan& plan) {
  if (plan.old.empty()) return set;
  Result<patterns::PatternSet> bound = bind_with_old(own, plan.old, run.texts);
  if (bound) return bound;
  const auto engine = read_engine(storage, run, plan.old);
  if (!engine) return Unexpected<Error>{engine.error()};
  for (size_t i = 0; i < run.meta.patterns.size(); ++i) {
    if (!(*engine)->has_pending(i)) plan.forget(run.meta.patterns[i].state);
  }
  return plan.old.empty() ? std::move(set) : bind_with_old(own, plan.old, run.texts);
}

}  // namespace tocsin::server
