#include "connectors/kafka/kafka_producer.h"

#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "connectors/kafka/kafka_produce.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr auto kDeliveryTime = std::chrono::seconds(15);
constexpr int kMaxRetries = 5;

constexpr int16_t kEndTransaction = 26;  // API keys of the protocol
constexpr int16_t kAddOffsets = 25;
constexpr int16_t kTransactionOffsets = 28;

Unexpected<Error> failed(std::string_view what, const rd_kafka_error_t* error) {
  return kafka_error(
      what, fmt::format("{} ({})", rd_kafka_error_string(error), rd_kafka_error_name(error)));
}

// Tries again what librdkafka says can be tried again.
template <class Call>
Result<void> retried(std::string_view what, const Call& call) {
  for (int tries = 1;; ++tries) {
    const Owned<rd_kafka_error_t> error(call());
    if (error == nullptr) return {};
    if (rd_kafka_error_is_retriable(error.get()) == 0 || tries == kMaxRetries) {
      return failed(what, error.get());
    }
  }
}

}  // namespace

// More than one request to end a transaction, or to say its position, is a retry. That partitions
// are added more than once is usual: the broker asks for it while markers of the last transaction
// are being written.
rd_kafka_resp_err_t KafkaProducer::add_interceptors(rd_kafka_t* handle,
                                                    const rd_kafka_conf_t* /*conf*/, void* opaque,
                                                    char* /*reason*/, size_t /*size*/) {
  const auto sent = [](rd_kafka_t*, int, const char*, int32_t, int16_t key, int16_t, int32_t,
                       size_t, void* to) {
    auto& watch = *static_cast<Watch*>(to);
    if (key == kEndTransaction && ++watch.ends > 1) watch.doubt = true;
    if ((key == kAddOffsets || key == kTransactionOffsets) && ++watch.positions > 2) {
      watch.doubt = true;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const auto changed = [](rd_kafka_t*, int32_t, const char*, const char*, int, const char* state,
                          void* to) {
    auto& watch = *static_cast<Watch*>(to);
    if (watch.is_open && std::strcmp(state, "DOWN") == 0) watch.doubt = true;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  };
  const auto added = rd_kafka_interceptor_add_on_request_sent(handle, "watch", sent, opaque);
  if (added != RD_KAFKA_RESP_ERR_NO_ERROR) return added;
  return rd_kafka_interceptor_add_on_broker_state_change(handle, "watch", changed, opaque);
}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaClientOptions& options,
                                                           const std::string& id) {
  std::unique_ptr<KafkaProducer> producer(new KafkaProducer(options));
  producer->opaque_.log = options.log;
  producer->opaque_.take_statistics(options.statistics, "producer", id);
  KafkaSettings settings = options.writing;
  settings.emplace("linger.ms", "0");
  settings.emplace("transaction.timeout.ms", "10000");
  Result<KafkaConfig> config = KafkaConfig::create(settings);
  if (!config) return Unexpected<Error>{config.error()};
  config->set("transactional.id", id);
  rd_kafka_conf_set_events(config->get(), RD_KAFKA_EVENT_DR);
  rd_kafka_conf_interceptor_add_on_new(config->get(), "watch", add_interceptors, &producer->watch_);
  Result<Handle> handle = config->open(RD_KAFKA_PRODUCER, producer->opaque_);
  if (!handle) return Unexpected<Error>{handle.error()};
  producer->handle_ = *std::move(handle);
  producer->events_.reset(rd_kafka_queue_get_main(producer->handle_.get()));
  const Result<void> fenced = retried(fmt::format("taking transactional id '{}'", id), [&] {
    return rd_kafka_init_transactions(producer->handle_.get(), kRequestMs);
  });
  if (!fenced) return Unexpected<Error>{fenced.error()};
  producer->learn_topics();
  return producer;
}

// Or the first record would wait for half a second. That it fails is told when one is sent.
void KafkaProducer::learn_topics() const {
  for (const std::string& topic : options_.written_topics) {
    const Owned<rd_kafka_topic_t> handle(rd_kafka_topic_new(handle_.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_metadata(handle_.get(), 0, handle.get(), &metadata, kRequestMs);
    if (metadata != nullptr) rd_kafka_metadata_destroy(metadata);
  }
}

Result<void> KafkaProducer::begin() {
  if (watch_.is_open) return {};
  watch_.ends = 0;
  watch_.positions = 0;
  watch_.is_open = true;
  const Owned<rd_kafka_error_t> error(rd_kafka_begin_transaction(handle_.get()));
  return error == nullptr ? Result<void>() : failed("beginning a transaction", error.get());
}

Result<void> KafkaProducer::send(const runtime::LogPartition& to,
                                 const runtime::LogRecord& record) {
  const Result<void> begun = begin();
  if (!begun) return begun;
  const auto give_up = std::chrono::steady_clock::now() + kDeliveryTime;
  return produce(handle_.get(), to, record, [&]() -> Result<void> {
    take_event(kPollMs);
    if (std::chrono::steady_clock::now() < give_up) return {};
    return kafka_error("writing", "no broker has taken the records in time");
  });
}

// False: there was none in that time. What failed is told with the commit.
bool KafkaProducer::take_event(int wait_ms) {
  const Result<bool> taken = connectors::take_event(events_.get(), wait_ms, opaque_);
  if (taken) return *taken;
  if (delivered_) delivered_ = Unexpected<Error>{taken.error()};
  return true;
}

void KafkaProducer::poll() {
  while (take_event(0)) {
  }
}

// Here and not in librdkafka's flush, which would look every 10 ms.
Result<void> KafkaProducer::wait_for_delivery() {
  const auto give_up = std::chrono::steady_clock::now() + kDeliveryTime;
  while (delivered_ && rd_kafka_outq_len(handle_.get()) > 0) {
    take_event(kPollMs);
    if (std::chrono::steady_clock::now() > give_up) {
      return kafka_error("writing", "no broker has taken the records in time");
    }
  }
  return delivered_;
}

Result<void> KafkaProducer::commit_position(const runtime::LogPartition& from,
                                            const runtime::LogPosition& position) {
  const PartitionList list = list_of(from);
  rd_kafka_topic_partition_t& entry = list->elems[0];
  entry.offset = position.offset;
  entry.metadata = strdup(position.note.c_str());  // the list frees it
  entry.metadata_size = position.note.size();
  const Owned<rd_kafka_consumer_group_metadata_t> group(
      rd_kafka_consumer_group_metadata_new(options_.group.c_str()));
  return retried("committing a position", [&] {
    return rd_kafka_send_offsets_to_transaction(handle_.get(), list.get(), group.get(), kRequestMs);
  });
}

Result<void> KafkaProducer::commit(const runtime::LogPartition& from,
                                   const runtime::LogPosition& position) {
  Result<void> done = begin();
  if (!done) return done;
  const Result<void> delivered = wait_for_delivery();
  // Of records that were given up the transaction knows why, and says it to the next request.
  done = commit_position(from, position);
  if (done) done = delivered;
  if (!done) return done;
  done = retried("committing a transaction",
                 [&] { return rd_kafka_commit_transaction(handle_.get(), kRequestMs); });
  if (done) watch_.is_open = false;
  return done;
}

}  // namespace tocsin::connectors
