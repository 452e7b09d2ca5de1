#include "server/make_sink.h"

#include <spdlog/spdlog.h>

#include <random>

#include "connectors/cloudevents/cloud_event_sink.h"
#include "connectors/file/directory_sink.h"
#include "connectors/file/file_sink.h"
#include "connectors/kafka/appending_log_sink.h"
#include "connectors/kafka/kafka_client.h"
#include "connectors/kafka/transactional_log_sink.h"
#include "connectors/webhook/webhook_sink.h"
#include "connectors/zeromq/zeromq_sink.h"
#include "server/kafka_topics.h"
#include "server/machine_clock.h"
#include "server/metrics/kafka_clients.h"
#include "server/stop_signal.h"

namespace tocsin::server {
namespace {

using Made = eventtime::Result<std::unique_ptr<runtime::Sink>>;

uint64_t any_number() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

// Of a sink of a kind that others are made by.
template <class T>
Made made_sink(eventtime::Result<std::unique_ptr<T>> made) {
  if (!made) return eventtime::Unexpected<eventtime::Error>{made.error()};
  return Made(std::unique_ptr<runtime::Sink>(*std::move(made)));
}

struct Maker {
  const RunSink& sink;
  const RunOptions& options;

  Made operator()(const connectors::FileSinkSpec& spec) const {
    if (spec.directory) {
      return Made(std::make_unique<connectors::DirectorySink>(spec, options.state.has_value()));
    }
    return Made(std::make_unique<connectors::FileSink>(sink.name, spec.path));
  }
  Made operator()(const connectors::KafkaSinkSpec& spec) const {
    const std::string id = options.name + "-" + sink.name;
    connectors::KafkaClientOptions how;
    how.group = id;
    how.reading = how.writing = spec.librdkafka;
    how.written_topics = {spec.topic};
    how.log = log_kafka;
    if (options.listen) how.statistics = &kafka_statistics();
    auto opened = connectors::open_kafka(std::move(how));
    if (!opened) return eventtime::Unexpected<eventtime::Error>{opened.error()};
    const std::shared_ptr<runtime::LogClient> client = *std::move(opened);
    const auto partitions = alert_partitions(*client, spec);
    if (!partitions) return eventtime::Unexpected<eventtime::Error>{partitions.error()};
    connectors::LogSinkOptions to{sink.name, options.name, spec.topic, *partitions,
                                  spec.commit_every};
    if (!spec.exactly_once) {
      return Made(std::make_unique<connectors::AppendingLogSink>(std::move(to), client));
    }
    static MachineClock clock;
    return Made(std::make_unique<connectors::TransactionalLogSink>(
        std::move(to), id,
        connectors::TransactionalLogSink::Surroundings{
            client, clock, StopSignal::requested, any_number,
            [](const std::string& text) { spdlog::warn("{}", text); }}));
  }
  Made operator()(const connectors::WebhookSpec& spec) const {
    static const MachineClock kClock;  // asked by the sink's thread
    return made_sink(connectors::WebhookSink::open(spec, kClock));
  }
  Made operator()(const connectors::ZeroMqSinkSpec& spec) const {
    return made_sink(connectors::ZeroMqSink::open(spec));
  }
};

}  // namespace

Made make_sink(const RunSink& sink, const RunOptions& options) {
  Made made = std::visit(Maker{sink, options}, sink.spec);
  if (!made || sink.format == AlertForm::kJson) return made;
  return Made(
      std::make_unique<connectors::CloudEventSink>(*std::move(made), "tocsin/" + options.name));
}

}  // namespace tocsin::server
