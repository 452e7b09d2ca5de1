#include "connectors/kafka/kafka_membership.h"

#include <fmt/format.h>

#include <array>
#include <string>

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr int kErrorLevel = 3;  // of syslog

}  // namespace

Result<std::unique_ptr<KafkaMembership>> KafkaMembership::join(
    const KafkaClientOptions& options, const std::vector<std::string>& topics, Changes changes) {
  std::unique_ptr<KafkaMembership> member(new KafkaMembership(std::move(changes)));
  member->opaque_ = {options.log, member.get()};
  member->opaque_.take_statistics(options.statistics, "member");
  KafkaSettings settings = options.reading;
  settings.emplace("session.timeout.ms", "10000");
  settings.emplace("heartbeat.interval.ms", "1000");
  Result<KafkaConfig> config = KafkaConfig::create(settings);
  if (!config) return Unexpected<Error>{config.error()};
  config->set("group.id", options.group);
  if (!options.instance.empty()) config->set("group.instance.id", options.instance);
  config->set("enable.auto.commit", "false");
  // Whole assignments at a time: with the cooperative one, partitions can stay without an owner
  // after a member was killed between its revoke and its rejoin.
  config->set("partition.assignment.strategy", "range");
  rd_kafka_conf_set_rebalance_cb(config->get(), rebalance);
  Result<Handle> handle = config->open(RD_KAFKA_CONSUMER, member->opaque_);
  if (!handle) return Unexpected<Error>{handle.error()};
  member->handle_ = *std::move(handle);
  rd_kafka_poll_set_consumer(member->handle_.get());
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  const rd_kafka_resp_err_t error = rd_kafka_subscribe(member->handle_.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return kafka_error("joining the group", error);
  return member;
}

// A member with an id of its own stays in the group, so that it finds its partitions again.
KafkaMembership::~KafkaMembership() {
  if (handle_ != nullptr) rd_kafka_consumer_close(handle_.get());
}

void KafkaMembership::rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  KafkaMembership& member = *static_cast<KafkaOpaque*>(opaque)->membership;
  if (what != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    member.changes_.revoked(rd_kafka_assignment_lost(handle) != 0);
    rd_kafka_assign(handle, nullptr);
    return;
  }
  // Nothing is read here. No list at all would mean that the assignment is refused.
  const PartitionList none(rd_kafka_topic_partition_list_new(0));
  rd_kafka_assign(handle, none.get());
  std::vector<runtime::LogPartition> assigned;
  for (int i = 0; i < partitions->cnt; ++i) {
    assigned.push_back({partitions->elems[i].topic, partitions->elems[i].partition});
  }
  member.told_.clear();
  member.changes_.assigned(assigned);
}

// Each reason once, for it comes with each try.
void KafkaMembership::tell(const rd_kafka_message_t& message) {
  const std::string text = fmt::format("the group: {} ({})", rd_kafka_message_errstr(&message),
                                       rd_kafka_err2name(message.err));
  if (text != told_ && opaque_.log) opaque_.log(kErrorLevel, text);
  told_ = text;
}

// Other errors pass: librdkafka joins again by itself, and says so by a rebalance. Until then this
// member has nothing to do, so somebody should know why.
Result<void> KafkaMembership::poll() {
  while (rd_kafka_message_t* message = rd_kafka_consumer_poll(handle_.get(), 0)) {
    const rd_kafka_resp_err_t error = message->err;
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && error != RD_KAFKA_RESP_ERR__FATAL) tell(*message);
    rd_kafka_message_destroy(message);
    if (error == RD_KAFKA_RESP_ERR__FATAL) {
      std::array<char, 512> reason{};
      rd_kafka_fatal_error(handle_.get(), reason.data(), reason.size());
      return kafka_error("this member of the group", reason.data());
    }
  }
  return {};
}

}  // namespace tocsin::connectors
