#include "connectors/kafka/kafka_handle.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr size_t kReasonBytes = 512;

// These decide what exactly once rests on.
constexpr std::array kOurs = {"group.id",
                              "transactional.id",
                              "enable.auto.commit",
                              "auto.commit.enable",
                              "enable.auto.offset.store",
                              "auto.offset.reset",
                              "isolation.level",
                              "enable.idempotence",
                              "partition.assignment.strategy",
                              "enable.partition.eof"};

// May be overruled. Ten seconds without a new try after a short outage would fail a transaction.
constexpr std::pair<const char*, const char*> kDefaults[] = {{"client.id", "tocsin"},
                                                             {"reconnect.backoff.max.ms", "500"},
                                                             {"log.connection.close", "false"},
                                                             {"statistics.interval.ms", "5000"}};

bool is_secret(std::string_view name) {
  for (const std::string_view part : {"password", "secret", "key.pem", "oauthbearer", "jaas"}) {
    if (name.find(part) != std::string_view::npos) return true;
  }
  return false;
}

void on_log(const rd_kafka_t* handle, int level, const char* /*facility*/, const char* text) {
  const KafkaLog& log = static_cast<const KafkaOpaque*>(rd_kafka_opaque(handle))->log;
  if (log) log(level, text);
}

int on_statistics(rd_kafka_t* /*handle*/, char* json, size_t size, void* opaque) {
  static_cast<const KafkaOpaque*>(opaque)->statistics->take({json, size});
  return 0;  // librdkafka frees the text
}

}  // namespace

Unexpected<Error> kafka_error(std::string_view what, std::string_view why) {
  return eventtime::world_error(fmt::format("kafka: {}: {}", what, why));
}

PartitionList list_of(const runtime::LogPartition& partition) {
  PartitionList list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number);
  return list;
}

Result<KafkaConfig> KafkaConfig::create(const KafkaSettings& settings) {
  const Result<void> checked = check_kafka_settings(settings);
  if (!checked) return Unexpected<Error>{checked.error()};
  KafkaConfig config{Owned<rd_kafka_conf_t>(rd_kafka_conf_new())};
  for (const auto& [name, value] : kDefaults) config.set(name, value);
  for (const auto& [name, value] : settings) config.set(name.c_str(), value);
  return config;
}

void KafkaConfig::set(const char* name, const std::string& value) {
  std::array<char, kReasonBytes> reason{};
  const auto done =
      rd_kafka_conf_set(conf_.get(), name, value.c_str(), reason.data(), reason.size());
  TOCSIN_CHECK(done == RD_KAFKA_CONF_OK, "settings were checked before");
}

Result<Handle> KafkaConfig::open(rd_kafka_type_t type, KafkaOpaque& opaque) {
  rd_kafka_conf_set_opaque(conf_.get(), &opaque);
  rd_kafka_conf_set_log_cb(conf_.get(), on_log);
  if (opaque.statistics != nullptr) {
    rd_kafka_conf_set_stats_cb(conf_.get(), on_statistics);
  } else {
    set("statistics.interval.ms", "0");  // or they pile up, as nobody takes them
  }
  std::array<char, kReasonBytes> reason{};
  rd_kafka_t* handle = rd_kafka_new(type, conf_.get(), reason.data(), reason.size());
  if (handle == nullptr) return kafka_error("no client with these settings", reason.data());
  [[maybe_unused]] const rd_kafka_conf_t* taken = conf_.release();  // it is the handle's now
  return Handle(handle);
}

Result<void> check_kafka_settings(const KafkaSettings& settings) {
  for (const char* ours : kOurs) {
    if (!settings.contains(ours)) continue;
    return eventtime::input_error(fmt::format(
        "librdkafka setting '{}' is Tocsin's own: exactly once rests on it; take it out", ours));
  }
  const Owned<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : settings) {
    std::array<char, kReasonBytes> reason{};
    const auto done =
        rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), reason.data(), reason.size());
    if (done == RD_KAFKA_CONF_OK) continue;
    if (done == RD_KAFKA_CONF_UNKNOWN) {
      return eventtime::input_error(
          fmt::format("librdkafka has no setting '{}'; its CONFIGURATION.md lists them", name));
    }
    return eventtime::input_error(
        is_secret(name) ? fmt::format("librdkafka refuses the value of '{}'", name)
                        : fmt::format("librdkafka refuses '{}': {}", name, reason.data()));
  }
  if (!settings.contains("bootstrap.servers") && !settings.contains("metadata.broker.list")) {
    return eventtime::input_error(
        "librdkafka setting 'bootstrap.servers' is missing: host:port of some brokers");
  }
  return {};
}

}  // namespace tocsin::connectors
