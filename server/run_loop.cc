#include "server/run_loop.h"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "server/metrics/prometheus.h"
#include "server/run_inputs.h"

namespace tocsin::server {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Timestamp;
using eventtime::Unexpected;
using runtime::Engine;

namespace {

// Live inputs are asked so often whether they have more.
constexpr eventtime::Duration kPollEvery{20'000};
// Then it is looked for a stop.
constexpr eventtime::Duration kLongestSleep{100'000};

constexpr eventtime::Duration kFlushEvery{20'000};

// Batches that are decoded ahead, of all inputs together and of each at least.
constexpr size_t kAheadByThread = 2;
constexpr size_t kLeastAhead = 2;

}  // namespace

runtime::EngineOptions RunLoop::engine_options() const {
  runtime::EngineOptions engine;
  engine.max_starts = options_.max_starts;
  engine.plan = options_.plan;
  engine.threads = options_.threads;
  engine.memory = options_.memory;
  engine.spill = spill_.get();
  if (options_.events == EventsMode::kNone) engine.events = runtime::EventDetail::kNone;
  return engine;
}

Result<void> RunLoop::open(patterns::PatternSet set, OwnPatterns own) {
  on_alert_ = [this](const runtime::Alert& alert) { give_out(alert); };
  if (options_.listen) {
    Result<std::unique_ptr<MetricsServer>> server = MetricsServer::start(*options_.listen);
    if (!server) return Unexpected<Error>{server.error()};
    metrics_ = *std::move(server);
    spdlog::info("metrics are served on {} port {}", options_.listen->address, metrics_->port());
  }
  if (options_.replay && options_.replay->speed) pace_.emplace(clock_, *options_.replay->speed);
  if (options_.state) return open_state(std::move(set), std::move(own));
  temporary_ = std::make_unique<connectors::TemporaryStorage>();
  spill_ = std::make_unique<runtime::SpillFiles>(*temporary_,
                                                 runtime::SpillFiles::Options{.transient = true});
  const Result<void> opened = open_engine(std::move(set), engine_options());
  return opened ? open_ticks_and_outputs(nullptr) : opened;
}

Result<void> RunLoop::open_engine(patterns::PatternSet set, const runtime::EngineOptions& options) {
  Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(set), options);
  if (!engine) return Unexpected<Error>{engine.error()};
  engine_ = std::move(*engine);
  const eventtime::Catalog& catalog = engine_->patterns().catalog;
  pool_.emplace(catalog);
  for (const RunInput& input : options_.inputs) {
    if (input.is_stream()) {
      Result<std::unique_ptr<runtime::Source>> stream = open_stream(input, catalog);
      if (!stream) return Unexpected<Error>{stream.error()};
      engine_->add_input(input.out_of_order, (*stream)->format());
      readers_.push_back(nullptr);
      sources_.push_back(*std::move(stream));
      continue;
    }
    Result<std::unique_ptr<connectors::FileSource>> source = open_input(input, catalog);
    if (!source) return Unexpected<Error>{source.error()};
    engine_->add_input(input.out_of_order, (*source)->format());
    auto reader = std::make_unique<connectors::ReadAhead>(*std::move(source), catalog);
    readers_.push_back(reader.get());
    sources_.push_back(std::move(reader));
  }
  records_.resize(sources_.size());
  counters_.resize(sources_.size());
  left_open_.resize(sources_.size());
  return {};
}

// The directory is this run's before anything in it, or any output, is touched.
Result<void> RunLoop::open_state(patterns::PatternSet set, OwnPatterns own) {
  auto state = RunState::open(*options_.state, options_.checkpoint_every, clock_, options_.keep);
  if (!state) return Unexpected<Error>{state.error()};
  state_ = std::move(*state);
  spill_ = std::make_unique<runtime::SpillFiles>(state_->storage(),
                                                 runtime::SpillFiles::Options{.transient = false});
  const runtime::EngineOptions plain = engine_options();
  const auto open = [&](patterns::PatternSet all,
                        std::vector<runtime::PatternVersion> versions) -> Result<runtime::Engine*> {
    runtime::EngineOptions options = plain;
    options.versions = std::move(versions);
    const Result<void> opened = open_engine(std::move(all), options);
    if (!opened) return Unexpected<Error>{opened.error()};
    return engine_.get();
  };
  const Result<std::optional<connectors::RunMeta>> before = state_->restore(
      std::move(set), std::move(own),
      {options_.on_change, plain, open, sources_, !options_.follow(), options_.name});
  if (!before) return Unexpected<Error>{before.error()};
  for (size_t i = 0; *before && i < records_.size(); ++i) {
    records_[i] = (*before)->inputs[i].second.records;
  }
  Result<void> opened = open_ticks_and_outputs(*before ? &**before : nullptr);
  // A run that goes on must know where reading began, and each sink again, also one that is new.
  if (opened && options_.has_kafka()) opened = state_->write(parts());
  return opened;
}

Result<void> RunLoop::open_ticks_and_outputs(const connectors::RunMeta* before) {
  Result<std::unique_ptr<RunTicks>> ticks = RunTicks::open(options_, clock_);
  if (!ticks) return Unexpected<Error>{ticks.error()};
  ticks_ = *std::move(ticks);
  read_ahead();
  return outputs_.open(options_, before);
}

// Where there are threads for it, and it does not matter how many records a read gives.
void RunLoop::read_ahead() {
  if (options_.threads == 1 || options_.follow() || pace_) return;
  const size_t batches = std::max(kLeastAhead, kAheadByThread * options_.threads / readers_.size());
  for (uint32_t input = 0; input < readers_.size(); ++input) {
    if (!readers_[input]->bytes_total() || ticks_->known().next(input)) continue;
    readers_[input]->begin(engine_->workers(), options_.batch_size, batches);
  }
}

Result<void> RunLoop::read_all() {
  progress_.emplace("run", total_bytes());
  publish(true);
  if (metrics_ != nullptr) metrics_->set_ready();
  Result<void> read = options_.follow() ? read_live() : read_bounded();
  // Behind the end of all inputs there is a checkpoint already: see end().
  if (read && state_ != nullptr && engine_->next_input() && stop_()) read = state_->write(parts());
  progress_.reset();
  if (read && !engine_->next_input()) read = outputs_.finish();
  return read;
}

Result<void> RunLoop::read_bounded() {
  while (const std::optional<uint32_t> input = next_input()) {
    const Result<bool> read = read_some(*input);
    if (!read) return Unexpected<Error>{read.error()};
    if (pipe_closed() || stop_()) return {};
  }
  return check_journal_is_done();
}

Result<void> RunLoop::check_journal_is_done() const {
  for (uint32_t input = 0; input < sources_.size(); ++input) {
    const std::optional<runtime::Tick> tick = ticks_->known().next(input);
    if (!tick) continue;
    return eventtime::input_error(fmt::format(
        "the journal has a tick behind record {} of '{}', which has {} records; it was written "
        "over other inputs",
        tick->position, sources_[input]->name(), records_[input]));
  }
  return {};
}

Result<void> RunLoop::read_live() {
  while (!stop_() && engine_->next_input() && !pipe_closed()) {
    const Result<bool> read = read_round();
    if (!read) return Unexpected<Error>{read.error()};
    const Result<void> passed = pass_time();
    if (!passed) return passed;
    if (*read) continue;
    Result<void> idle = outputs_.flush();
    if (idle && state_ != nullptr) idle = state_->pass(parts());
    if (!idle) return idle;
    publish();
    clock_.sleep(kPollEvery);
  }
  return {};
}

RunState::Parts RunLoop::parts() {
  const auto tell = [this](connectors::RunMeta& meta) {
    Result<void> flushed = outputs_.flush();
    if (flushed) flushed = outputs_.sync_here();
    if (flushed) outputs_.tell(meta);
    return flushed;
  };
  const auto sync = [this] {
    const Result<void> synced = ticks_->sync();
    return synced ? outputs_.sync_anywhere() : synced;
  };
  const auto settle = [this](const connectors::RunMeta& meta) { return outputs_.settle(meta); };
  return {*engine_,
          sources_,
          records_,
          tell,
          sync,
          settle,
          metrics_ ? &metrics_->quiet() : nullptr,
          !options_.has_kafka() || kForksBesideThreads};
}

// Asks one input after the other until one has something.
Result<bool> RunLoop::read_round() {
  ticks_->idle().begin_round();
  for (const uint32_t input : open_inputs()) {
    if (is_far_ahead(input)) continue;
    const Result<bool> read = read_some(input);
    if (!read) return read;
    if (*read) {
      ticks_->idle().found(input);
      return true;
    }
    if (sources_[input]->has_nothing()) {
      ticks_->idle().nothing(input);
    } else {
      ticks_->idle().found(input);
    }
  }
  return false;
}

Result<void> RunLoop::pass_time() {
  std::vector<Timestamp> watermarks;
  for (uint32_t input = 0; input < sources_.size(); ++input) {
    watermarks.push_back(engine_->watermark(input));
  }
  const Result<std::vector<runtime::Tick>> ticks = ticks_->make(watermarks, records_);
  if (!ticks) return Unexpected<Error>{ticks.error()};
  // What leaves this machine may not be found again without them.
  const bool leaves = !ticks->empty() && options_.has_kafka();
  const Result<void> synced = leaves ? ticks_->sync() : Result<void>();
  if (!synced) return synced;
  alerts_.clear();
  for (const runtime::Tick& tick : *ticks) move_time(tick.input, tick.time);
  const Result<void> spilled = check_spilling();
  return spilled ? outputs_.write_alerts(alerts_) : spilled;
}

void RunLoop::move_time(uint32_t input, Timestamp time) {
  if (time == eventtime::kMaxTimestamp) {
    engine_->finish(input, on_alert_);
  } else {
    engine_->advance(input, time + options_.inputs[input].out_of_order, on_alert_);
  }
}

bool RunLoop::can_be_read(uint32_t input) const {
  return !left_open_[input] && engine_->watermark(input) != eventtime::kMaxTimestamp;
}

std::optional<uint32_t> RunLoop::next_input() const {
  std::optional<uint32_t> next;
  for (uint32_t input = 0; input < sources_.size(); ++input) {
    if (!can_be_read(input)) continue;
    if (!next || engine_->watermark(input) < engine_->watermark(*next)) next = input;
  }
  return next;
}

std::vector<uint32_t> RunLoop::open_inputs() const {
  std::vector<uint32_t> inputs;
  for (uint32_t input = 0; input < sources_.size(); ++input) {
    if (can_be_read(input)) inputs.push_back(input);
  }
  std::stable_sort(inputs.begin(), inputs.end(), [&](uint32_t left, uint32_t right) {
    return engine_->watermark(left) < engine_->watermark(right);
  });
  return inputs;
}

// Its events wait for others, not for its own watermark.
bool RunLoop::is_far_ahead(uint32_t input) const {
  const std::optional<uint32_t> most_behind = engine_->next_input();
  return engine_->pending(input) >= kMaxWaiting && most_behind &&
         engine_->watermark(input) > engine_->watermark(*most_behind);
}

Result<bool> RunLoop::read_some(uint32_t input) {
  alerts_.clear();
  const std::optional<Timestamp> due = ticks_->known().take(input, records_[input]);
  if (due) move_time(input, *due);
  if (due == eventtime::kMaxTimestamp) return written_alerts();
  // At a pace each event has its own time.
  const size_t most = pace_ ? 1 : options_.batch_size;
  const size_t room = ticks_->known().room(input, records_[input], most);
  std::shared_ptr<Batch> batch = pool_->take();
  batch->input = input;
  const Result<bool> more = sources_[input]->read(*batch, room);
  const size_t came = batch->rows.size() + batch->rejects.size();
  events_read_ += batch->rows.size();
  records_[input] += came;
  if (came > 0) {
    const Result<void> matched = match(input, std::move(batch));
    if (!matched) return Unexpected<Error>{matched.error()};
  }
  if (more && !*more) {
    const Result<void> ended = end(input);
    if (!ended) return Unexpected<Error>{ended.error()};
  }
  const Result<bool> written = written_alerts();
  if (!written || !more) return written ? more : written;
  const Result<void> flushed = flush_now_and_then();
  if (!flushed) return Unexpected<Error>{flushed.error()};
  if (state_ != nullptr && engine_->next_input()) {
    const Result<void> passed = state_->pass(parts());
    if (!passed) return Unexpected<Error>{passed.error()};
  }
  progress_->update(done_bytes(), events_read_);
  publish();
  return came > 0 || !*more;
}

// After an error nothing that was found is right.
Result<void> RunLoop::check_spilling() {
  const Result<void> status = engine_->status();
  if (!status) {
    return eventtime::world_error(fmt::format(
        "{}; partial matches that go beyond --memory are kept there", status.error().message));
  }
  if (told_of_spilling_ || !spill_->is_used()) return {};
  told_of_spilling_ = true;
  spdlog::info("more is pending than --memory allows, keys that are quiet go to '{}'",
               spill_->directory());
  return {};
}

Result<bool> RunLoop::written_alerts() {
  const Result<void> spilled = check_spilling();
  if (!spilled) return Unexpected<Error>{spilled.error()};
  const Result<void> written = outputs_.write_alerts(alerts_);
  if (!written) return Unexpected<Error>{written.error()};
  return true;
}

// Of a run that always has something to read: what was written is to go out all the same.
Result<void> RunLoop::flush_now_and_then() {
  const eventtime::Duration now = clock_.now();
  if (now < next_flush_) return {};
  next_flush_ = {now.micros + kFlushEvery.micros};
  return outputs_.flush();
}

// What the end of the last input decides can be decided again, or otherwise if the input has grown:
// the checkpoint knows nothing of it.
Result<void> RunLoop::end(uint32_t input) {
  if (state_ != nullptr && open_inputs().size() == 1) {
    Result<bool> saved = written_alerts();
    if (saved) {
      const Result<void> made = state_->write(parts());
      if (!made) return made;
    }
    if (!saved) return Unexpected<Error>{saved.error()};
    alerts_.clear();
  }
  if (options_.follow()) {
    const Result<void> written = ticks_->end(input, records_[input]);
    if (!written) return written;
  }
  if (options_.replay && options_.journal) {
    left_open_[input] = true;
  } else {
    move_time(input, eventtime::kMaxTimestamp);
  }
  return {};
}

Result<void> RunLoop::match(uint32_t input, std::shared_ptr<Batch> batch) {
  const runtime::Source& source = *sources_[input];
  counters_[input].malformed += batch->rejects.size();
  Result<void> written = outputs_.write_rejects(source, *batch);
  if (!written || !prepare(*batch)) return written;
  engine_->push(std::move(batch), on_alert_, [&](const Engine::Late& late) {
    ++counters_[late.input].late;
    if (written) written = outputs_.write_late(source, late);
  });
  return written;
}

void RunLoop::publish(bool now) {
  if (metrics_ == nullptr || (!now && clock_.now() < next_publish_)) return;
  next_publish_ = {clock_.now().micros + kPublishEvery.micros};
  metrics_->publish(prometheus_text(run_metrics({options_, *engine_, sources_, records_, counters_,
                                                 outputs_, state_.get(), clock_})) +
                    kafka_statistics_.text());
}

bool RunLoop::prepare(Batch& batch) {
  if (!options_.replay) return true;
  const ReplayOptions& replay = *options_.replay;
  const auto is_outside = [&](const eventtime::Row& row) {
    return (replay.from && row.time < *replay.from - replay.warm_up) ||
           (replay.to && row.time >= *replay.to);
  };
  skipped_ += std::erase_if(batch.rows, is_outside);
  if (!pace_ || batch.rows.empty()) return true;
  while (true) {
    const eventtime::Duration wait = pace_->wait_for(batch.rows.front().time);
    if (wait.micros <= 0) return true;
    if (stop_()) return false;
    clock_.sleep(std::min(wait, kLongestSleep));
  }
}

void RunLoop::give_out(const runtime::Alert& alert) {
  if (options_.replay && options_.replay->from && alert.complete() < *options_.replay->from) {
    ++withheld_[alert.pattern().name];
  } else {
    alerts_.add(alert);
  }
}

RunSummary RunLoop::summary() const {
  RunSummary summary;
  summary.events_read = events_read_;
  summary.malformed = outputs_.malformed();
  summary.skipped = skipped_;
  summary.engine = engine_->stats();
  for (runtime::PatternStats& pattern : summary.engine.patterns) {
    const auto withheld = withheld_.find(pattern.name);
    if (withheld != withheld_.end()) pattern.alerts -= withheld->second;
  }
  return summary;
}

std::optional<uint64_t> RunLoop::total_bytes() const {
  uint64_t total = 0;
  for (const auto& source : sources_) {
    const std::optional<uint64_t> bytes = source->bytes_total();
    if (!bytes) return std::nullopt;
    total += *bytes;
  }
  return total;
}

uint64_t RunLoop::done_bytes() const {
  uint64_t done = 0;
  for (const auto& source : sources_) done += source->bytes_read();
  return done;
}

}  // namespace tocsin::server
