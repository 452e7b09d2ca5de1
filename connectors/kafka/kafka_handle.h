// The handles of librdkafka as owners, and its configuration with errors that say what to do.
// Private to this folder: no other header includes librdkafka.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <string_view>

#include "connectors/kafka/kafka_client.h"
#include "connectors/kafka/kafka_spec.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

struct KafkaDelete {
  void operator()(rd_kafka_t* handle) const { rd_kafka_destroy(handle); }
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(rd_kafka_consumer_group_metadata_t* metadata) const {
    rd_kafka_consumer_group_metadata_destroy(metadata);
  }
};
template <class T>
using Owned = std::unique_ptr<T, KafkaDelete>;
using Handle = Owned<rd_kafka_t>;
using PartitionList = Owned<rd_kafka_topic_partition_list_t>;

eventtime::Unexpected<eventtime::Error> kafka_error(std::string_view what, std::string_view why);
inline eventtime::Unexpected<eventtime::Error> kafka_error(std::string_view what,
                                                           rd_kafka_resp_err_t why) {
  return kafka_error(what, rd_kafka_err2str(why));
}

PartitionList list_of(const runtime::LogPartition& partition);

// For the answer to one request, with all its retries; and for what librdkafka has to tell.
inline constexpr int kRequestMs = 10'000;
inline constexpr int kPollMs = 100;

class KafkaMembership;

// What callbacks of a handle get to see.
struct KafkaOpaque {
  KafkaLog log;
  KafkaMembership* membership = nullptr;
  std::unique_ptr<KafkaStatistics::Handle> statistics = {};  // null: none are made

  void take_statistics(KafkaStatistics* into, const char* client, const std::string& id = {}) {
    if (into != nullptr) statistics = into->add(client, id);
  }
};

// Settings for a new handle.
class KafkaConfig {
 public:
  // Those of the user over those of ours that may be overruled.
  static eventtime::Result<KafkaConfig> create(const KafkaSettings& settings);

  // Of ours, whatever the user says.
  void set(const char* name, const std::string& value);
  rd_kafka_conf_t* get() { return conf_.get(); }
  // The opaque outlives the handle.
  eventtime::Result<Handle> open(rd_kafka_type_t type, KafkaOpaque& opaque);

 private:
  explicit KafkaConfig(Owned<rd_kafka_conf_t> conf) : conf_(std::move(conf)) {}
  Owned<rd_kafka_conf_t> conf_;
};

}  // namespace tocsin::connectors
