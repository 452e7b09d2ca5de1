#include "tests/support/simulated_log.h"

#include <algorithm>

#include "eventtime/check.h"

namespace tocsin::tests {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogPartition;
using runtime::LogPosition;
using runtime::LogRecord;

namespace {

Unexpected<Error> failed(const std::string& why) {
  return eventtime::world_error("log: " + why);
}

}  // namespace

class SimulatedLog::Producer : public runtime::LogProducer {
 public:
  Producer(SimulatedLog& log, std::string id, int epoch)
      : log_(log), id_(std::move(id)), epoch_(epoch) {}

  Result<void> send(const LogPartition& to, const LogRecord& record) override {
    if (log_.fails()) return failed("not sent");
    const Result<void> mine = check();
    if (!mine) return mine;
    // A request that came late ends the transaction as soon as it has begun: what is sent behind
    // that belongs to another one.
    Id& id = log_.ids_[id_];
    id.transaction.is_open = true;
    Log* in = log_.find(to);
    if (in == nullptr) return failed("no partition '" + to.text() + "'");
    Entry entry;
    entry.record.offset = in->next++;
    entry.record.time = record.time;
    if (record.key) entry.record.key = std::string(*record.key);
    entry.record.value = record.value.value_or(std::string_view());
    for (const runtime::LogHeader& header : record.headers) {
      entry.record.headers.emplace_back(header.name, header.value);
    }
    entry.fate = Fate::kOpen;
    in->entries.push_back(std::move(entry));
    id.transaction.records.emplace_back(to, in->next - 1);
    if (id.late_end && log_.random_.percent(50)) {
      id.late_end = false;
      if (id.late_epoch == id.epoch) {
        ++log_.late_requests_;
        log_.end(id, Fate::kCommitted);
      }
    }
    return {};
  }

  Result<void> commit(const LogPartition& from, const LogPosition& position) override {
    if (log_.fails()) return failed("not committed");
    const Result<void> mine = check();
    if (!mine) return mine;
    Id& id = log_.ids_[id_];
    id.transaction.is_open = true;
    id.transaction.position = {from, position};
    if (log_.fails()) return failed("the position was taken, and nothing committed");
    if (id.late_end) {
      id.late_end = false;  // it came too late to do harm
    } else if (log_.fails()) {
      id.late_end = true;
      id.late_epoch = id.epoch;
      doubt_ = true;
    }
    log_.end(id, Fate::kCommitted);
    return log_.fails() ? failed("committed, and no answer came") : Result<void>();
  }

  bool is_in_doubt() const override { return doubt_; }

 private:
  Result<void> check() const {
    return log_.ids_[id_].epoch == epoch_ ? Result<void>() : failed("fenced");
  }

  SimulatedLog& log_;
  std::string id_;
  int epoch_;
  bool doubt_ = false;
};

class SimulatedLog::Appender : public runtime::LogAppender {
 public:
  explicit Appender(SimulatedLog& log) : log_(log) {}

  Result<void> append(const LogPartition& to, const LogRecord& record) override {
    if (log_.fails()) return failed("not appended");
    std::optional<std::string> key;
    if (record.key) key = std::string(*record.key);
    log_.append(to, key, std::string(record.value.value_or(std::string_view())), record.time);
    Record& last = log_.find(to)->entries.back().record;
    for (const runtime::LogHeader& header : record.headers) {
      last.headers.emplace_back(header.name, header.value);
    }
    return {};
  }
  Result<void> poll() override { return {}; }
  Result<void> sync() override { return log_.fails() ? failed("not delivered") : Result<void>(); }

 private:
  SimulatedLog& log_;
};

class SimulatedLog::Reader : public runtime::LogReader {
 public:
  explicit Reader(SimulatedLog& log) : log_(log) {}

  Result<void> begin(const LogPartition& partition, int64_t offset) override {
    if (log_.fails()) return failed("not begun");
    TOCSIN_CHECK(!places_.contains(partition), "a partition is begun once");
    places_[partition] = {offset, false};
    return {};
  }
  void end(const LogPartition& partition) override { places_.erase(partition); }
  std::optional<int64_t> known_end(const LogPartition& partition) const override {
    return log_.find(partition)->next;
  }

  Result<void> read(eventtime::Duration /*wait*/, size_t most, const OnRecord& on_record,
                    const OnEnd& on_end) override {
    if (log_.fails()) return failed("not read");
    for (auto& [partition, place] : places_) {
      const Log& in = *log_.find(partition);
      if (place.offset < in.first) return failed("the offset is no more");
      const int64_t stable = stable_end(in);
      size_t room = 1 + log_.random_.below(most);
      while (place.offset < stable && room > 0) {
        const Entry& entry = in.entries[static_cast<size_t>(place.offset - in.first)];
        ++place.offset;
        place.told = false;
        if (entry.fate != Fate::kCommitted || entry.is_marker) continue;
        hand_over(partition, entry.record, on_record);
        --room;
      }
      if (place.offset == stable && !place.told) {
        place.told = true;
        on_end(partition);
      }
    }
    return {};
  }

 private:
  struct Place {
    int64_t offset = 0;
    bool told = false;
  };
  static void hand_over(const LogPartition& partition, const Record& record,
                        const OnRecord& on_record) {
    LogRecord handed;
    handed.offset = record.offset;
    handed.time = record.time;
    if (record.key) handed.key = *record.key;
    handed.value = record.value;
    std::vector<runtime::LogHeader> headers;
    for (const auto& [name, value] : record.headers) headers.push_back({name, value});
    handed.headers = headers;
    on_record(partition, handed);
  }

  SimulatedLog& log_;
  std::map<LogPartition, Place> places_;
};

class SimulatedLog::Membership : public runtime::LogMembership {
 public:
  Membership(SimulatedLog& log, std::vector<std::string> topics, Changes changes)
      : log_(log),
        topics_(std::move(topics)),
        changes_(std::move(changes)),
        number_(++log.joins_) {}
  ~Membership() override {
    if (has_all_ && number_ > log_.shut_out_) changes_.revoked(false);
  }

  Result<void> poll() override {
    if (number_ <= log_.shut_out_) return failed("this member is shut out of the group");
    if (has_all_) return {};
    std::vector<LogPartition> all;
    for (const std::string& topic : topics_) {
      const auto count = static_cast<int32_t>(log_.topics_.at(topic).size());
      for (int32_t number = 0; number < count; ++number) all.push_back({topic, number});
    }
    has_all_ = true;
    changes_.assigned(all);
    return {};
  }

 private:
  SimulatedLog& log_;
  std::vector<std::string> topics_;
  Changes changes_;
  uint64_t number_;
  bool has_all_ = false;
};

class SimulatedLog::Client : public runtime::LogClient {
 public:
  explicit Client(SimulatedLog& log) : log_(log) {}

  Result<int32_t> partitions(const std::string& topic) override {
    const auto found = log_.topics_.find(topic);
    return found == log_.topics_.end() ? 0 : static_cast<int32_t>(found->second.size());
  }
  Result<std::vector<std::string>> topics() override {
    std::vector<std::string> names;
    for (const auto& [name, partitions] : log_.topics_) names.push_back(name);
    return names;
  }
  Result<void> create_topic(const std::string& topic, int32_t partitions) override {
    if (!log_.topics_.contains(topic)) log_.add_topic(topic, partitions);
    return {};
  }
  Result<runtime::LogBounds> bounds(const LogPartition& partition) override {
    if (log_.fails()) return failed("no bounds");
    const Log* in = log_.find(partition);
    if (in == nullptr) return failed("no partition '" + partition.text() + "'");
    return runtime::LogBounds{in->first, in->next};
  }
  Result<int64_t> offset_at(const LogPartition& partition, eventtime::Timestamp time) override {
    const Log& in = *log_.find(partition);
    for (const Entry& entry : in.entries) {
      if (!entry.is_marker && entry.record.time >= time) return entry.record.offset;
    }
    return in.next;
  }
  // Waits for the end of a transaction that is to change it; here nobody would end it.
  Result<std::optional<LogPosition>> committed(const LogPartition& partition) override {
    if (log_.fails()) return failed("no position");
    for (const auto& [name, id] : log_.ids_) {
      const auto& position = id.transaction.position;
      if (position && position->first == partition) return failed("the position is not stable");
    }
    return log_.position(partition);
  }

  Result<std::unique_ptr<runtime::LogProducer>> open_producer(const std::string& name) override {
    if (log_.fails()) return failed("no producer");
    Id& id = log_.ids_[name];
    if (id.transaction.is_open) log_.end(id, Fate::kAborted);
    ++id.epoch;
    if (log_.fails()) return failed("fenced the former one, and no answer came");
    return std::unique_ptr<runtime::LogProducer>(new Producer(log_, name, id.epoch));
  }
  Result<std::unique_ptr<runtime::LogAppender>> open_appender() override {
    return std::unique_ptr<runtime::LogAppender>(new Appender(log_));
  }
  Result<std::unique_ptr<runtime::LogReader>> open_reader() override {
    return std::unique_ptr<runtime::LogReader>(new Reader(log_));
  }
  Result<std::unique_ptr<runtime::LogMembership>> join(
      const std::vector<std::string>& topics, runtime::LogMembership::Changes changes) override {
    return std::unique_ptr<runtime::LogMembership>(
        new Membership(log_, topics, std::move(changes)));
  }

 private:
  SimulatedLog& log_;
};

bool SimulatedLog::fails() {
  const bool fails = random_.percent(fault_rate_);
  faults_ += fails ? 1 : 0;
  return fails;
}

SimulatedLog::Log* SimulatedLog::find(const LogPartition& partition) {
  const auto found = topics_.find(partition.topic);
  if (found == topics_.end()) return nullptr;
  const auto number = static_cast<size_t>(partition.number);
  return number < found->second.size() ? &found->second[number] : nullptr;
}

void SimulatedLog::add_topic(const std::string& name, int32_t partitions) {
  topics_[name].resize(static_cast<size_t>(partitions));
}

void SimulatedLog::append(const LogPartition& to, std::optional<std::string> key, std::string value,
                          eventtime::Timestamp time) {
  Log& in = *find(to);
  in.entries.push_back({{in.next++, time, std::move(key), std::move(value), {}}});
}

void SimulatedLog::add_gap(const LogPartition& in) {
  Log& log = *find(in);
  Entry entry;
  entry.record.offset = log.next++;
  entry.is_marker = true;
  log.entries.push_back(std::move(entry));
}

void SimulatedLog::cut_off(const LogPartition& from, int64_t before) {
  Log& log = *find(from);
  while (log.first < before && !log.entries.empty()) {
    log.entries.pop_front();
    ++log.first;
  }
}

int64_t SimulatedLog::stable_end(const Log& log) {
  for (const Entry& entry : log.entries) {
    if (entry.fate == Fate::kOpen) return entry.record.offset;
  }
  return log.next;
}

// Each partition that was written to gets a marker.
void SimulatedLog::end(Id& id, Fate fate) {
  std::vector<LogPartition> written;
  for (const auto& [partition, offset] : id.transaction.records) {
    Log& log = *find(partition);
    log.entries[static_cast<size_t>(offset - log.first)].fate = fate;
    if (std::ranges::find(written, partition) == written.end()) written.push_back(partition);
  }
  for (const LogPartition& partition : written) add_gap(partition);
  if (fate == Fate::kCommitted && id.transaction.position) {
    positions_[id.transaction.position->first] = id.transaction.position->second;
  }
  id.transaction = {};
}

std::vector<SimulatedLog::Record> SimulatedLog::committed_records(
    const LogPartition& partition) const {
  std::vector<Record> records;
  const Log& log = topics_.at(partition.topic)[static_cast<size_t>(partition.number)];
  for (const Entry& entry : log.entries) {
    if (entry.fate == Fate::kCommitted && !entry.is_marker) records.push_back(entry.record);
  }
  return records;
}

std::optional<LogPosition> SimulatedLog::position(const LogPartition& partition) const {
  const auto found = positions_.find(partition);
  return found == positions_.end() ? std::nullopt : std::optional(found->second);
}

void SimulatedLog::set_position(const LogPartition& partition,
                                std::optional<LogPosition> position) {
  positions_.erase(partition);
  if (position) positions_[partition] = *position;
}

std::unique_ptr<runtime::LogClient> SimulatedLog::client() {
  return std::make_unique<Client>(*this);
}

}  // namespace tocsin::tests
