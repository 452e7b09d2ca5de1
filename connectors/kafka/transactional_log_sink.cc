#include "connectors/kafka/transactional_log_sink.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <array>

namespace tocsin::connectors {

using eventtime::Duration;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogHeader;
using runtime::LogPosition;
using runtime::LogRecord;

namespace {

constexpr Duration kLook{100'000};  // while it waits
constexpr Duration kRenewEvery{3'600'000'000};

}  // namespace

std::string TransactionalLogSink::position() const {
  return print_sink_note({run_, written_});
}

Result<void> TransactionalLogSink::resume(std::string_view position) {
  // First this: what a former run left open is decided by it.
  const Duration give_up{with_.clock.now().micros + kPatience.micros};
  Result<std::optional<SinkNote>> before = std::optional<SinkNote>();
  while (true) {
    const Result<void> opened = open_producer();
    before = opened ? committed() : Unexpected<Error>{opened.error()};
    if (before || before.error().blame != eventtime::Blame::kWorld) break;
    if (with_.stop() || with_.clock.now().micros > give_up.micros) break;
    with_.warn(before.error().message);
    with_.clock.sleep(RetryPause::kFirst);
  }
  if (!before) return Unexpected<Error>{before.error()};
  committed_at_ = with_.clock.now();
  former_ = *before;
  if (position.empty()) {
    run_ = with_.new_run();
    return {};
  }
  const std::optional<SinkNote> own = parse_sink_note(position);
  if (!own) return other_kind_of_sink(options_.name);
  run_ = own->run;
  written_ = committed_ = own->place;
  if (*before && (*before)->run == run_) return hold_back(**before);
  return eventtime::input_error(fmt::format(
      "sink '{}': what was committed to topic '{}' {}. So nobody knows which alerts are there "
      "already. Begin with a new state directory, or set delivery = \"at_least_once\"",
      options_.name, options_.topic,
      *before ? "last is of a run with another state directory"
              : "is not known any more: the position of its group was deleted or has expired"));
}

Result<void> TransactionalLogSink::hold_back(const SinkNote& before) {
  if (before.place.alerts < written_.alerts) {
    return eventtime::input_error(
        fmt::format("sink '{}': {} alerts were committed to topic '{}' at the checkpoint, and now "
                    "the log says {}: it was set back",
                    options_.name, written_.alerts, options_.topic, before.place.alerts));
  }
  committed_ = before.place;
  if (before.place.alerts > written_.alerts) held_ = before.place;
  return before.place.alerts == written_.alerts ? check_held(before.place) : Result<void>();
}

Result<void> TransactionalLogSink::check_held(const AlertPlace& held) {
  if (written_ == held) return {};
  is_broken_ = true;  // nothing is committed any more
  return eventtime::input_error(fmt::format(
      "sink '{}': the alerts up to number {} are not those that were committed to topic '{}': "
      "inputs or patterns are not what they were",
      options_.name, written_.alerts, options_.topic));
}

Result<std::optional<SinkNote>> TransactionalLogSink::committed() {
  const Result<std::optional<LogPosition>> position = with_.client->committed(place_of_position());
  if (!position) return Unexpected<Error>{position.error()};
  if (!*position) return std::optional<SinkNote>();
  std::optional<SinkNote> note = parse_sink_note((*position)->note);
  if (!note) {
    return eventtime::input_error(
        fmt::format("sink '{}': the position of its group in topic '{}' is not Tocsin's: '{}'",
                    options_.name, options_.topic, (*position)->note));
  }
  return note;
}

Result<void> TransactionalLogSink::open_producer() {
  producer_.reset();
  sent_ = 0;
  auto producer = with_.client->open_producer(id_);
  if (!producer) return Unexpected<Error>{producer.error()};
  producer_ = *std::move(producer);
  return {};
}

Result<void> TransactionalLogSink::write(const runtime::OutgoingAlert& alert) {
  Waiting record;
  record.value = alert.json;
  if (alert.kind == runtime::OutgoingAlert::kAlert) {
    if (alert.record_key) record.key = std::string(*alert.record_key);
    record.header = kSequenceHeader;
    record.text = std::to_string(written_.alerts);
    ++written_.alerts;
    written_.digest = XXH3_64bits_withSeed(alert.json.data(), alert.json.size(), written_.digest);
    if (held_) {
      if (written_.alerts < held_->alerts) return {};
      const Result<void> same = check_held(*held_);
      if (same) held_.reset();
      return same;
    }
  } else {
    record.header = kKindHeader;
    record.text = alert.kind;
  }
  waiting_.push_back(std::move(record));
  if (producer_ != nullptr && sent_ + 1 == waiting_.size()) {
    // What fails is told, and sent again, with the commit.
    if (!send(waiting_.back())) producer_.reset();
  }
  const Result<void> done = flush();
  return done && waiting_.size() >= kMaxWaiting ? wait_for_commit() : done;
}

Result<void> TransactionalLogSink::send(const Waiting& waiting) {
  const std::array<LogHeader, 2> headers = {
      {{kSourceHeader, options_.source}, {waiting.header, waiting.text}}};
  LogRecord record;
  record.key = waiting.key;
  record.value = waiting.value;
  record.headers = headers;
  const Result<void> sent =
      producer_->send({options_.topic, log_partition(waiting.key, options_.partitions)}, record);
  if (sent) ++sent_;
  return sent;
}

// A position that nobody renews expires.
bool TransactionalLogSink::needs_commit() const {
  if (is_broken_) return false;
  return !waiting_.empty() || commits_ == 0 ||
         with_.clock.now().micros > renewed_at_.micros + kRenewEvery.micros;
}

bool TransactionalLogSink::is_due() const {
  const Duration now = with_.clock.now();
  return !waiting_.empty() && !is_broken_ &&
         now.micros >= committed_at_.micros + options_.commit_every.micros && pause_.is_over(now);
}

// After an error nobody knows whether the transaction was committed: a new producer settles that,
// and the position tells.
Result<void> TransactionalLogSink::settle_attempt() {
  const Result<void> opened = open_producer();
  if (!opened) return opened;
  const Result<std::optional<SinkNote>> now = committed();
  if (!now) {
    producer_.reset();
    return Unexpected<Error>{now.error()};
  }
  const bool is_own = *now && (*now)->run == run_;
  if (is_own && attempt_ && (*now)->place == attempt_->place && attempt_->place != committed_) {
    waiting_.erase(waiting_.begin(),
                   waiting_.begin() + static_cast<std::ptrdiff_t>(attempt_->records));
    committed_ = attempt_->place;
  }
  attempt_.reset();
  const bool as_known = is_own ? (*now)->place == committed_ : committed_.alerts == 0;
  const bool same_former = is_own || !*now || (former_ && former_->run == (*now)->run);
  if (as_known && same_former) return {};
  return eventtime::input_error(
      fmt::format("sink '{}': another run has committed to topic '{}', or its position was changed",
                  options_.name, options_.topic));
}

Result<void> TransactionalLogSink::try_to_commit() {
  if (producer_ == nullptr) {
    const Result<void> settled = settle_attempt();
    if (!settled) return settled;
  }
  while (sent_ < waiting_.size()) {
    const Result<void> sent = send(waiting_[sent_]);
    if (!sent) return sent;
  }
  const AlertPlace place = due_place();
  attempt_ = {place, waiting_.size()};
  const Result<void> done = producer_->commit(
      place_of_position(), {static_cast<int64_t>(place.alerts), print_sink_note({run_, place})});
  if (!done) return done;
  attempt_.reset();
  if (producer_->is_in_doubt()) producer_.reset();
  return {};
}

Result<void> TransactionalLogSink::commit() {
  const Result<void> done = try_to_commit();
  committed_at_ = with_.clock.now();
  if (done) {
    committed_ = due_place();
    waiting_.clear();
    sent_ = 0;
    pause_.forget();
    renewed_at_ = committed_at_;
    ++commits_;
    return {};
  }
  producer_.reset();
  if (done.error().blame != eventtime::Blame::kWorld) {
    is_broken_ = true;
    return done;
  }
  ++disturbed_;
  pause_.begin(with_.clock.now());
  problem_ = done.error().message;
  with_.warn(fmt::format("sink '{}': {}; tried again in {} ms", options_.name, problem_,
                         pause_.length().micros / 1000));
  return {};
}

Result<void> TransactionalLogSink::flush() {
  if (producer_ != nullptr) producer_->poll();
  return is_due() ? commit() : Result<void>();
}

Result<void> TransactionalLogSink::wait_for_commit() {
  const int64_t begun = with_.clock.now().micros;
  while (needs_commit()) {
    if (pause_.is_over(with_.clock.now())) {
      const Result<void> done = commit();
      if (!done || !needs_commit()) return done;
    }
    const int64_t waited = with_.clock.now().micros - begun;
    const int64_t patience = with_.stop() ? kLastPatience.micros : kPatience.micros;
    if (waited > patience) {
      is_broken_ = true;  // close() does not wait again
      return eventtime::world_error(fmt::format(
          "sink '{}': {} alerts could not be committed to topic '{}' in {} s, the next run will "
          "find them again: {}",
          options_.name, waiting_.size(), options_.topic, waited / 1'000'000, problem_));
    }
    with_.clock.sleep(kLook);
  }
  return {};
}

Result<void> TransactionalLogSink::sync() {
  return wait_for_commit();
}

// Alerts that were committed must be found again.
Result<void> TransactionalLogSink::finish() {
  if (!held_ || is_broken_) return {};
  is_broken_ = true;
  return eventtime::input_error(fmt::format(
      "sink '{}': {} alerts were committed to topic '{}', and this run has found {}: inputs or "
      "patterns are not what they were",
      options_.name, held_->alerts, options_.topic, written_.alerts));
}

runtime::Metrics TransactionalLogSink::metrics() const {
  using Kind = runtime::Metric::Kind;
  const auto number = [](auto value) { return static_cast<double>(value); };
  return {{"sink_alerts_total",
           "Alerts committed, by this run and those before.",
           Kind::kCounter,
           {},
           number(committed_.alerts)},
          {"sink_waiting",
           "Alerts that wait to be committed.",
           Kind::kGauge,
           {},
           number(waiting_.size())},
          {"sink_commits_total",
           "Transactions that were committed.",
           Kind::kCounter,
           {},
           number(commits_)},
          {"sink_disturbed_total",
           "Transactions that failed and were tried again.",
           Kind::kCounter,
           {},
           number(disturbed_)}};
}

}  // namespace tocsin::connectors
