#include "server/run_loop.h"

#include <algorithm>
#include <utility>

#include "server/run_inputs.h"
#include "server/stop_signal.h"

namespace tocsin::server {

using eventtime::Batch;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::Engine;

namespace {

// Live inputs are asked so often whether they have more.
constexpr eventtime::Duration kPollEvery{20'000};

}  // namespace

Result<void> RunLoop::open(patterns::PatternSet set) {
  runtime::EngineOptions engine_options;
  engine_options.max_starts = options_.max_starts;
  engine_options.plan = options_.plan;
  if (options_.events == EventsMode::kNone) engine_options.events = runtime::EventDetail::kNone;
  Result<std::unique_ptr<Engine>> engine = Engine::create(std::move(set), engine_options);
  if (!engine) return Unexpected<Error>{engine.error()};
  engine_ = std::move(*engine);
  const eventtime::Catalog& catalog = engine_->patterns().catalog;
  pool_.emplace(catalog);
  for (const RunInput& input : options_.inputs) {
    Result<std::unique_ptr<runtime::Source>> source = open_input(input, options_, catalog);
    if (!source) return Unexpected<Error>{source.error()};
    engine_->add_input(options_.out_of_order, (*source)->format());
    sources_.push_back(std::move(*source));
  }
  const Result<std::optional<RunMeta>> before = open_state();
  if (!before) return Unexpected<Error>{before.error()};
  return outputs_.open(options_, *before ? &**before : nullptr);
}

Result<std::optional<RunMeta>> RunLoop::open_state() {
  if (!options_.state) return std::optional<RunMeta>();
  auto state = RunState::open(*options_.state, options_.checkpoint_every, clock_);
  if (!state) return Unexpected<Error>{state.error()};
  state_ = std::move(*state);
  return state_->restore(*engine_, sources_);
}

Result<void> RunLoop::read_all() {
  progress_.emplace("run", total_bytes());
  Result<void> read = options_.follow ? read_live() : read_bounded();
  if (read && state_ != nullptr && StopSignal::requested()) read = state_->write(parts());
  progress_.reset();
  return read;
}

Result<void> RunLoop::read_bounded() {
  while (const std::optional<uint32_t> input = engine_->next_input()) {
    const Result<bool> read = read_some(*input);
    if (!read) return Unexpected<Error>{read.error()};
    if (pipe_closed() || StopSignal::requested()) return {};
  }
  return {};
}

Result<void> RunLoop::read_live() {
  while (!StopSignal::requested() && engine_->next_input() && !pipe_closed()) {
    const Result<bool> read = read_one_live();
    if (!read) return Unexpected<Error>{read.error()};
    if (*read) continue;
    const Result<void> flushed = outputs_.flush();
    if (!flushed) return flushed;
    clock_.sleep(kPollEvery);
  }
  return {};
}

Result<bool> RunLoop::read_one_live() {
  for (const uint32_t input : open_inputs()) {
    if (is_far_ahead(input)) continue;
    const Result<bool> read = read_some(input);
    if (!read || *read) return read;
  }
  return false;
}

std::vector<uint32_t> RunLoop::open_inputs() const {
  std::vector<uint32_t> inputs;
  for (uint32_t input = 0; input < sources_.size(); ++input) {
    if (engine_->watermark(input) != eventtime::kMaxTimestamp) inputs.push_back(input);
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
  std::shared_ptr<Batch> batch = pool_->take();
  batch->input = input;
  const Result<bool> more = sources_[input]->read(*batch, options_.batch_size);
  events_read_ += batch->rows.size();
  const bool came = !batch->rows.empty() || !batch->rejects.empty();
  alerts_.clear();
  if (came) {
    const Result<void> matched = match(input, std::move(batch));
    if (!matched) return Unexpected<Error>{matched.error()};
  }
  Result<void> written = outputs_.write_alerts(alerts_);
  if (written && more && !*more) written = finish(input);
  if (written && more && state_ != nullptr) written = state_->pass(parts());
  if (!written) return Unexpected<Error>{written.error()};
  if (!more) return more;
  progress_->update(done_bytes(), events_read_);
  return came || !*more;
}

Result<void> RunLoop::match(uint32_t input, std::shared_ptr<Batch> batch) {
  const runtime::Source& source = *sources_[input];
  Result<void> written = outputs_.write_rejects(source, *batch);
  if (!written) return written;
  engine_->push(std::move(batch), alerts_, [&](const Engine::Late& late) {
    if (written) written = outputs_.write_late(source, late);
  });
  return written;
}

// What the end of the last input decides can be decided again, or otherwise if the input has grown:
// the checkpoint knows nothing of it.
Result<void> RunLoop::finish(uint32_t input) {
  if (state_ != nullptr && open_inputs().size() == 1) {
    const Result<void> saved = state_->write(parts());
    if (!saved) return saved;
  }
  alerts_.clear();
  engine_->finish(input, alerts_);
  return outputs_.write_alerts(alerts_);
}

RunSummary RunLoop::summary() const {
  RunSummary summary;
  summary.events_read = events_read_;
  summary.malformed = outputs_.malformed();
  summary.engine = engine_->stats();
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
