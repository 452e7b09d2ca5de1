#include "runtime/engine.h"

// In line: what is hashed is short.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "eventtime/check.h"
#include "nfa/compiler.h"
#include "runtime/engine_impl.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

using eventtime::Result;
using eventtime::Timestamp;
using patterns::PatternSet;

namespace {

// Not worth waking other threads for.
constexpr size_t kFewEvents = 64;

}  // namespace

Result<void> Engine::Impl::compile() {
  std::vector<nfa::Program> programs;
  for (const patterns::Pattern& pattern : patterns_.patterns) {
    Result<nfa::Program> program =
        nfa::compile(pattern, patterns_.catalog, dispatcher().predicates());
    if (!program) return eventtime::Unexpected<eventtime::Error>{program.error()};
    programs.push_back(*std::move(program));
  }
  for (const auto& shard : shards_) shard->build(programs);
  for (const auto& op : shards_.front()->operators()) numbers_[op->state_name()] = op->number();
  if (shards_.size() > 1) {
    router_.emplace(*shards_.front(), pattern_levels_, static_cast<uint32_t>(shards_.size()));
  }
  return {};
}

uint32_t Engine::Impl::add_input(eventtime::Duration out_of_order,
                                 const eventtime::RecordFormat& format) {
  formats_.insert(formats_.end() - 1, &format);
  return reorder_.add_input(out_of_order);
}

void Engine::Impl::push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
                        const OnLate& on_late) {
  LoadedBatch& loaded = load(std::move(batch));
  const eventtime::Batch& rows = *loaded.batch;
  stats_.events += rows.rows.size();
  const bool has_null_keys = null_keys_.find(rows);
  reorder_.push(rows.input, loaded.slot, rows.rows, loaded.concerned,
                [&](uint32_t row, Timestamp watermark) {
                  ++stats_.late;
                  on_late({rows.input, rows.rows[row], watermark});
                  if (has_null_keys) null_keys_.rows().clear(row);
                  if (loaded.concerned.test(row)) holder_.release(loaded);
                });
  if (has_null_keys) stats_.null_keys += null_keys_.rows().count();
  holder_.release(loaded);
  release();
  if (reorder_.settled() > settled_) {
    settled_ = reorder_.settled();
    settle(settled_, on_alert);
  } else {
    match(0, std::nullopt);
  }
  shelf_.collect();
}

void Engine::Impl::advance(uint32_t input, Timestamp time, const OnAlert& on_alert) {
  reorder_.advance(input, time);
  release();
  settled_ = reorder_.settled();
  if (settled_ != eventtime::kMaxTimestamp) {
    settle(settled_, on_alert);
  } else {
    match(0, std::nullopt);
  }
  shelf_.collect();
}

void Engine::Impl::finish(uint32_t input, const OnAlert& on_alert) {
  reorder_.finish(input);
  release();
  if (!reorder_.most_behind()) {
    settle(eventtime::kMaxTimestamp, on_alert);
  } else {
    match(0, std::nullopt);
  }
  shelf_.collect();
}

void Engine::Impl::visit_pending(const VisitPending& visit) const {
  std::vector<eventtime::Value> values;
  std::string texts;
  for (const auto& shard : shards_) {
    for (const auto& op : shard->operators()) {
      op->describe([&](std::string_view key, std::span<const PendingMatch> matches) {
        decode_key(key, op->pattern().by, values, texts);
        visit({op->number(), values, matches});
      });
    }
  }
}

namespace {

// Versions that drain are counted with the pattern that they are of.
void join_versions(const std::vector<PatternVersion>& versions,
                   std::vector<PatternStats>& patterns) {
  std::vector<PatternStats> joined;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (!versions[i].until) joined.push_back(patterns[i]);
  }
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (!versions[i].until) continue;
    const auto known = std::find_if(joined.begin(), joined.end(), [&](const PatternStats& each) {
      return each.name == patterns[i].name;
    });
    if (known == joined.end()) {
      joined.push_back(patterns[i]);
      continue;
    }
    known->alerts += patterns[i].alerts;
    known->events_considered += patterns[i].events_considered;
    known->dropped_starts += patterns[i].dropped_starts;
    known->live_keys += patterns[i].live_keys;
  }
  patterns = std::move(joined);
}

}  // namespace

EngineStats Engine::Impl::stats() const {
  EngineStats stats = stats_;
  stats.arithmetic_errors += shards_.front()->dispatcher().predicates().arithmetic_errors();
  stats.suppressed = queue_.suppressed();
  stats.live_batches = shelf_.held();
  stats.reordering = reorder_.pending();
  for (size_t i = 0; i < patterns_.patterns.size(); ++i) {
    stats.patterns.push_back({patterns_.patterns[i].name, queue_.emitted(i), 0, 0, 0});
  }
  for (const auto& shard : shards_) {
    stats.live_events += shard->events().live();
    stats.memory += shard->memory();
    for (const auto& op : shard->operators()) {
      const nfa::MatcherStats matcher = op->stats();
      stats.arithmetic_errors += matcher.arithmetic_errors;
      stats.live_keys += op->keys();
      stats.spilled_keys += op->spilled_keys();
      stats.timers += op->timers();
      stats.live_events += op->light_events();
      stats.patterns[op->number()].live_keys += op->keys();
      stats.patterns[op->number()].events_considered += matcher.events;
      stats.patterns[op->number()].dropped_starts += matcher.dropped_starts;
    }
  }
  if (options_.spill != nullptr) stats.spilled_bytes = options_.spill->live_bytes();
  if (!options_.versions.empty()) join_versions(options_.versions, stats.patterns);
  return stats;
}

Result<void> Engine::Impl::status() const {
  return options_.spill == nullptr ? Result<void>() : options_.spill->status();
}

void Engine::Impl::for_each_shard(const std::function<void(Shard&)>& work) {
  if (shards_.size() == 1 || released_.size() < kFewEvents) {
    for (const auto& shard : shards_) work(*shard);
  } else {
    workers_.run(shards_.size(), [&](size_t i) { work(*shards_[i]); });
  }
}

// Held for each row that will be released, and once more.
LoadedBatch& Engine::Impl::load(std::shared_ptr<const eventtime::Batch> batch) {
  LoadedBatch& loaded = shelf_.add(std::move(batch));
  dispatcher().decide(loaded);
  holder_.hold(loaded, loaded.concerned.count() + 1);
  return loaded;
}

// All rows whose time is settled, to be matched.
void Engine::Impl::release() {
  arrivals_.clear();
  released_.clear();
  reorder_.release(arrivals_);
  for (const eventtime::Arrival& arrival : arrivals_) {
    released_.emplace_back(shelf_.at(arrival.batch), arrival.row);
  }
  for (size_t level = 1; level < levels_.size(); ++level) {
    for (const ReleasedEvent& event : released_) {
      holder_.hold(*event.loaded);
      levels_[level].waiting.push_back(event);
    }
  }
}

// The events of `released_`, and releases them.
Timestamp Engine::Impl::match(size_t number, std::optional<Timestamp> now) {
  Level& level = levels_[number];
  for (ReleasedEvent& event : released_) event.tested.sequence = ++level.sequence;
  if (router_) route(number);
  std::vector<Timestamp> until(shards_.size());
  for_each_shard([&](Shard& shard) {
    if (router_) {
      shard.match(number, released_, router_->slices());
    } else {
      shard.match(number, released_);
    }
    if (now) until[shard.share().number] = shard.pass_time(number, *now, reorder_.latest_row());
  });
  collect_alerts(number);
  for (size_t i = 0; i < released_.size();) {
    LoadedBatch& loaded = *released_[i].loaded;
    const size_t first = i;
    while (i < released_.size() && released_[i].loaded == &loaded) ++i;
    holder_.release(loaded, static_cast<uint32_t>(i - first));
  }
  return *std::min_element(until.begin(), until.end());
}

void Engine::Impl::route(size_t level) {
  const size_t slices = released_.size() < kFewEvents ? 1 : shards_.size();
  router_->begin(slices);
  workers_.run(slices, [&](size_t slice) { router_->fill(level, released_, slice); });
}

// All events before `now` are in `released_` or have been matched: level by level, matches them,
// decides what is over, and gives its alerts out and on. kMaxTimestamp: the inputs have ended.
void Engine::Impl::settle(Timestamp now, const OnAlert& on_alert) {
  for (size_t number = 0; number < levels_.size(); ++number) {
    if (number > 0) take_waiting(number, now);
    now = match(number, now);
    if (has_failed()) return;
    derived_.clear();
    queue_.settle(number, now, derived_,
                  [&](const PendingAlert& alert) { give_out(alert, nullptr); });
    if (!derived_.empty()) pass_on(number);
  }
  queue_.flush(now, [&](const PendingAlert& alert) { give_out(alert, on_alert); });
  if (now != eventtime::kMaxTimestamp) keep_within_memory();
}

void Engine::Impl::keep_within_memory() {
  if (options_.spill == nullptr) return;
  const uint64_t share = options_.memory / shards_.size();
  for_each_shard([&](Shard& shard) { shard.keep_within(share, settled_); });
  tidy_spilled();
  options_.spill->collect();
}

// Writes anew what lives in a segment where little does, some of it at a time.
void Engine::Impl::tidy_spilled() {
  constexpr size_t kAtOnce = size_t{1} << 20;
  SpillFiles& files = *options_.spill;
  if (!tidying_) {
    const std::optional<uint64_t> sparse = files.sparse();
    if (!sparse) return;
    tidying_.emplace(*sparse, 0);
  }
  const std::optional<uint32_t> next = files.visit_segment(
      tidying_->first, tidying_->second, kAtOnce,
      [&](SpillFiles::Place place, const SpilledRecord& record) {
        const size_t end = record.key.find('\0');
        const std::string_view key = record.key.substr(end + 1);
        const std::optional<uint32_t> pattern = pattern_of(record.key.substr(1, end - 1));
        TOCSIN_CHECK(pattern.has_value(), "what lives belongs to a pattern");
        SpilledKeys& spilled = *shard_of(key).operators()[*pattern]->spilled();
        spilled.move(record, tag_of(key), place);
      });
  if (next) {
    tidying_->second = *next;
  } else {
    tidying_.reset();
  }
}

void Engine::Impl::collect_alerts(size_t level) {
  std::vector<PendingAlert>& all = queue_.found(level);
  for (const auto& shard : shards_) {
    std::vector<PendingAlert>& found = shard->found(level);
    all.insert(all.end(), std::make_move_iterator(found.begin()),
               std::make_move_iterator(found.end()));
    found.clear();
  }
}

Shard& Engine::Impl::shard_of(std::string_view key) const {
  if (shards_.size() == 1) return *shards_.front();
  const uint32_t tag = tag_of(key);
  const auto shard = std::find_if(shards_.begin(), shards_.end(),
                                  [&](const auto& each) { return each->share().has(tag); });
  return **shard;
}

// Each alert that goes out is folded into the digest of its key group.
void Engine::Impl::give_out(const PendingAlert& alert, const OnAlert& on_alert) {
  PatternOperator& op = *shard_of(alert.key).operators()[alert.pattern];
  const nfa::MatchBuffer& buffer = op.matcher().buffer();
  const uint32_t tag = tag_of(alert.key);
  uint64_t& digest = digests_[KeyShare::group_of(tag)];
  std::array<uint64_t, 7> words{op.name_hash(),
                                tag,
                                static_cast<uint64_t>(alert.complete.micros),
                                0,
                                0,
                                alert.suppressed,
                                alert.timeout ? 1U : 0U};
  const auto fold = [&](nfa::NodeId node) {
    words[3] = buffer.event(node).sequence;
    words[4] = buffer.node(node).depth;
    digest = XXH3_64bits_withSeed(words.data(), sizeof(words), digest);
  };
  op.give_out(alert, formats_, fold, on_alert);
}

// Of a higher level: events before `now`, those of the inputs first where times are equal.
void Engine::Impl::take_waiting(size_t number, Timestamp now) {
  Level& level = levels_[number];
  const auto is_due = [&](const std::deque<ReleasedEvent>& events) {
    return !events.empty() &&
           (events.front().tested.row->time < now || now == eventtime::kMaxTimestamp);
  };
  const auto take = [&](std::deque<ReleasedEvent>& events) {
    released_.push_back(events.front());
    events.pop_front();
  };
  released_.clear();
  while (is_due(level.waiting) || is_due(level.derived)) {
    const bool input_first = is_due(level.waiting) &&
                             (!is_due(level.derived) || level.waiting.front().tested.row->time <=
                                                            level.derived.front().tested.row->time);
    take(input_first ? level.waiting : level.derived);
  }
}

// Gives derived events to all higher levels.
void Engine::Impl::pass_on(size_t from) {
  LoadedBatch& loaded = load(to_batch(patterns_.catalog, derived_));
  for (size_t number = from + 1; number < levels_.size(); ++number) {
    std::deque<ReleasedEvent>& events = levels_[number].derived;
    const auto in_order = [](const ReleasedEvent& left, const ReleasedEvent& right) {
      return left.tested.row->time < right.tested.row->time;
    };
    for (uint32_t row = 0; row < loaded.batch->rows.size(); ++row) {
      if (!loaded.concerned.test(row)) continue;
      holder_.hold(loaded);
      const ReleasedEvent event(loaded, row);
      events.insert(std::upper_bound(events.begin(), events.end(), event, in_order), event);
    }
  }
  const size_t rows = loaded.concerned.count();
  for (size_t i = 0; i <= rows; ++i) holder_.release(loaded);
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(PatternSet patterns, const EngineOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(patterns), options);
  const Result<void> compiled = impl->compile();
  if (!compiled) return eventtime::Unexpected<eventtime::Error>{compiled.error()};
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

uint32_t Engine::add_input(eventtime::Duration out_of_order,
                           const eventtime::RecordFormat& format) {
  return impl_->add_input(out_of_order, format);
}

void Engine::push(std::shared_ptr<const eventtime::Batch> batch, const OnAlert& on_alert,
                  const OnLate& on_late) {
  impl_->push(std::move(batch), on_alert, on_late);
}

void Engine::advance(uint32_t input, Timestamp time, const OnAlert& on_alert) {
  impl_->advance(input, time, on_alert);
}
void Engine::finish(uint32_t input, const OnAlert& on_alert) {
  impl_->finish(input, on_alert);
}
void Engine::reopen(uint32_t input) {
  impl_->reopen(input);
}
std::optional<uint32_t> Engine::next_input() const {
  return impl_->next_input();
}
Timestamp Engine::watermark(uint32_t input) const {
  return impl_->reorder().watermark(input);
}
size_t Engine::pending(uint32_t input) const {
  return impl_->reorder().pending(input);
}
const PatternSet& Engine::patterns() const {
  return impl_->patterns();
}
WorkerPool& Engine::workers() {
  return impl_->workers();
}
std::span<const uint64_t> Engine::alert_digests() const {
  return impl_->digests();
}
Result<void> Engine::status() const {
  return impl_->status();
}
EngineStats Engine::stats() const {
  return impl_->stats();
}
void Engine::save(const PutRecord& put) const {
  impl_->save(put);
}
void Engine::save_resident(const PutRecord& put) const {
  impl_->save_resident(put);
}
Result<void> Engine::restore_spilled(uint64_t segment, uint32_t unit, const SpilledRecord& record) {
  return impl_->restore_spilled(segment, unit, record);
}
Result<void> Engine::restore(std::string_view key, std::string_view value) {
  return impl_->restore(key, value);
}
Result<void> Engine::finish_restore() {
  return impl_->finish_restore();
}
void Engine::visit_pending(const VisitPending& visit) const {
  impl_->visit_pending(visit);
}
void Engine::begin_waiting() {
  impl_->begin_waiting();
}
Timestamp Engine::derived_until() const {
  return impl_->derived_until();
}
bool Engine::has_pending(size_t pattern) const {
  return impl_->has_pending(pattern);
}

}  // namespace tocsin::runtime
