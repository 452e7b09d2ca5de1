#include "server/run_state.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "connectors/state/checkpoint_directory.h"
#include "patterns/own_text.h"
#include "runtime/saved_counters.h"
#include "server/stored_state.h"

namespace tocsin::server {

using connectors::CheckpointRequest;
using connectors::FileStorage;
using connectors::Manifest;
using connectors::StoredPattern;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

void tell_changes(const ChangePlan& plan) {
  size_t kept = 0;
  for (const PatternChange& change : plan.changes) {
    kept += change.fate == Fate::kKept ? 1 : 0;
    if (change.fate != Fate::kKept) spdlog::info("{}", change.text());
  }
  if (kept > 0) spdlog::info("patterns that have not changed and go on: {}", kept);
}

}  // namespace

RunState::RunState(std::unique_ptr<FileStorage> storage,
                   std::unique_ptr<connectors::StateLock> lock, eventtime::Duration every,
                   runtime::Clock& clock, size_t keep)
    : storage_(std::move(storage)),
      lock_(std::move(lock)),
      store_(*storage_, {keep}),
      every_(every),
      clock_(clock),
      last_(clock.now()) {}

Result<std::unique_ptr<RunState>> RunState::open(const std::string& directory,
                                                 eventtime::Duration every, runtime::Clock& clock,
                                                 size_t keep) {
  auto storage = FileStorage::open(directory, FileStorage::Missing::kCreate);
  if (!storage) return Unexpected<Error>{storage.error()};
  auto lock = connectors::StateLock::take(directory);
  if (!lock) return Unexpected<Error>{lock.error()};
  return std::unique_ptr<RunState>(
      new RunState(std::move(*storage), std::move(*lock), every, clock, keep));
}

Result<std::optional<connectors::RunMeta>> RunState::restore(patterns::PatternSet set,
                                                             OwnPatterns own,
                                                             const Restoring& with) {
  own_ = std::move(own);
  options_ = with.options;
  name_ = with.name;
  Result<void> taken;
  const auto take = [&](std::string_view key, std::string_view value) {
    if (key[0] == 'p') return take_counters(state_of(key), value);
    if (taken && !is_replaced(key) && !is_text(key)) taken = engine_->restore(key, value);
  };
  const auto found = [&](const Manifest& manifest) {
    Result<void> opened = adopt_spilled(manifest);
    return opened ? open_changed(std::move(set), manifest, with) : opened;
  };
  const auto take_spilled = [&](uint64_t segment, uint32_t unit,
                                const runtime::SpilledRecord& record) {
    const bool replaced = is_replaced(record.key);
    return replaced ? Result<void>() : engine_->restore_spilled(segment, unit, record);
  };
  const Result<void> numbered = number_spilled();
  if (!numbered) return Unexpected<Error>{numbered.error()};
  Result<connectors::Restored> restored = store_.restore(take, found, take_spilled);
  if (!restored) return Unexpected<Error>{restored.error()};
  for (const std::string& note : restored->notes) spdlog::warn("{}", note);
  if (!restored->checkpoint) {
    patterns_ = plan_changes(own_.patterns, {}, {}, with.on_change).now;
    for (StoredPattern& pattern : patterns_) pattern.since.reset();
    keep_texts({});
    const Result<void> opened = open_engine(std::move(set), with);
    if (!opened) return Unexpected<Error>{opened.error()};
    own_ = {};
    open_marks(with);
    return std::optional<connectors::RunMeta>();
  }
  for (const auto& [key, value] : migrated_) {
    if (taken) taken = engine_->restore(key, value);
  }
  migrated_.clear();
  for (const auto& [state, counters] : counters_) {
    if (taken) taken = engine_->restore("p" + state, counters);
  }
  counters_.clear();
  if (taken) taken = engine_->finish_restore();
  if (taken) taken = resume(with);
  if (!taken) return Unexpected<Error>{taken.error()};
  spdlog::info("goes on from checkpoint {} in '{}'", restored->checkpoint->number,
               storage_->name());
  own_ = {};
  open_marks(with);
  return before_;
}

// A key of a pattern whose partial matches others take over, or nobody.
bool RunState::is_replaced(std::string_view key) const {
  return key[0] == 'k' &&
         (migrated_states_.contains(state_of(key)) || reset_states_.contains(state_of(key)));
}

// No number of a spill file is used twice, whatever names the file.
Result<void> RunState::number_spilled() {
  const auto files = storage_->list();
  if (!files) return Unexpected<Error>{files.error()};
  for (const runtime::StoredFile& file : *files) {
    const connectors::FileName name = connectors::parse_file_name(file.name);
    if (name.kind == connectors::FileKind::kSpill) options_.spill->number_from(name.number + 1);
  }
  return {};
}

Result<void> RunState::adopt_spilled(const Manifest& from) {
  for (const runtime::SpillSegment& segment : from.spilled) {
    if (Result<void> adopted = options_.spill->adopt(segment); !adopted) return adopted;
  }
  return {};
}

// What a version has counted that has finished or was dropped is counted on by that of today.
void RunState::take_counters(const std::string& state, std::string_view counters) {
  const std::string name = name_of_state(state);
  const StoredPattern* to = nullptr;
  for (const StoredPattern& pattern : patterns_) {
    if (pattern.state == state) to = &pattern;
    if (to == nullptr && pattern.name == name && !pattern.until) to = &pattern;
  }
  if (to == nullptr) return;
  const auto [sum, is_first] = counters_.emplace(to->state, counters);
  if (!is_first) sum->second = runtime::add_counters(sum->second, counters);
}

// What other patterns found says nothing about these.
void RunState::open_marks(const Restoring& with) {
  if (!with.is_bounded) return;
  std::string all;
  for (const StoredPattern& pattern : patterns_) {
    all += pattern.state + " " + pattern.definition + (pattern.until ? " drains\n" : "\n");
  }
  std::vector<uint64_t> records(with.sources.size());
  for (size_t i = 0; before_ && i < records.size(); ++i) {
    records[i] = before_->inputs[i].second.records;
  }
  marks_.emplace(storage_->name(), all);
  marks_->open(records);
}

// Decides what becomes of patterns that have changed. Their texts stand among the records, which
// are read once more where one of them is needed.
Result<void> RunState::open_changed(patterns::PatternSet set, const Manifest& from,
                                    const Restoring& with) {
  Result<connectors::RunMeta> meta = connectors::parse_run_meta(from.meta);
  if (!meta) return Unexpected<Error>{meta.error()};
  before_ = std::move(*meta);
  if (!with.name.empty() && !before_->name.empty() && before_->name != with.name) {
    return eventtime::usage_error(fmt::format("the state in '{}' is of the pipeline '{}', not '{}'",
                                              storage_->name(), before_->name, with.name));
  }
  ChangePlan plan =
      plan_changes(own_.patterns, before_->patterns, before_->place(), with.on_change);
  SavedTexts texts;
  if (!plan.old.empty() || !plan.migrated.empty() || !plan.reset.empty()) {
    Result<SavedTexts> read = read_texts(*storage_, from);
    if (!read) return Unexpected<Error>{read.error()};
    texts = std::move(*read);
  }
  Result<patterns::PatternSet> all =
      bind_old_versions(own_, std::move(set), *storage_, {from, *before_, texts}, plan);
  if (all) all = bind_reset(*std::move(all), plan, texts, from);
  if (!all) return Unexpected<Error>{all.error()};
  patterns_ = plan.old;
  patterns_.insert(patterns_.end(), plan.now.begin(), plan.now.end());
  keep_texts(texts);
  const Result<void> opened = open_engine(*std::move(all), with);
  if (!opened) return opened;
  tell_changes(plan);
  return plan.migrated.empty() ? opened : migrate(plan, texts, from, with);
}

// Versions that have been reset stay until the alerts that they have found are written, where that
// can be: a reset is never refused.
Result<patterns::PatternSet> RunState::bind_reset(patterns::PatternSet set, ChangePlan& plan,
                                                  const SavedTexts& texts, const Manifest& from) {
  if (plan.reset.empty()) return set;
  const Result<std::set<std::string>> found = states_with_alerts(*storage_, from);
  if (!found) return Unexpected<Error>{found.error()};
  std::vector<StoredPattern> old = plan.old;
  for (const StoredPattern& pattern : plan.reset) {
    if (found->contains(pattern.state)) old.push_back(pattern);
  }
  if (old.size() == plan.old.size()) return set;
  Result<patterns::PatternSet> bound = bind_with_old(own_, old, texts);
  if (!bound) return set;
  for (size_t i = plan.old.size(); i < old.size(); ++i) reset_states_.insert(old[i].state);
  plan.old = std::move(old);
  return bound;
}

// A first event that the old condition took is one, whatever the new condition says: where such
// ones wait undecided (run_operator.h), the old version decides.
Result<void> RunState::migrate(const ChangePlan& plan, const SavedTexts& texts,
                               const Manifest& from, const Restoring& with) {
  Result<patterns::PatternSet> set = bind_with_old(own_, plan.migrated, texts);
  if (!set) return Unexpected<Error>{set.error()};
  set->patterns.resize(plan.migrated.size());
  runtime::EngineOptions options = with.options;
  options.versions.clear();
  options.threads = 1;
  for (const StoredPattern& pattern : plan.migrated) {
    options.versions.push_back({pattern.state, {}, {}});
    migrated_states_.insert(pattern.state);
  }
  const auto engine = restore_engine(
      *std::move(set), options,
      {*storage_, from, before_->inputs.size(), [this](std::string_view key) {
         return key == "e" || (key[0] == 'k' && migrated_states_.contains(state_of(key)));
       }});
  if (!engine) return Unexpected<Error>{engine.error()};
  (*engine)->begin_waiting();
  (*engine)->save([&](std::string_view key, std::string_view value) {
    if (key[0] == 'k') migrated_.emplace_back(key, value);
  });
  return {};
}

Result<void> RunState::open_engine(patterns::PatternSet set, const Restoring& with) {
  std::vector<runtime::PatternVersion> versions;
  for (const StoredPattern& pattern : patterns_) {
    versions.push_back({pattern.state, pattern.since, pattern.until});
  }
  const Result<runtime::Engine*> opened = with.open(std::move(set), std::move(versions));
  if (!opened) return Unexpected<Error>{opened.error()};
  engine_ = *opened;
  if (before_ && before_->inputs.size() != with.sources.size()) {
    return eventtime::usage_error(
        fmt::format("the state in '{}' is of a run over {} inputs, and this one has {}",
                    storage_->name(), before_->inputs.size(), with.sources.size()));
  }
  return {};
}

Result<void> RunState::resume(const Restoring& with) {
  for (uint32_t i = 0; i < with.sources.size(); ++i) {
    const Result<void> resumed = with.sources[i]->resume(before_->inputs[i].second);
    if (!resumed) return resumed;
    engine_->reopen(i);
  }
  return {};
}

void RunState::keep_texts(const SavedTexts& old) {
  for (const StoredPattern& pattern : patterns_) {
    if (!pattern.until) continue;
    const std::string& text = old.patterns.at(pattern.definition);
    texts_.patterns[pattern.definition] = text;
    for (const std::string& list : patterns::lists_of(text))
      texts_.lists[list] = old.lists.at(list);
  }
  for (const OwnPattern& pattern : own_.patterns) {
    texts_.patterns[pattern.definition] = pattern.text;
    for (const std::string& list : pattern.lists) texts_.lists[list] = own_.lists.at(list);
  }
}

void RunState::save_texts(const connectors::Put& put) const {
  for (const auto& [digest, text] : texts_.patterns) put("t" + digest, text);
  for (const auto& [digest, text] : texts_.lists) put("l" + digest, text);
}

// Old versions with nothing pending are forgotten.
std::vector<StoredPattern> RunState::unfinished(const runtime::Engine& engine) {
  std::vector<StoredPattern> patterns;
  for (size_t i = 0; i < patterns_.size(); ++i) {
    const StoredPattern& pattern = patterns_[i];
    if (!pattern.until || engine.has_pending(i)) {
      patterns.push_back(pattern);
    } else if (finished_.insert(pattern.state).second) {
      spdlog::info("pattern '{}': an old version has finished", pattern.name);
    }
  }
  return patterns;
}

Result<CheckpointRequest> RunState::request(const Parts& parts) {
  begun_ = clock_.now();
  connectors::RunMeta meta;
  meta.name = name_;
  const Result<void> told = parts.tell(meta);
  if (!told) return Unexpected<Error>{told.error()};
  for (const auto& source : parts.sources) {
    meta.inputs.emplace_back(source->name(), source->position());
  }
  meta.derived = parts.engine.derived_until();
  meta.events = options_.events;
  meta.plan = options_.plan;
  meta.patterns = unfinished(parts.engine);
  if (marks_) marks_->write(parts.records, parts.engine.alert_digests());
  CheckpointRequest request;
  request.meta = connectors::print_run_meta(meta);
  request.written = clock_.date();
  request.records = [this, &parts](const connectors::Put& put) {
    parts.engine.save_resident(put);
    save_texts(put);
  };
  requested_ = std::move(meta);
  request.spilled = options_.spill;
  request.before_publish = parts.sync;
  return request;
}

Result<void> RunState::pass(const Parts& parts) {
  if (store_.running()) {
    if (const auto outcome = store_.poll()) {
      const Result<void> taken = take_outcome(*outcome, parts);
      if (!taken) return taken;
    }
  }
  if (marks_) {
    const Result<void> same = marks_->pass(parts.records, parts.engine.alert_digests());
    if (!same) return same;
  }
  if (store_.running() || !is_due()) return {};
  if (!parts.forks) return write(parts);
  last_ = clock_.now();
  const Result<CheckpointRequest> made = request(parts);
  if (!made) return Unexpected<Error>{made.error()};
  const Result<void> started = [&] {
    // Nobody allocates meanwhile.
    const runtime::WorkerPool::Pause pause(parts.engine.workers());
    const auto quiet =
        parts.quiet ? std::unique_lock(*parts.quiet) : std::unique_lock<std::mutex>();
    return store_.start(*made);
  }();
  if (!started) {
    count(Unexpected<Error>{started.error()});
    tell(Unexpected<Error>{started.error()});
  }
  return {};
}

Result<void> RunState::write(const Parts& parts) {
  last_ = clock_.now();
  if (store_.running()) {
    const Result<void> taken = take_outcome(store_.wait(), parts);
    if (!taken) return taken;
  }
  if (marks_) {
    const Result<void> same = marks_->pass(parts.records, parts.engine.alert_digests());
    if (!same) return same;
  }
  const Result<CheckpointRequest> made = request(parts);
  if (!made) return Unexpected<Error>{made.error()};
  const Result<Manifest> written = store_.write(*made);
  count(written);
  return written ? parts.settle(requested_) : Unexpected<Error>{written.error()};
}

Result<void> RunState::take_outcome(const Result<Manifest>& outcome, const Parts& parts) {
  count(outcome);
  tell(outcome);
  return outcome ? parts.settle(requested_) : Result<void>();
}

void RunState::count(const Result<Manifest>& outcome) {
  if (!outcome) {
    ++checkpoints_.failed;
    return;
  }
  ++checkpoints_.written;
  checkpoints_.done = clock_.now();
  checkpoints_.duration = {checkpoints_.done.micros - begun_.micros};
  checkpoints_.bytes = 0;
  for (const connectors::ManifestFile& file : outcome->files) checkpoints_.bytes += file.bytes;
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
