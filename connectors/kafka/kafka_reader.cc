#include "connectors/kafka/kafka_reader.h"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::LogPartition;

namespace {

constexpr std::chrono::milliseconds kWakeEvery{20};
constexpr int kWakeMs = 200;  // waited for an answer; usually one comes after one

}  // namespace

Result<std::unique_ptr<KafkaReader>> KafkaReader::open(const KafkaClientOptions& options) {
  std::unique_ptr<KafkaReader> reader(new KafkaReader(options.with_headers));
  reader->opaque_.log = options.log;
  reader->opaque_.take_statistics(options.statistics, "reader");
  Result<KafkaConfig> config = KafkaConfig::create(options.reading);
  if (!config) return Unexpected<Error>{config.error()};
  config->set("check.crcs", "true");
  config->set("isolation.level", "read_committed");
  config->set("enable.auto.commit", "false");
  config->set("enable.auto.offset.store", "false");
  config->set("auto.offset.reset", "error");
  config->set("enable.partition.eof", "true");
  Result<Handle> handle = config->open(RD_KAFKA_CONSUMER, reader->opaque_);
  if (!handle) return Unexpected<Error>{handle.error()};
  reader->handle_ = *std::move(handle);
  reader->queue_.reset(rd_kafka_queue_new(reader->handle_.get()));
  return reader;
}

KafkaReader::~KafkaReader() {
  while (!partitions_.empty()) end(LogPartition(partitions_.begin()->second.partition));
}

rd_kafka_topic_t* KafkaReader::topic(const std::string& name) {
  Owned<rd_kafka_topic_t>& topic = topics_[name];
  if (topic == nullptr) topic.reset(rd_kafka_topic_new(handle_.get(), name.c_str(), nullptr));
  return topic.get();
}

Result<void> KafkaReader::begin(const LogPartition& partition, int64_t offset) {
  rd_kafka_topic_t* of = topic(partition.topic);
  if (rd_kafka_consume_start_queue(of, partition.number, offset, queue_.get()) != 0) {
    return kafka_error(fmt::format("reading '{}' from offset {}", partition.text(), offset),
                       rd_kafka_last_error());
  }
  partitions_.emplace(std::pair(of, partition.number), Place{partition, offset, false});
  return {};
}

void KafkaReader::end(const LogPartition& partition) {
  rd_kafka_topic_t* of = topic(partition.topic);
  if (partitions_.erase(std::pair<const rd_kafka_topic_t*, int32_t>(of, partition.number)) > 0) {
    rd_kafka_consume_stop(of, partition.number);
  }
}

std::optional<int64_t> KafkaReader::known_end(const LogPartition& partition) const {
  int64_t first = RD_KAFKA_OFFSET_INVALID;
  int64_t end = RD_KAFKA_OFFSET_INVALID;
  const rd_kafka_resp_err_t error = rd_kafka_get_watermark_offsets(
      handle_.get(), partition.topic.c_str(), partition.number, &first, &end);
  return error == RD_KAFKA_RESP_ERR_NO_ERROR && end >= 0 ? std::optional(end) : std::nullopt;
}

// All that is there is taken from the queue under one lock; what is too much goes back to it. To
// take it record by record costs half as much again as decoding it does.
Result<void> KafkaReader::read(eventtime::Duration wait, size_t most, const OnRecord& on_record,
                               const OnEnd& on_end) {
  if (opaque_.statistics != nullptr) rd_kafka_poll(handle_.get(), 0);
  struct Call {
    KafkaReader& reader;
    size_t left;
    const OnRecord& on_record;
    const OnEnd& on_end;
    Result<void> done;
  };
  Call call{*this, most, on_record, on_end, {}};
  const auto take = [](rd_kafka_message_t* message, void* opaque) {
    auto& to = *static_cast<Call*>(opaque);
    to.done = to.reader.hand_over(*message, to.on_record, to.on_end);
    if (--to.left == 0 || !to.done) rd_kafka_yield(to.reader.handle_.get());
  };
  const int wait_ms = static_cast<int>(wait.micros / eventtime::kMicrosPerMs);
  if (rd_kafka_consume_callback_queue(queue_.get(), 0, take, &call) > 0) return call.done;
  wake();
  if (wait_ms > 0) rd_kafka_consume_callback_queue(queue_.get(), wait_ms, take, &call);
  return call.done;
}

// When librdkafka has read 100,000 records ahead it looks only a second later whether there is room
// again (2.0.2; later versions have fetch.queue.backoff.ms), and who is faster than that starves
// most of the time. Any request to the broker of the partition makes it look at once.
void KafkaReader::wake() {
  const auto now = std::chrono::steady_clock::now();
  if (now - woken_ < kWakeEvery) return;
  for (const auto& [key, place] : partitions_) {
    if (place.at_end || known_end(place.partition).value_or(0) <= place.next) continue;
    woken_ = now;
    int64_t first = 0;
    int64_t end = 0;
    rd_kafka_query_watermark_offsets(handle_.get(), place.partition.topic.c_str(),
                                     place.partition.number, &first, &end, kWakeMs);
  }
}

Result<void> KafkaReader::hand_over(const rd_kafka_message_t& message, const OnRecord& on_record,
                                    const OnEnd& on_end) {
  if (message.rkt == nullptr) {
    return message.err == RD_KAFKA_RESP_ERR_NO_ERROR ? Result<void>()
                                                     : kafka_error("reading", message.err);
  }
  const auto found = partitions_.find({message.rkt, message.partition});
  if (found == partitions_.end()) return {};  // it was ended
  Place& place = found->second;
  const LogPartition& partition = place.partition;
  place.at_end = message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
  if (place.at_end) {
    on_end(partition);
    return {};
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return kafka_error(fmt::format("reading '{}'", partition.text()),
                       rd_kafka_message_errstr(&message));
  }
  place.next = message.offset + 1;
  runtime::LogRecord record;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type{};
  record.time.micros = rd_kafka_message_timestamp(&message, &type) * eventtime::kMicrosPerMs;
  if (message.key != nullptr) {
    record.key = std::string_view(static_cast<const char*>(message.key), message.key_len);
  }
  if (message.payload != nullptr) {
    record.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  }
  headers_.clear();
  rd_kafka_headers_t* headers = nullptr;
  if (with_headers_ && rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    size_t size = 0;
    for (size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      headers_.push_back({name, std::string_view(static_cast<const char*>(value), size)});
    }
  }
  record.headers = headers_;
  on_record(partition, record);
  return {};
}

}  // namespace tocsin::connectors
