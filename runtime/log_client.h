// A partitioned log with transactions, as Kafka is one: the door through which the engine reads
// records and commits alerts together with the position that they belong to.
//
// Behind it stand the real thing (connectors/kafka/kafka_client.h) and a simulated log for tests
// that has the same rules and takes orders from a seed. What is promised, in the terms of Kafka:
//
// - Records of a partition have growing offsets, with gaps. Readers see committed records only.
// - A producer has a transactional id. Opening one ends the open transaction of any other producer
//   with that id, and nothing of it is ever committed (fencing).
// - commit() makes records and position visible, or neither. When it fails nobody knows which: the
//   caller must open a new producer, which settles it, and look at committed().
//
// Errors are the world's. Functions that may wait end within the time-outs of the client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"

namespace tocsin::runtime {

struct LogPartition {
  std::string topic;
  int32_t number = 0;

  std::string text() const { return topic + "-" + std::to_string(number); }
  friend bool operator==(const LogPartition&, const LogPartition&) = default;
  friend auto operator<=>(const LogPartition&, const LogPartition&) = default;
};

struct LogHeader {
  std::string_view name;
  std::string_view value;
};

// Valid during the call that hands it over.
struct LogRecord {
  int64_t offset = 0;
  eventtime::Timestamp time;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const LogHeader> headers;
};

// What a group has committed for a partition: the next record to be read, and a text of the
// committer's, of at most 4,000 bytes.
struct LogPosition {
  int64_t offset = 0;
  std::string note;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// The offsets that can be read: from `first`, before `end`.
struct LogBounds {
  int64_t first = 0;
  int64_t end = 0;
};

// Used by one thread at a time. After an error it must not be used any more.
class LogProducer {
 public:
  LogProducer() = default;
  LogProducer(const LogProducer&) = delete;
  LogProducer& operator=(const LogProducer&) = delete;
  virtual ~LogProducer() = default;  // an open transaction is left to time out or to be fenced

  // Adds a record to the transaction, which begins with its first record. Does not wait.
  virtual eventtime::Result<void> send(const LogPartition& to, const LogRecord& record) = 0;
  // Ends the transaction with the group's new position in `from`, also one without records.
  virtual eventtime::Result<void> commit(const LogPartition& from, const LogPosition& position) = 0;
  // Something was sent twice, or a connection was lost, while a transaction was open. A late
  // request of it could then hit the next one of the same producer (KAFKA-17754): before that,
  // open a new producer.
  virtual bool is_in_doubt() const = 0;
  // Takes what has come of itself, so that it does not pile up. Does not wait; to be called every
  // second or so.
  virtual void poll() {}
};

// Writes without transactions, each record at least once, those of a partition in order. Used by
// one thread at a time. After an error it must not be used any more.
class LogAppender {
 public:
  LogAppender() = default;
  LogAppender(const LogAppender&) = delete;
  LogAppender& operator=(const LogAppender&) = delete;
  virtual ~LogAppender() = default;  // what is still on its way may be lost

  // Waits only where too many records are on their way.
  virtual eventtime::Result<void> append(const LogPartition& to, const LogRecord& record) = 0;
  // Whether something has failed; does not wait.
  virtual eventtime::Result<void> poll() = 0;
  // Waits until all that was appended is in the log.
  virtual eventtime::Result<void> sync() = 0;
};

// Used by one thread.
class LogReader {
 public:
  LogReader() = default;
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;
  virtual ~LogReader() = default;

  // Reads the partition from there on, until end().
  virtual eventtime::Result<void> begin(const LogPartition& partition, int64_t offset) = 0;
  virtual void end(const LogPartition& partition) = 0;
  // Where the log ends, as far as is known without asking; nothing: it is not known yet.
  virtual std::optional<int64_t> known_end(const LogPartition& partition) const = 0;

  // Waits for records, at most so long; hands over at most `most`, those of a partition in order.
  // Tells when a partition has nothing more that is committed; again after more has come. An error
  // names a partition that cannot be read on.
  using OnRecord = std::function<void(const LogPartition&, const LogRecord&)>;
  using OnEnd = std::function<void(const LogPartition&)>;
  virtual eventtime::Result<void> read(eventtime::Duration wait, size_t most,
                                       const OnRecord& on_record, const OnEnd& on_end) = 0;
};

// A place in a group: which partitions are this member's. Used by one thread; the callbacks run
// within poll() and the destructor.
class LogMembership {
 public:
  struct Changes {
    // All that are this member's now. Each revocation comes before the next of these.
    std::function<void(const std::vector<LogPartition>&)> assigned;
    // All that were. Lost: others may have them already, so nothing may be committed any more.
    std::function<void(bool lost)> revoked;
  };

  LogMembership() = default;
  LogMembership(const LogMembership&) = delete;
  LogMembership& operator=(const LogMembership&) = delete;
  virtual ~LogMembership() = default;  // leaves the group

  // Does not wait. To be called every second or so: a member that does not is given up.
  virtual eventtime::Result<void> poll() = 0;
};

// Of one group, named when the client is made.
class LogClient {
 public:
  LogClient() = default;
  LogClient(const LogClient&) = delete;
  LogClient& operator=(const LogClient&) = delete;
  virtual ~LogClient() = default;

  // The number of its partitions; 0: there is no such topic.
  virtual eventtime::Result<int32_t> partitions(const std::string& topic) = 0;
  // The names of all topics, sorted.
  virtual eventtime::Result<std::vector<std::string>> topics() = 0;
  // Nothing happens if it is there already.
  virtual eventtime::Result<void> create_topic(const std::string& topic, int32_t partitions) = 0;
  virtual eventtime::Result<LogBounds> bounds(const LogPartition& partition) = 0;
  // The first record of this time or later; the end if there is none.
  virtual eventtime::Result<int64_t> offset_at(const LogPartition& partition,
                                               eventtime::Timestamp time) = 0;
  // Nothing: none was committed, or it was forgotten.
  virtual eventtime::Result<std::optional<LogPosition>> committed(
      const LogPartition& partition) = 0;

  virtual eventtime::Result<std::unique_ptr<LogProducer>> open_producer(const std::string& id) = 0;
  virtual eventtime::Result<std::unique_ptr<LogAppender>> open_appender() = 0;
  virtual eventtime::Result<std::unique_ptr<LogReader>> open_reader() = 0;
  virtual eventtime::Result<std::unique_ptr<LogMembership>> join(
      const std::vector<std::string>& topics, LogMembership::Changes changes) = 0;
};

}  // namespace tocsin::runtime
