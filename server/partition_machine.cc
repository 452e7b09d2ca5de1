#include "server/partition_machine.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <xxhash.h>

#include <array>
#include <charconv>
#include <utility>

#include "connectors/kafka/log_sink.h"
#include "connectors/kafka/log_source.h"
#include "connectors/records.h"
#include "runtime/alert.h"

namespace tocsin::server {

using connectors::CommitNote;
using connectors::RunMeta;
using eventtime::Duration;
using eventtime::Error;
using eventtime::Result;
using eventtime::Timestamp;
using eventtime::Unexpected;
using runtime::LogPartition;
using runtime::LogPosition;
using runtime::LogRecord;

namespace {

// An idle partition's time goes on in such steps, for each is a transaction.
constexpr Duration kBetweenTicks{1'000'000};
// How long a journal is waited for.
constexpr Duration kJournalTime{30'000'000};
constexpr Duration kReadTime{100'000};
constexpr size_t kJournalRecords = 1000;

// "after=OFFSET time=MICROSECONDS"
std::string print_tick(const runtime::Tick& tick) {
  return fmt::format("after={} time={}", tick.position, tick.time.micros);
}

std::optional<runtime::Tick> parse_tick(std::string_view text) {
  constexpr std::string_view kAfter = "after=";
  constexpr std::string_view kTime = " time=";
  runtime::Tick tick{};
  if (!text.starts_with(kAfter)) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [after, error] = std::from_chars(text.data() + kAfter.size(), end, tick.position);
  if (error != std::errc() || !std::string_view(after, end).starts_with(kTime)) return std::nullopt;
  const auto [time, wrong] = std::from_chars(after + kTime.size(), end, tick.time.micros);
  if (wrong != std::errc() || time != end) return std::nullopt;
  return tick;
}

}  // namespace

// Only says where the partition stands: records come to the machine.
class PartitionMachine::Source : public runtime::Source {
 public:
  Source(std::string name, const PartitionMachine& machine)
      : name_(std::move(name)), machine_(machine) {}

  const std::string& name() const override { return name_; }
  const eventtime::RecordFormat& format() const override { return machine_.records_->format(); }
  Result<bool> read(eventtime::Batch& /*batch*/, size_t /*max_records*/) override { return true; }
  runtime::SourcePosition position() const override {
    runtime::SourcePosition position;
    position.records = static_cast<uint64_t>(machine_.offset_);
    return position;
  }
  Result<void> resume(const runtime::SourcePosition& /*position*/) override { return {}; }
  uint64_t bytes_read() const override { return 0; }
  std::optional<uint64_t> bytes_total() const override { return std::nullopt; }

 private:
  std::string name_;
  const PartitionMachine& machine_;
};

PartitionMachine::PartitionMachine(runtime::LogClient& client, LogPartition partition,
                                   const PartitionOptions& options, runtime::Clock& clock)
    : client_(client),
      partition_(std::move(partition)),
      options_(options),
      clock_(clock),
      ticks_(1, {}),
      idle_(clock, {options.idle_after}),
      committed_at_(clock.now()),
      looked_at_(clock.now()) {}

Result<std::unique_ptr<PartitionMachine>> PartitionMachine::own(runtime::LogClient& client,
                                                                const LogPartition& partition,
                                                                const PartitionOptions& options,
                                                                runtime::Clock& clock) {
  std::unique_ptr<PartitionMachine> machine(
      new PartitionMachine(client, partition, options, clock));
  const Result<void> opened = machine->open();
  if (!opened) return Unexpected<Error>{opened.error()};
  return machine;
}

Unexpected<Error> PartitionMachine::stop(std::string_view why) const {
  return eventtime::input_error(
      fmt::format("partition '{}' of group '{}': {}", partition_.text(), options_.group, why));
}

// First of all the former owner is fenced: only then does the committed position stand still.
Result<void> PartitionMachine::open() {
  Result<void> done = open_producer();
  if (!done) return done;
  const Result<std::optional<LogPosition>> committed = client_.committed(partition_);
  if (!committed) return Unexpected<Error>{committed.error()};
  const Result<std::optional<RunMeta>> before = restore();
  if (!before) return Unexpected<Error>{before.error()};
  done = find_place(*committed, *before);
  if (done) done = check_log();
  if (done) done = read_journal();
  if (!done) return done;
  next_ = offset_;
  if (!*committed) {
    // Where it began holds from now on, also if that was the end of the log.
    is_dirty_ = true;
    return commit();
  }
  replay_to_ = **committed;
  return offset_ == replay_to_->offset ? end_replay() : Result<void>();
}

Result<void> PartitionMachine::open_producer() {
  producer_.reset();
  auto opened = client_.open_producer(options_.group + "-" + partition_.text());
  if (!opened) return Unexpected<Error>{opened.error()};
  producer_ = *std::move(opened);
  return {};
}

Result<std::optional<RunMeta>> PartitionMachine::restore() {
  auto state = RunState::open(options_.directory + "/" + partition_.text(),
                              options_.checkpoint_every, clock_, options_.keep);
  if (!state) return Unexpected<Error>{state.error()};
  state_ = *std::move(state);
  spill_ = std::make_unique<runtime::SpillFiles>(state_->storage(),
                                                 runtime::SpillFiles::Options{.transient = false});
  runtime::EngineOptions plain = options_.engine;
  plain.threads = 1;
  plain.origin = partition_.text();
  plain.spill = spill_.get();
  const auto open = [&](patterns::PatternSet all,
                        std::vector<runtime::PatternVersion> versions) -> Result<runtime::Engine*> {
    runtime::EngineOptions options = plain;
    options.versions = std::move(versions);
    auto engine = runtime::Engine::create(std::move(all), options);
    if (!engine) return Unexpected<Error>{engine.error()};
    engine_ = *std::move(engine);
    const eventtime::Catalog& catalog = engine_->patterns().catalog;
    records_.emplace(partition_, catalog, options_.decoding(partition_.topic), options_.fields,
                     options_.key ? options_.key(partition_.topic) : nullptr,
                     options_.event_header);
    pool_.emplace(catalog);
    engine_->add_input(options_.out_of_order, records_->format());
    sources_.push_back(std::make_unique<Source>(partition_.text(), *this));
    return engine_.get();
  };
  return state_->restore(*options_.patterns, *options_.own,
                         {options_.on_change, plain, open, sources_, false});
}

Result<void> PartitionMachine::find_place(const std::optional<LogPosition>& committed,
                                          const std::optional<RunMeta>& before) {
  std::optional<CommitNote> note;
  if (committed) note = connectors::parse_commit_note(committed->note);
  if (before) {
    if (!before->log) return stop("its state directory is of another kind of run");
    offset_ = static_cast<int64_t>(before->inputs[0].second.records);
    note_ = {before->log->first, before->log->alerts, 0};
    journal_ = before->log->journal;
    stats_.malformed = before->malformed;
  }
  if (before && !note) {
    return stop(
        "there is state of it, but no position that it belongs to: the position was deleted, has "
        "expired, or was set by another program; to begin anew, remove the directory '" +
        state_->storage().name() + "'");
  }
  if (before && committed->offset < offset_) {
    return stop(fmt::format(
        "the committed position, {}, lies before the oldest state, of offset {}; was it set back? "
        "To begin anew from there, remove the directory '{}'",
        committed->offset, offset_, state_->storage().name()));
  }
  if (before) return {};
  if (note) {
    offset_ = static_cast<int64_t>(note->first);
    note_.first = note->first;
    return {};
  }
  if (committed) {  // set by a person: so that is where to begin
    offset_ = committed->offset;
  } else {
    const Result<int64_t> first = connectors::first_offset(client_, partition_, options_.start);
    if (!first) return Unexpected<Error>{first.error()};
    offset_ = *first;
  }
  note_.first = static_cast<uint64_t>(offset_);
  return {};
}

// What the log has lost cannot be read again.
Result<void> PartitionMachine::check_log() const {
  const Result<runtime::LogBounds> bounds = client_.bounds(partition_);
  if (!bounds) return Unexpected<Error>{bounds.error()};
  if (offset_ < bounds->first) {
    return stop(fmt::format(
        "it has to be read again from offset {}, and the log begins with {}: records were deleted "
        "before there was a checkpoint behind them; keep them longer (retention.ms)",
        offset_, bounds->first));
  }
  if (offset_ > bounds->end) {
    return stop(fmt::format(
        "it was read up to offset {}, and the log ends with {}: the topic was made anew, or has "
        "lost records",
        offset_, bounds->end));
  }
  return {};
}

Result<void> PartitionMachine::read_journal() {
  if (!options_.idle_after) return {};
  const LogPartition journal{options_.journal(partition_.topic), partition_.number};
  const Result<runtime::LogBounds> bounds = client_.bounds(journal);
  if (!bounds) return Unexpected<Error>{bounds.error()};
  const auto from = std::max(static_cast<int64_t>(journal_), bounds->first);
  auto reader = client_.open_reader();
  if (!reader) return Unexpected<Error>{reader.error()};
  Result<void> done = (*reader)->begin(journal, from);
  std::vector<runtime::Tick> ticks;
  bool is_read = false;
  const Duration begun = clock_.now();
  const auto take = [&](const LogPartition&, const LogRecord& record) {
    const auto tick = parse_tick(record.value.value_or(std::string_view()));
    if (tick) ticks.push_back(*tick);
    if (!tick && done) {
      done = stop(fmt::format("record {} of '{}' is no tick", record.offset, journal.text()));
    }
  };
  while (done && !is_read) {
    const Result<void> read = (*reader)->read(kReadTime, kJournalRecords, take,
                                              [&](const LogPartition&) { is_read = true; });
    if (done) done = read;
    if (clock_.now().micros - begun.micros > kJournalTime.micros && done) {
      done = eventtime::world_error(fmt::format("'{}' could not be read in time", journal.text()));
    }
  }
  if (!done) return done;
  journal_ = static_cast<uint64_t>(bounds->end);
  ticks_ = TickQueue(1, ticks);
  return {};
}

Result<void> PartitionMachine::add(const LogRecord& record) {
  if (record.offset < next_) {
    return eventtime::world_error(fmt::format("'{}' was read at offset {} when {} was next",
                                              partition_.text(), record.offset, next_));
  }
  if (replay_to_ && record.offset >= replay_to_->offset) {
    const Result<void> done = end_replay();
    if (!done) return done;
  }
  const auto tick = ticks_.next(0);
  if (tick && tick->position <= static_cast<uint64_t>(record.offset)) {
    Result<void> done = process();
    if (done) done = apply_ticks(record.offset);
    if (!done) return done;
  }
  records_->add(record);
  next_ = record.offset + 1;
  ++stats_.records;
  brought_something_ = true;
  return {};
}

Result<void> PartitionMachine::at_end() {
  if (!replay_to_) return {};
  return end_replay();
}

Result<void> PartitionMachine::process() {
  if (records_->size() == 0) return {};
  std::shared_ptr<eventtime::Batch> batch = pool_->take();
  Result<void> told = records_->decode(*batch);
  if (!told) return told;
  stats_.malformed += batch->rejects.size();
  for (const eventtime::Reject& reject : batch->rejects) {
    if (replay_to_ || !told) break;
    text_.clear();
    connectors::append_dead_letter(text_, partition_.text(), reject);
    told = options_.dead_letter(text_);
  }
  engine_->push(
      std::move(batch), [this](const runtime::Alert& alert) { give_out(alert); },
      [&](const runtime::Engine::Late& late) {
        ++stats_.late;
        if (replay_to_ || !told) return;
        std::string line;
        connectors::append_late_event(line, partition_.text(), late.watermark, late.row,
                                      records_->format());
        told = options_.late(line);
      });
  offset_ = next_;
  is_dirty_ = true;
  if (!told) return told;
  const Result<void> status = engine_->status();
  return status ? sent_ : status;
}

void PartitionMachine::give_out(const runtime::Alert& alert) {
  if (options_.goes_out && !options_.goes_out(alert.pattern().name)) return;
  const uint64_t sequence = note_.alerts++;
  ++stats_.alerts;
  if (replay_to_ || !sent_) return;
  is_dirty_ = true;
  text_.clear();
  const bool is_keyed = alert.append_record_key(text_);
  const size_t key_size = text_.size();
  alert.append_json(text_);
  text_.pop_back();  // the line end
  const std::string_view all = text_;
  const std::string number = std::to_string(sequence);
  const std::string from = partition_.text();
  const std::array<runtime::LogHeader, 2> headers = {
      {{connectors::kSourceHeader, from}, {connectors::kSequenceHeader, number}}};
  LogRecord record;
  if (is_keyed) record.key = all.substr(0, key_size);
  record.value = all.substr(key_size);
  record.headers = headers;
  sent_ = producer_->send({options_.alert_topic, partition_.number % options_.alert_partitions},
                          record);
  if (sent_) ++sending_;
}

Result<void> PartitionMachine::apply_ticks(int64_t position) {
  while (const auto tick = ticks_.next(0)) {
    if (tick->position > static_cast<uint64_t>(position)) break;
    const auto due = ticks_.take(0, tick->position);
    engine_->advance(0, *due + options_.out_of_order,
                     [this](const runtime::Alert& alert) { give_out(alert); });
  }
  return sent_;
}

// All that is committed has been read again. The ticks of the journal are committed too.
Result<void> PartitionMachine::end_replay() {
  Result<void> done = process();
  if (done) done = apply_ticks(replay_to_->offset);
  if (!done) return done;
  const LogPosition committed = *std::exchange(replay_to_, std::nullopt);
  offset_ = committed.offset;
  next_ = std::max(next_, offset_);
  is_dirty_ = false;
  note_.digest = digest();
  const std::optional<CommitNote> wanted = connectors::parse_commit_note(committed.note);
  if (!wanted || *wanted == note_) return {};
  return stop(fmt::format(
      "going on gave other alerts than the run before: {} up to offset {} instead of {} (digest "
      "{:016x} instead of {:016x}). Nothing was written. Patterns, lists, settings of the source "
      "or the program have changed since its last checkpoint; run once with what there was, end it "
      "by SIGTERM, and change it then",
      note_.alerts, offset_, wanted->alerts, note_.digest, wanted->digest));
}

uint64_t PartitionMachine::digest() const {
  const auto digests = engine_->alert_digests();
  return XXH3_64bits(digests.data(), digests.size_bytes());
}

Result<void> PartitionMachine::let_time_pass() {
  const Duration now = clock_.now();
  if (!options_.idle_after || replay_to_) return {};
  if (now.micros - looked_at_.micros < kBetweenTicks.micros && !brought_something_) return {};
  looked_at_ = now;
  idle_.begin_round();
  if (std::exchange(brought_something_, false)) {
    idle_.found(0);
  } else {
    idle_.nothing(0);
  }
  const std::array<Timestamp, 1> watermarks = {engine_->watermark(0)};
  const auto lifts = idle_.lifts(watermarks);
  if (lifts.empty()) return {};
  const runtime::EngineStats stats = engine_->stats();
  if (stats.live_keys == 0 && stats.reordering == 0) return {};  // nothing waits for time
  return send_tick(lifts[0].watermark);
}

Result<void> PartitionMachine::send_tick(Timestamp time) {
  TOCSIN_CHECK(records_->size() == 0, "what was added before a tick is matched before it");
  const std::string text = print_tick({0, static_cast<uint64_t>(offset_), time});
  LogRecord record;
  record.value = text;
  Result<void> done =
      producer_->send({options_.journal(partition_.topic), partition_.number}, record);
  if (!done) return done;
  is_dirty_ = true;
  engine_->advance(0, time + options_.out_of_order,
                   [this](const runtime::Alert& alert) { give_out(alert); });
  done = engine_->status();
  return done ? sent_ : done;
}

Result<void> PartitionMachine::pass() {
  producer_->poll();
  const Result<void> passed = let_time_pass();
  if (!passed) return passed;
  const std::optional<Duration> when = due();
  return when && when->micros <= clock_.now().micros ? commit() : Result<void>();
}

std::optional<Duration> PartitionMachine::due() const {
  if (!is_dirty_ || replay_to_) return std::nullopt;
  return Duration{committed_at_.micros + options_.commit_every.micros};
}

Result<void> PartitionMachine::commit() {
  if (!is_dirty_ || replay_to_) return {};
  note_.digest = digest();
  Result<void> done =
      producer_->commit(partition_, {offset_, connectors::print_commit_note(note_)});
  if (!done) return done;
  is_dirty_ = false;
  committed_at_ = clock_.now();
  ++stats_.commits;
  stats_.committed += std::exchange(sending_, 0);
  if (!producer_->is_in_doubt()) return {};
  spdlog::debug("'{}': a request was repeated, so a new producer takes over", partition_.text());
  return open_producer();
}

RunState::Parts PartitionMachine::parts() {
  static const std::vector<uint64_t> kNoRecords;
  const auto tell = [this](RunMeta& meta) -> Result<void> {
    meta.log = connectors::LogPlace{note_.first, note_.alerts, journal_};
    meta.malformed = stats_.malformed;
    return {};
  };
  return {*engine_,
          sources_,
          kNoRecords,
          tell,
          [] { return Result<void>(); },
          [](const RunMeta&) { return Result<void>(); },
          nullptr,
          kForksBesideThreads};
}

Result<void> PartitionMachine::checkpoint() {
  if (is_dirty_ || replay_to_) return {};
  return state_->pass(parts());
}

Result<void> PartitionMachine::release() {
  if (replay_to_) return {};
  Result<void> done = process();
  if (done) done = commit();
  return done ? state_->write(parts()) : done;
}

PartitionStats PartitionMachine::stats() const {
  PartitionStats stats = stats_;
  stats.offset = offset_;
  stats.checkpoints = state_->checkpoints();
  return stats;
}

}  // namespace tocsin::server
