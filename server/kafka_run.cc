#include "server/kafka_run.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace tocsin::server {

using eventtime::Duration;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogPartition;

namespace {

constexpr size_t kRecordsAtOnce = 16'384;
constexpr int kMostRejoins = 3;
constexpr Duration kRejoinPause{1'000'000};
constexpr Duration kRejoinsForgotten{60'000'000};
constexpr Duration kLongestWait{100'000};
constexpr Duration kShortestWait{1'000};
// Taking over mostly waits for brokers.
constexpr size_t kTakenAtOnce = 16;

}  // namespace

KafkaRun::KafkaRun(const KafkaRunOptions& options, runtime::LogClient& client,
                   runtime::Clock& clock, std::function<bool()> stop)
    : options_(options),
      client_(client),
      clock_(clock),
      stop_(std::move(stop)),
      pool_(options.threads) {}

Result<void> KafkaRun::run() {
  auto reader = client_.open_reader();
  if (!reader) return Unexpected<Error>{reader.error()};
  reader_ = *std::move(reader);
  Result<void> done = join();
  while (done && !stop_()) {
    done = take_part();
    if (done) done = take_over();
    if (done) done = round();
    if (on_round) on_round(*this);
  }
  revoke(false);
  membership_.reset();
  return done;
}

Result<void> KafkaRun::join() {
  runtime::LogMembership::Changes changes;
  changes.assigned = [this](const std::vector<LogPartition>& all) { assign(all); };
  changes.revoked = [this](bool lost) { revoke(lost); };
  auto membership = client_.join(options_.topics, std::move(changes));
  if (!membership) return Unexpected<Error>{membership.error()};
  membership_ = *std::move(membership);
  return {};
}

// A group that has lost its coordinator can take this member's own next try for another process.
// Where there really is one, the two take the place from each other a few times, and then one ends.
Result<void> KafkaRun::take_part() {
  const Duration now = clock_.now();
  if (membership_ == nullptr) return now < rejoin_at_ ? Result<void>() : join();
  const Result<void> done = membership_->poll();
  if (done) return done;
  if (now.micros > rejoin_at_.micros + kRejoinsForgotten.micros) rejoins_ = 0;
  if (++rejoins_ > kMostRejoins) return done;
  spdlog::warn("{}; joins the group anew", done.error().message);
  revoke(true);
  membership_.reset();
  rejoin_at_ = {now.micros + kRejoinPause.micros};
  return {};
}

void KafkaRun::assign(const std::vector<LogPartition>& partitions) {
  std::string names;
  for (const LogPartition& partition : partitions) {
    names += (names.empty() ? "" : ", ") + partition.text();
    waiting_[partition] = {};
  }
  spdlog::info("partitions of this process: {}", names.empty() ? "none" : names);
}

// What is still to be said is said here: the run goes on to its end, or to other partitions.
void KafkaRun::revoke(bool lost) {
  waiting_.clear();
  if (lost) spdlog::warn("the group has given this process up; its partitions are gone");
  if (!lost) {
    const Result<void> released =
        with_all([](PartitionMachine& machine) { return machine.release(); });
    if (!released) spdlog::error("{}", released.error().message);
  }
  for (const auto& [partition, machine] : machines_) {
    reader_->end(partition);
    count(*machine, done_);
  }
  machines_.clear();
  waiting_.clear();
}

// All that are due at the same time: each waits for brokers.
Result<void> KafkaRun::take_over() {
  std::vector<LogPartition> due;
  for (const auto& [partition, pause] : waiting_) {
    if (pause.is_over(clock_.now()) && due.size() < kTakenAtOnce) due.push_back(partition);
  }
  std::vector<std::optional<Result<Machine>>> taken(due.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < due.size(); ++i) {
      threads.emplace_back([this, i, &due, &taken] {
        taken[i].emplace(PartitionMachine::own(client_, due[i], options_.partitions, clock_));
      });
    }
  }
  for (size_t i = 0; i < due.size(); ++i) {
    Result<void> begun;
    if (*taken[i]) begun = reader_->begin(due[i], (**taken[i])->offset());
    const Error* error = !*taken[i] ? &taken[i]->error() : begun ? nullptr : &begun.error();
    if (error == nullptr) {
      ++done_.taken_over;
      waiting_.erase(due[i]);
      machines_[due[i]] = **std::move(taken[i]);
      continue;
    }
    const Result<void> dropped = drop(due[i], *error);
    if (!dropped) return dropped;
  }
  return {};
}

Result<void> KafkaRun::drop(const LogPartition& partition, const Error& error) {
  const auto machine = machines_.find(partition);
  if (machine != machines_.end()) {
    reader_->end(partition);
    count(*machine->second, done_);
    machines_.erase(machine);
  }
  if (error.blame != eventtime::Blame::kWorld) return Unexpected<Error>{error};
  ++done_.disturbed;
  connectors::RetryPause& pause = waiting_[partition];
  pause.begin(clock_.now());
  spdlog::warn("'{}' is taken over anew in {} ms: {}", partition.text(),
               pause.length().micros / 1000, error.message);
  return {};
}

Duration KafkaRun::wait() const {
  Duration until{clock_.now().micros + kLongestWait.micros};
  for (const auto& [partition, machine] : machines_) {
    const auto due = machine->due();
    if (due) until.micros = std::min(until.micros, due->micros);
  }
  for (const auto& [partition, pause] : waiting_) {
    until.micros = std::min(until.micros, pause.until().micros);
  }
  return Duration{std::max(until.micros - clock_.now().micros, kShortestWait.micros)};
}

Result<void> KafkaRun::read() {
  std::map<LogPartition, Error> failed;
  const LogPartition* last = nullptr;
  PartitionMachine* machine = nullptr;
  const auto find = [&](const LogPartition& partition) {
    if (last != &partition) {
      last = &partition;
      const auto found = machines_.find(partition);
      machine = found == machines_.end() ? nullptr : found->second.get();
    }
    return machine != nullptr && (failed.empty() || !failed.contains(partition));
  };
  const auto add = [&](const LogPartition& partition, const runtime::LogRecord& record) {
    if (!find(partition)) return;
    const Result<void> added = machine->add(record);
    if (!added) failed.emplace(partition, added.error());
  };
  const auto end = [&](const LogPartition& partition) {
    if (!find(partition)) return;
    const Result<void> ended = machine->at_end();
    if (!ended) failed.emplace(partition, ended.error());
  };
  const Result<void> read = reader_->read(wait(), kRecordsAtOnce, add, end);
  for (const auto& [partition, error] : failed) {
    const Result<void> dropped = drop(partition, error);
    if (!dropped) return dropped;
  }
  if (read) return {};
  // It does not say which partition it was, so all are read anew from where they are.
  spdlog::warn("{}", read.error().message);
  while (!machines_.empty()) {
    const Result<void> dropped = drop(LogPartition(machines_.begin()->first), read.error());
    if (!dropped) return dropped;
  }
  auto reader = client_.open_reader();
  if (!reader) return Unexpected<Error>{reader.error()};
  reader_ = *std::move(reader);
  return {};
}

Result<void> KafkaRun::with_all(const std::function<Result<void>(PartitionMachine&)>& work) {
  std::vector<PartitionMachine*> all;
  for (const auto& [partition, machine] : machines_) all.push_back(machine.get());
  std::vector<Result<void>> done(all.size());
  pool_.run(all.size(), [&](size_t i) { done[i] = work(*all[i]); });
  Result<void> result;
  for (size_t i = 0; i < all.size(); ++i) {
    if (done[i]) continue;
    const Result<void> dropped = drop(LogPartition(all[i]->partition()), done[i].error());
    if (result && !dropped) result = dropped;
  }
  return result;
}

Result<void> KafkaRun::round() {
  Result<void> done = read();
  if (done) {
    done = with_all([](PartitionMachine& machine) {
      const Result<void> matched = machine.process();
      return matched ? machine.pass() : matched;
    });
  }
  if (!done) return done;
  const runtime::WorkerPool::Pause pause(pool_);
  std::unique_lock<std::mutex> quiet;
  if (options_.quiet != nullptr) quiet = std::unique_lock(*options_.quiet);
  std::vector<std::pair<LogPartition, Error>> failed;
  for (const auto& [partition, machine] : machines_) {
    const Result<void> made = machine->checkpoint();
    if (!made) failed.emplace_back(partition, made.error());
  }
  for (const auto& [partition, error] : failed) {
    const Result<void> dropped = drop(partition, error);
    if (!dropped) return dropped;
  }
  return {};
}

void KafkaRun::count(const PartitionMachine& machine, KafkaRunStats& into) {
  const PartitionStats stats = machine.stats();
  into.records += stats.records;
  into.malformed += stats.malformed;
  into.late += stats.late;
  into.alerts += stats.alerts;
  into.commits += stats.commits;
  into.committed += stats.committed;
  into.checkpoints += stats.checkpoints.written;
  into.failed_checkpoints += stats.checkpoints.failed;
}

KafkaRunStats KafkaRun::stats() const {
  KafkaRunStats stats = done_;
  for (const auto& [partition, machine] : machines_) count(*machine, stats);
  return stats;
}

std::vector<const PartitionMachine*> KafkaRun::machines() const {
  std::vector<const PartitionMachine*> all;
  for (const auto& [partition, machine] : machines_) all.push_back(machine.get());
  return all;
}

}  // namespace tocsin::server
