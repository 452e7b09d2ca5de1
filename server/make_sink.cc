#include "server/make_sink.h"

#include <fmt/core.h>

#include "connectors/cloudevents/cloud_event_sink.h"
#include "connectors/file/directory_sink.h"
#include "connectors/file/file_sink.h"

namespace tocsin::server {
namespace {

using Made = eventtime::Result<std::unique_ptr<runtime::Sink>>;

Made not_there(const RunSink& sink, std::string_view kind) {
  return eventtime::usage_error(fmt::format(
      "sink '{}': this version can check {} sinks, but cannot run them yet", sink.name, kind));
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
    return not_there(sink, "kafka");
  }
  Made operator()(const connectors::WebhookSpec& /*spec*/) const {
    return not_there(sink, "webhook");
  }
  Made operator()(const connectors::ZeroMqSinkSpec& /*spec*/) const {
    return not_there(sink, "zeromq");
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
