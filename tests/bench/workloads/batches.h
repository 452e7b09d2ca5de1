// A stream as batches of columns, as a decoder would fill them, and the number of alerts that are
// due after each batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "tests/bench/workloads/expected.h"
#include "tests/bench/workloads/rule_set.h"
#include "tests/bench/workloads/streams.h"

namespace tocsin::bench {

inline constexpr uint32_t kBatchRows = 4096;

// The declaration of `Event`, whose columns append() fills; log_patterns() has that of `Log`.
inline constexpr std::string_view kEventDeclaration =
    "event Event { ts: timestamp, kind: string, key: int, id: int, amount: float } time ts\n";

// Fills batches of the only event type of a catalog. The records have no raw bytes.
class BatchBuilder {
 public:
  // The catalog outlives the builder and its batches.
  explicit BatchBuilder(const eventtime::Catalog& catalog) : catalog_(catalog) {}

  void add(const Event& event);
  void add(const LogEvent& event);

  bool full() const { return batch_ && batch_->rows.size() == kBatchRows; }
  bool empty() const { return !batch_; }
  std::shared_ptr<const eventtime::Batch> take() { return std::move(batch_); }

 private:
  // The row of the next record in the type's columns.
  uint32_t next_row(int64_t millis);

  const eventtime::Catalog& catalog_;
  std::shared_ptr<eventtime::Batch> batch_;
  uint64_t records_ = 0;
};

struct Recorded {
  std::vector<std::shared_ptr<const eventtime::Batch>> batches;
  std::vector<uint64_t> expected;  // alerts if the stream ends behind that batch
};

template <class E>
Recorded record(const eventtime::Catalog& catalog, const Stream<E>& stream,
                const Expected<E>& expected) {
  Recorded recorded;
  BatchBuilder builder(catalog);
  uint64_t alerts = 0;
  const auto end_batch = [&] {
    recorded.batches.push_back(builder.take());
    recorded.expected.push_back(alerts);
  };
  stream([&](const E& event) {
    builder.add(event);
    alerts = expected(event);
    if (builder.full()) end_batch();
  });
  if (!builder.empty()) end_batch();
  return recorded;
}

}  // namespace tocsin::bench
