// One partition of a log as a source of an ordinary run: the run's checkpoints say where to go on,
// not a group of the log. A record's number is its offset. The source never ends.
//
// Tested by tests/unit/connectors/log_source_test.cc, with real brokers by
// tests/kafka/kafka_mixed_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "connectors/kafka/log_probe.h"
#include "connectors/kafka/log_records.h"
#include "connectors/kafka/shared_log_reader.h"
#include "runtime/source.h"

namespace tocsin::connectors {

// Where reading a partition begins that has not been read before. Errors are the world's.
eventtime::Result<int64_t> first_offset(runtime::LogClient& client,
                                        const runtime::LogPartition& partition,
                                        const KafkaStart& start);

// Of a partition where `next` is the next record to be matched; with the end of the log, if it is
// known.
runtime::Metrics log_place_metrics(int64_t next, std::optional<int64_t> end);

class LogSource : public runtime::Source {
 public:
  // `source`: as the pipeline calls what the partition belongs to. Reader and probe outlive it.
  // Without a probe a partition that is at its end is believed to be.
  LogSource(const std::string& source, const runtime::LogPartition& partition, int64_t first,
            LogRecords records, SharedLogReader& reader, LogProbe* probe)
      : partition_(partition),
        name_(partition.text()),
        identity_(source + "/" + partition.text()),
        next_(first),
        records_(std::move(records)),
        reader_(reader),
        probe_(probe) {}

  const std::string& name() const override { return name_; }
  const eventtime::RecordFormat& format() const override { return records_.format(); }
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override;
  bool has_nothing() override;
  // `bytes` is the offset of the next record, `head_hash` that of the names.
  runtime::SourcePosition position() const override;
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override;
  uint64_t bytes_read() const override { return bytes_; }
  std::optional<uint64_t> bytes_total() const override { return std::nullopt; }
  runtime::Metrics metrics() const override;

 private:
  runtime::LogPartition partition_;
  std::string name_;
  std::string identity_;
  int64_t next_;
  uint64_t count_ = 0;
  uint64_t bytes_ = 0;
  bool is_added_ = false;  // to the reader
  LogRecords records_;
  SharedLogReader& reader_;
  LogProbe* probe_;
  uint64_t ends_ = 0;           // of the reader, when it was last looked at
  std::optional<int64_t> end_;  // as the probe told then
};

}  // namespace tocsin::connectors
