// A log with the rules of Kafka and no brokers: transactional ids with epochs, open transactions
// that hide what lies behind them, aborted records, offsets with gaps, positions that are committed
// or not together with records. Faults come from a seed.
//
// A request may fail before it takes effect or behind it: who sent it cannot tell. What a producer
// sent twice may come late and then hit the next transaction of the same epoch, as real brokers
// allow (KAFKA-17754).
//
// There is one group, and who has joined it last has all partitions of its topics.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/log_client.h"
#include "tests/model/random.h"

namespace tocsin::tests {

class SimulatedLog {
 public:
  struct Record {
    int64_t offset = 0;
    eventtime::Timestamp time;
    std::optional<std::string> key;
    std::string value;
    std::vector<std::pair<std::string, std::string>> headers;
  };

  explicit SimulatedLog(uint64_t seed) : random_(seed) {}

  // Of a hundred requests so many fail.
  void set_fault_rate(uint32_t percent) { fault_rate_ = percent; }
  uint64_t faults() const { return faults_; }
  uint64_t late_requests() const { return late_requests_; }

  void add_topic(const std::string& name, int32_t partitions);
  // As a producer without transactions would.
  void append(const runtime::LogPartition& to, std::optional<std::string> key, std::string value,
              eventtime::Timestamp time = {});
  // An offset that is no record, as a marker leaves it.
  void add_gap(const runtime::LogPartition& in);
  // Old records are deleted.
  void cut_off(const runtime::LogPartition& from, int64_t before);

  // What a reader of committed records sees in the end.
  std::vector<Record> committed_records(const runtime::LogPartition& partition) const;
  std::optional<runtime::LogPosition> position(const runtime::LogPartition& partition) const;
  void set_position(const runtime::LogPartition& partition,
                    std::optional<runtime::LogPosition> position);

  // The members that there are have no place any more. Nothing tells them but their next poll().
  void shut_out() { shut_out_ = joins_; }
  uint64_t joins() const { return joins_; }

  std::unique_ptr<runtime::LogClient> client();

 private:
  enum class Fate : uint8_t { kOpen, kCommitted, kAborted };
  struct Entry {
    Record record;
    Fate fate = Fate::kCommitted;
    bool is_marker = false;
  };
  struct Log {
    std::deque<Entry> entries;
    int64_t first = 0;
    int64_t next = 0;
  };
  struct Transaction {
    std::vector<std::pair<runtime::LogPartition, int64_t>> records;
    std::optional<std::pair<runtime::LogPartition, runtime::LogPosition>> position;
    bool is_open = false;
  };
  struct Id {
    int epoch = 0;
    Transaction transaction;
    bool late_end = false;  // a repeated request to end a transaction is still on its way
    int late_epoch = 0;
  };
  class Client;
  class Appender;
  class Membership;
  class Producer;
  class Reader;

  bool fails();
  Log* find(const runtime::LogPartition& partition);
  void end(Id& id, Fate fate);
  // Readable offsets are before this one.
  static int64_t stable_end(const Log& log);

  model::Random random_;
  uint32_t fault_rate_ = 0;
  uint64_t faults_ = 0;
  uint64_t late_requests_ = 0;
  uint64_t joins_ = 0;
  uint64_t shut_out_ = 0;  // members up to this number
  std::map<std::string, std::vector<Log>> topics_;
  std::map<std::string, Id> ids_;
  std::map<runtime::LogPartition, runtime::LogPosition> positions_;
};

}  // namespace tocsin::tests
