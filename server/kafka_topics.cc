#include "server/kafka_topics.h"

#include <fmt/format.h>
#include <regex.h>
#include <spdlog/spdlog.h>

#include <array>

namespace tocsin::server {

using connectors::KafkaSourceSpec;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

constexpr int kErrorLevel = 3;  // of syslog
constexpr int kWarningLevel = 5;

Result<std::vector<std::string>> topics_that_fit(const std::vector<std::string>& all,
                                                 const std::string& pattern) {
  regex_t wanted;
  const int wrong = regcomp(&wanted, ("^(" + pattern + ")$").c_str(), REG_EXTENDED | REG_NOSUB);
  if (wrong != 0) {
    std::array<char, 256> reason{};
    regerror(wrong, &wanted, reason.data(), reason.size());
    return eventtime::input_error(
        fmt::format("topic_pattern '{}' is no regular expression: {}", pattern, reason.data()));
  }
  std::vector<std::string> fitting;
  for (const std::string& topic : all) {
    if (regexec(&wanted, topic.c_str(), 0, nullptr, 0) == 0) fitting.push_back(topic);
  }
  regfree(&wanted);
  return fitting;
}

Result<std::vector<std::string>> topics_of(runtime::LogClient& client,
                                           const KafkaSourceSpec& source) {
  if (!source.topic_pattern) return source.topics;
  const Result<std::vector<std::string>> all = client.topics();
  if (!all) return Unexpected<Error>{all.error()};
  Result<std::vector<std::string>> fitting = topics_that_fit(*all, *source.topic_pattern);
  if (fitting && fitting->empty()) {
    return eventtime::input_error(fmt::format("source '{}': no topic fits topic_pattern '{}'",
                                              source.name, *source.topic_pattern));
  }
  if (fitting) spdlog::info("topics: {}", fmt::join(*fitting, ", "));
  return fitting;
}

}  // namespace

void log_kafka(int level, std::string_view text) {
  if (level <= kErrorLevel) return spdlog::warn("kafka: {}", text);
  if (level <= kWarningLevel) return spdlog::info("kafka: {}", text);
  spdlog::debug("kafka: {}", text);
}

Result<std::vector<std::pair<std::string, int32_t>>> find_topics(runtime::LogClient& client,
                                                                 const KafkaSourceSpec& source) {
  const Result<std::vector<std::string>> topics = topics_of(client, source);
  if (!topics) return Unexpected<Error>{topics.error()};
  std::vector<std::pair<std::string, int32_t>> found;
  for (const std::string& topic : *topics) {
    const Result<int32_t> partitions = client.partitions(topic);
    if (!partitions) return Unexpected<Error>{partitions.error()};
    if (*partitions == 0) {
      return eventtime::input_error(
          fmt::format("source '{}': there is no topic '{}'", source.name, topic));
    }
    found.emplace_back(topic, *partitions);
  }
  return found;
}

Result<connectors::DecodeOptions> topic_decoding(const KafkaSourceSpec& source,
                                                 const eventtime::Catalog& catalog,
                                                 const std::string& topic) {
  connectors::DecodeOptions decoding;
  decoding.type_field = source.event_field;
  decoding.columns = source.columns;
  std::optional<std::string> event = source.event;
  const auto by_topic = source.event_by_topic.find(topic);
  if (by_topic != source.event_by_topic.end()) event = by_topic->second;
  if (!event && !source.event_by_topic.empty()) {
    return eventtime::input_error(
        fmt::format("source '{}': event_by_topic says nothing of topic '{}'", source.name, topic));
  }
  if (!event) return decoding;
  decoding.type = catalog.find(*event);
  if (decoding.type) return decoding;
  return eventtime::input_error(
      fmt::format("source '{}': no file declares an event '{}'", source.name, *event));
}

bool needs_headers(const KafkaSourceSpec& source) {
  bool needs = source.event_header.has_value();
  for (const auto& [field, origin] : source.fields) {
    needs |= origin.from == connectors::FieldOrigin::From::kHeader;
  }
  return needs;
}

Result<int32_t> alert_partitions(runtime::LogClient& client,
                                 const connectors::KafkaSinkSpec& sink) {
  const Result<int32_t> partitions = client.partitions(sink.topic);
  if (!partitions || *partitions > 0) return partitions;
  return eventtime::input_error(
      fmt::format("sink '{}': there is no topic '{}'; make it, best with as many partitions as "
                  "the topic that is read",
                  sink.name, sink.topic));
}

}  // namespace tocsin::server
