// What librdkafka tells of its handles every few seconds (its STATISTICS.md), as metrics.
//
// All of its numbers, as they are, but those that say nothing: what is not known yet (-1001, a lag
// of -1), windows without a sample, requests that were never made, and the queue of records without
// a partition. Names are librdkafka's behind what they are of: "rtt" and "p99" of a broker are
// kafka_broker_rtt_p99. Those that only grow end with "_total".
//
// A text is kept as it came and read when somebody asks, so threads that bring texts do not wait.
// Tested by tests/unit/connectors/kafka_statistics_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/metric.h"

namespace tocsin::connectors {

// Used by any thread.
class KafkaStatistics {
 public:
  // One handle; what it has told is forgotten with it.
  class Handle {
   public:
    Handle(KafkaStatistics& of, uint64_t number) : of_(of), number_(number) {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();
    void take(std::string_view json);

   private:
    KafkaStatistics& of_;
    uint64_t number_;
  };

  // `client` says what it is for, `id` tells those of one kind apart. Outlived by this.
  std::unique_ptr<Handle> add(std::string client, std::string id = {});

  // Another one when metrics() would be others.
  uint64_t version() const;
  runtime::Metrics metrics() const;

 private:
  struct Told {
    std::string client;
    std::string id;
    std::string json;  // the last text; empty: none yet
  };

  mutable std::mutex mutex_;
  std::map<uint64_t, Told> handles_;
  uint64_t next_ = 0;
  uint64_t version_ = 0;
};

}  // namespace tocsin::connectors
