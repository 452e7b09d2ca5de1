#include "connectors/kafka/kafka_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

#include "connectors/kafka/kafka_appender.h"
#include "connectors/kafka/kafka_handle.h"
#include "connectors/kafka/kafka_membership.h"
#include "connectors/kafka/kafka_producer.h"
#include "connectors/kafka/kafka_reader.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogPartition;
using runtime::LogPosition;

namespace {

constexpr int kLookMs = 50;

class KafkaClient : public runtime::LogClient {
 public:
  explicit KafkaClient(KafkaClientOptions options) : options_(std::move(options)) {}

  Result<void> open();
  Result<int32_t> partitions(const std::string& topic) override;
  Result<std::vector<std::string>> topics() override;
  Result<void> create_topic(const std::string& topic, int32_t partitions) override;
  Result<runtime::LogBounds> bounds(const LogPartition& partition) override;
  Result<int64_t> offset_at(const LogPartition& partition, eventtime::Timestamp time) override;
  Result<std::optional<LogPosition>> committed(const LogPartition& partition) override;

  Result<std::unique_ptr<runtime::LogProducer>> open_producer(const std::string& id) override {
    return upcast<runtime::LogProducer>(KafkaProducer::open(options_, id));
  }
  Result<std::unique_ptr<runtime::LogAppender>> open_appender() override {
    return upcast<runtime::LogAppender>(KafkaAppender::open(options_));
  }
  Result<std::unique_ptr<runtime::LogReader>> open_reader() override {
    return upcast<runtime::LogReader>(KafkaReader::open(options_));
  }
  Result<std::unique_ptr<runtime::LogMembership>> join(
      const std::vector<std::string>& topics, runtime::LogMembership::Changes changes) override {
    return upcast<runtime::LogMembership>(
        KafkaMembership::join(options_, topics, std::move(changes)));
  }

 private:
  template <class Door, class T>
  static Result<std::unique_ptr<Door>> upcast(Result<std::unique_ptr<T>> made) {
    if (!made) return Unexpected<Error>{made.error()};
    return std::unique_ptr<Door>(*std::move(made));
  }
  // The first offset of this time or later, -1: none; or of a place that Kafka has a negative time
  // for.
  Result<int64_t> list_offset(const LogPartition& partition, int64_t time);
  // Of one topic, or of all.
  Result<Owned<const rd_kafka_metadata_t>> metadata(const std::string* topic);

  KafkaClientOptions options_;
  KafkaOpaque opaque_;
  Handle control_;  // asks the brokers; a consumer of the group that never joins it
};

Result<void> KafkaClient::open() {
  opaque_.log = options_.log;
  Result<KafkaConfig> config = KafkaConfig::create(options_.reading);
  if (!config) return Unexpected<Error>{config.error()};
  config->set("group.id", options_.group);
  // Positions of open transactions are waited for.
  config->set("isolation.level", "read_committed");
  config->set("enable.auto.commit", "false");
  Result<Handle> handle = config->open(RD_KAFKA_CONSUMER, opaque_);
  if (!handle) return Unexpected<Error>{handle.error()};
  control_ = *std::move(handle);
  const auto answer = metadata(nullptr);
  return answer ? Result<void>() : Unexpected<Error>{answer.error()};
}

Result<Owned<const rd_kafka_metadata_t>> KafkaClient::metadata(const std::string* topic) {
  Owned<rd_kafka_topic_t> of;
  if (topic != nullptr) of.reset(rd_kafka_topic_new(control_.get(), topic->c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  const rd_kafka_resp_err_t error =
      rd_kafka_metadata(control_.get(), topic == nullptr ? 1 : 0, of.get(), &metadata, kRequestMs);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return Owned<const rd_kafka_metadata_t>(metadata);
  const auto servers = options_.reading.find("bootstrap.servers");
  return kafka_error(
      fmt::format("no answer from '{}'",
                  servers == options_.reading.end() ? "the brokers" : servers->second),
      error);
}

Result<int32_t> KafkaClient::partitions(const std::string& topic) {
  const auto answer = metadata(&topic);
  if (!answer) return Unexpected<Error>{answer.error()};
  const rd_kafka_metadata_t& metadata = **answer;
  if (metadata.topic_cnt != 1) return 0;
  const rd_kafka_resp_err_t error = metadata.topics[0].err;
  if (error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return 0;
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(fmt::format("topic '{}'", topic), error);
  }
  return metadata.topics[0].partition_cnt;
}

Result<std::vector<std::string>> KafkaClient::topics() {
  const auto answer = metadata(nullptr);
  if (!answer) return Unexpected<Error>{answer.error()};
  std::vector<std::string> names;
  for (int i = 0; i < (*answer)->topic_cnt; ++i) names.emplace_back((*answer)->topics[i].topic);
  std::ranges::sort(names);
  return names;
}

// It is kept for ever: a new owner without a checkpoint needs all of it.
Result<void> KafkaClient::create_topic(const std::string& topic, int32_t partitions) {
  std::array<char, 512> reason{};
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, -1, reason.data(), reason.size());
  const std::string what = fmt::format("making topic '{}'", topic);
  if (wanted == nullptr) return kafka_error(what, reason.data());
  rd_kafka_NewTopic_set_config(wanted, "retention.ms", "-1");
  const Owned<rd_kafka_queue_t> queue(rd_kafka_queue_new(control_.get()));
  rd_kafka_CreateTopics(control_.get(), &wanted, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(wanted);
  const Owned<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), 2 * kRequestMs));
  if (event == nullptr) return kafka_error(what, RD_KAFKA_RESP_ERR__TIMED_OUT);
  if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(what, rd_kafka_event_error_string(event.get()));
  }
  size_t count = 0;
  const rd_kafka_topic_result_t** results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (size_t i = 0; i < count; ++i) {
    const rd_kafka_resp_err_t error = rd_kafka_topic_result_error(results[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
      continue;
    }
    return kafka_error(what, error);
  }
  // The brokers learn of it one by one.
  for (int waited = 0; waited < kRequestMs; waited += kLookMs) {
    const Result<int32_t> there = this->partitions(topic);
    if (!there) return Unexpected<Error>{there.error()};
    if (*there > 0) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
  }
  return kafka_error(what, "no broker knows it yet");
}

Result<int64_t> KafkaClient::list_offset(const LogPartition& partition, int64_t time) {
  const PartitionList list = list_of(partition);
  const rd_kafka_topic_partition_t& entry = list->elems[0];
  list->elems[0].offset = time;
  const rd_kafka_resp_err_t error =
      rd_kafka_offsets_for_times(control_.get(), list.get(), kRequestMs);
  const rd_kafka_resp_err_t why = error == RD_KAFKA_RESP_ERR_NO_ERROR ? entry.err : error;
  if (why == RD_KAFKA_RESP_ERR_NO_ERROR) return entry.offset;
  return kafka_error(fmt::format("the offsets of '{}'", partition.text()), why);
}

// One question after the other. librdkafka's own function asks both at once, and where a leader has
// moved and one is refused, it sometimes (2.0.2) gives the other's answer for both: a log that
// looks as if all its records had been deleted.
Result<runtime::LogBounds> KafkaClient::bounds(const LogPartition& partition) {
  const Result<int64_t> first = list_offset(partition, RD_KAFKA_OFFSET_BEGINNING);
  if (!first) return Unexpected<Error>{first.error()};
  const Result<int64_t> end = list_offset(partition, RD_KAFKA_OFFSET_END);
  if (!end) return Unexpected<Error>{end.error()};
  return runtime::LogBounds{*first, *end};
}

Result<int64_t> KafkaClient::offset_at(const LogPartition& partition, eventtime::Timestamp time) {
  // The end is asked for first: a record that is committed between the two questions is behind it.
  const Result<int64_t> end = list_offset(partition, RD_KAFKA_OFFSET_END);
  if (!end) return end;
  const Result<int64_t> found = list_offset(partition, time.micros / eventtime::kMicrosPerMs);
  if (!found || *found >= 0) return found;
  return end;
}

Result<std::optional<LogPosition>> KafkaClient::committed(const LogPartition& partition) {
  const PartitionList list = list_of(partition);
  const rd_kafka_resp_err_t error = rd_kafka_committed(control_.get(), list.get(), kRequestMs);
  const rd_kafka_topic_partition_t& entry = list->elems[0];
  const rd_kafka_resp_err_t why = error == RD_KAFKA_RESP_ERR_NO_ERROR ? entry.err : error;
  if (why != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(
        fmt::format("the position of group '{}' in '{}'", options_.group, partition.text()), why);
  }
  if (entry.offset < 0) return std::optional<LogPosition>();
  std::string note;
  if (entry.metadata_size > 0) {
    note.assign(static_cast<const char*>(entry.metadata), entry.metadata_size);
  }
  return std::optional(LogPosition{entry.offset, std::move(note)});
}

}  // namespace

Result<std::unique_ptr<runtime::LogClient>> open_kafka(KafkaClientOptions options) {
  auto client = std::make_unique<KafkaClient>(std::move(options));
  const Result<void> opened = client->open();
  if (!opened) return Unexpected<Error>{opened.error()};
  return std::unique_ptr<runtime::LogClient>(std::move(client));
}

}  // namespace tocsin::connectors
