#include "server/log_inputs.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "connectors/kafka/kafka_client.h"
#include "server/kafka_topics.h"
#include "server/machine_clock.h"
#include "server/metrics/kafka_clients.h"

namespace tocsin::server {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

Result<std::vector<RunInput>> find_log_inputs(const connectors::KafkaSourceSpec& spec,
                                              const std::string& group, bool is_watched) {
  static const MachineClock kClock;
  connectors::KafkaClientOptions options;
  options.group = group;
  options.reading = options.writing = spec.librdkafka;
  options.with_headers = needs_headers(spec);
  options.log = log_kafka;
  if (is_watched) options.statistics = &kafka_statistics();
  auto client = connectors::open_kafka(std::move(options));
  if (!client) return Unexpected<Error>{client.error()};
  const auto topics = find_topics(**client, spec);
  if (!topics) return Unexpected<Error>{topics.error()};
  const auto all = std::make_shared<LogInputs>();
  all->spec = spec;
  all->client = *std::move(client);
  all->reader = std::make_unique<connectors::SharedLogReader>(
      *all->client, kClock, [](std::string_view text) { spdlog::warn("{}", text); });
  all->probe = std::make_unique<connectors::LogProbe>(*all->client);
  std::vector<RunInput> inputs;
  for (const auto& [topic, partitions] : *topics) {
    for (int32_t number = 0; number < partitions; ++number) {
      RunInput& input = inputs.emplace_back();
      const runtime::LogPartition partition{topic, number};
      input.path = partition.text();
      input.out_of_order = spec.out_of_order;
      input.follow = true;
      input.idle_after = spec.idle_after;
      input.source = spec.name;
      input.log = std::make_shared<const LogInput>(LogInput{all, partition});
    }
  }
  return inputs;
}

Result<std::unique_ptr<connectors::LogSource>> open_log(const LogInput& input,
                                                        const eventtime::Catalog& catalog) {
  LogInputs& all = *input.all;
  const auto decoding = topic_decoding(all.spec, catalog, input.partition.topic);
  if (!decoding) return Unexpected<Error>{decoding.error()};
  const auto first = connectors::first_offset(*all.client, input.partition, all.spec.start);
  if (!first) return Unexpected<Error>{first.error()};
  return std::make_unique<connectors::LogSource>(
      all.spec.name, input.partition, *first,
      connectors::LogRecords(input.partition, catalog, *decoding, all.spec.fields, nullptr,
                             all.spec.event_header),
      *all.reader, all.probe.get());
}

}  // namespace tocsin::server
