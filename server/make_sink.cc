#include "server/make_sink.h"

#include <fmt/core.h>

#include "connectors/cloudevents/cloud_event_sink.h"
#include "connectors/file/directory_sink.h"
#include "connectors/file/file_sink.h"
#include "connectors/webhook/webhook_sink.h"
#include "connectors/zeromq/zeromq_sink.h"
#include "server/machine_clock.h"

namespace tocsin::server {
namespace {

using Made = eventtime::Result<std::unique_ptr<runtime::Sink>>;

// Of a sink of a kind that others are made by.
template <class T>
Made upcast(eventtime::Result<std::unique_ptr<T>> made) {
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
  Made operator()(const connectors::KafkaSinkSpec& /*spec*/) const {
    return eventtime::usage_error(
        fmt::format("sink '{}': alerts go to Kafka exactly once, and so only those of events that "
                    "come from Kafka",
                    sink.name));
  }
  Made operator()(const connectors::WebhookSpec& spec) const {
    static const MachineClock kClock;  // asked by the sink's thread
    return upcast(connectors::WebhookSink::open(spec, kClock));
  }
  Made operator()(const connectors::ZeroMqSinkSpec& spec) const {
    return upcast(connectors::ZeroMqSink::open(spec));
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
