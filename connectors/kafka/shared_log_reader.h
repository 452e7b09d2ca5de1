// One reader of a log for sources that are read by turns, each of one partition.
//
// Who is read gets its own records at once; those of other partitions that come with them are kept
// until their turn. A partition of which more than kMaxKept records are kept is not read on until
// they have been taken, so memory stays bounded. When reading fails, a new reader goes on, after
// 0.25 to 10 seconds, where the former one was; only that records are gone which should come next
// is an error.
//
// Used by one thread. Tested by tests/unit/connectors/log_source_test.cc.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/kafka/log_records.h"
#include "connectors/kafka/retry_pause.h"
#include "eventtime/result.h"
#include "runtime/clock.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class SharedLogReader {
 public:
  static constexpr size_t kMaxKept = size_t{1} << 16;
  static constexpr size_t kMaxKeptBytes = size_t{1} << 26;

  using Warn = std::function<void(std::string_view text)>;

  // Both outlive it. Whoever watches is told by `warn` that reading failed.
  SharedLogReader(runtime::LogClient& client, const runtime::Clock& clock, Warn warn)
      : client_(client), clock_(clock), warn_(std::move(warn)) {}

  // The partition is read from there on.
  void add(const runtime::LogPartition& partition, int64_t offset);
  // Moves its next records, at most so many, to `to`. Does not wait: none while there is nothing,
  // or nothing can be read. An error: the next record is no more, or not there.
  eventtime::Result<size_t> take(const runtime::LogPartition& partition, size_t most,
                                 LogRecords& to);
  // The log said that it has nothing more, and that was the last that it said.
  bool is_at_end(const runtime::LogPartition& partition) const;
  // How often it has said so.
  uint64_t ends(const runtime::LogPartition& partition) const;
  std::optional<int64_t> known_end(const runtime::LogPartition& partition) const;

 private:
  struct Record {
    int64_t offset = 0;
    eventtime::Timestamp time;
    std::optional<std::string> key;
    std::optional<std::string> value;
    std::vector<std::pair<std::string, std::string>> headers;
  };
  struct Place {
    int64_t next = 0;  // to be read
    bool is_begun = false;
    bool is_checked = false;  // that it lies in the log
    bool at_end = false;
    uint64_t ends = 0;
    std::deque<Record> kept;
    size_t kept_bytes = 0;

    bool is_full() const { return kept.size() > kMaxKept || kept_bytes > kMaxKeptBytes; }
  };

  size_t take_kept(Place& place, size_t most, LogRecords& to) const;
  static void keep(Place& place, const runtime::LogRecord& record);
  // False: not now.
  eventtime::Result<bool> begin();
  eventtime::Result<void> check(const runtime::LogPartition& partition, Place& place);
  void lose(const eventtime::Error& why);

  runtime::LogClient& client_;
  const runtime::Clock& clock_;
  Warn warn_;
  std::unique_ptr<runtime::LogReader> reader_;
  std::map<runtime::LogPartition, Place> places_;
  RetryPause pause_;
};

}  // namespace tocsin::connectors
