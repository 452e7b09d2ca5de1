#include "connectors/kafka/log_source.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

Result<int64_t> first_offset(runtime::LogClient& client, const runtime::LogPartition& partition,
                             const KafkaStart& start) {
  using At = KafkaStart::At;
  if (start.at == At::kTime) return client.offset_at(partition, start.time);
  const Result<runtime::LogBounds> bounds = client.bounds(partition);
  if (!bounds) return Unexpected<Error>{bounds.error()};
  return start.at == At::kEarliest ? bounds->first : bounds->end;
}

Result<bool> LogSource::read(eventtime::Batch& batch, size_t max_records) {
  if (!is_added_) reader_.add(partition_, next_);
  is_added_ = true;
  const Result<size_t> taken = reader_.take(partition_, max_records, records_);
  if (!taken) return Unexpected<Error>{taken.error()};
  if (*taken == 0) return true;
  end_.reset();
  next_ = records_.last_offset() + 1;
  count_ += *taken;
  bytes_ += records_.bytes();
  const Result<void> decoded = records_.decode(batch);
  return decoded ? Result<bool>(true) : Unexpected<Error>{decoded.error()};
}

bool LogSource::has_nothing() {
  if (!reader_.is_at_end(partition_)) return false;
  if (probe_ == nullptr) return true;
  // The end also moves without a record for us, behind a transaction that was aborted.
  if (const uint64_t ends = reader_.ends(partition_); ends != ends_) {
    ends_ = ends;
    end_.reset();
  }
  const std::optional<int64_t> end = probe_->end(partition_);
  if (!end_) end_ = end;
  return end && *end == *end_;
}

runtime::SourcePosition LogSource::position() const {
  runtime::SourcePosition position;
  position.records = count_;
  position.bytes = static_cast<uint64_t>(next_);
  position.head_hash = XXH3_64bits(identity_.data(), identity_.size());
  return position;
}

Result<void> LogSource::resume(const runtime::SourcePosition& position) {
  if (position.head_hash != XXH3_64bits(identity_.data(), identity_.size())) {
    return eventtime::input_error(
        fmt::format("the state is of another input in place of '{}': sources, topics and their "
                    "order must stay; "
                    "begin with a new state directory",
                    identity_));
  }
  count_ = position.records;
  next_ = static_cast<int64_t>(position.bytes);
  return {};
}

runtime::Metrics log_place_metrics(int64_t next, std::optional<int64_t> end) {
  using Kind = runtime::Metric::Kind;
  runtime::Metrics metrics = {{"source_offset",
                               "The next record of the partition to be matched.",
                               Kind::kGauge,
                               {},
                               static_cast<double>(next)}};
  if (end) {
    metrics.push_back({"source_lag_records",
                       "Offsets between the next record and the end of the partition.",
                       Kind::kGauge,
                       {},
                       static_cast<double>(std::max<int64_t>(*end - next, 0))});
  }
  return metrics;
}

runtime::Metrics LogSource::metrics() const {
  return log_place_metrics(next_, reader_.known_end(partition_));
}

}  // namespace tocsin::connectors
