#include "server/make_sink.h"

#include <fmt/core.h>

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

  Made operator()(const connectors::FileSinkSpec& spec) const {
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

Made make_sink(const RunSink& sink) {
  return std::visit(Maker{sink}, sink.spec);
}

}  // namespace tocsin::server
