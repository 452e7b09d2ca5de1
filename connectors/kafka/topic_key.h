// Whether a topic is partitioned as the patterns need it: all events of one key of a pattern must
// be in one partition, for each partition is matched on its own.
//
// Whoever configures the source may say by which fields it is partitioned; then the patterns are
// checked before anything is read. Otherwise, where there is more than one partition, the key of
// each record must be the text of a field by which all patterns of its type are grouped. Tested by
// tests/unit/connectors/log_records_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "patterns/pattern.h"
#include "runtime/log_client.h"

namespace tocsin::connectors {

class TopicKey {
 public:
  // `declared`: the fields by which the topic is partitioned, if somebody has said so. An error
  // names a pattern that needs events of several partitions. The set outlives this.
  static eventtime::Result<TopicKey> create(const patterns::PatternSet& set,
                                            const std::vector<std::string>& declared,
                                            int32_t partitions);

  // An event's row, before its number becomes an offset.
  eventtime::Result<void> check(const eventtime::Batch& batch, const eventtime::Row& row,
                                std::optional<std::string_view> key,
                                const runtime::LogPartition& partition, int64_t offset) const;

 private:
  explicit TopicKey(const patterns::PatternSet& set) : set_(&set) {}

  const patterns::PatternSet* set_;
  // By type: the fields of which one must be the key; nothing: whatever the key is.
  std::vector<std::optional<std::vector<uint32_t>>> fields_;
};

}  // namespace tocsin::connectors
