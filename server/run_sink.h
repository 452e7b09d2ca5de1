// Where alerts of a run go, as plain data: the command line makes one file, a pipeline file any
// number of any kind.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "connectors/file/file_sink_spec.h"
#include "connectors/kafka/kafka_spec.h"
#include "connectors/webhook/webhook_spec.h"
#include "connectors/zeromq/zeromq_spec.h"

namespace tocsin::server {

enum class AlertForm : uint8_t { kJson, kCloudEvents };

struct RunSink {
  std::string name;
  // Names of patterns whose alerts go there, with '*' and '?' for any characters, or any one.
  std::vector<std::string> patterns = {"*"};
  AlertForm format = AlertForm::kJson;
  std::variant<connectors::FileSinkSpec, connectors::KafkaSinkSpec, connectors::WebhookSpec,
               connectors::ZeroMqSinkSpec>
      spec;
};

// One file, or "-" for standard output, that all alerts go to.
RunSink file_sink(const std::string& path);

// Where records go that are no alerts: nowhere, a file, or a sink by its number.
struct SideOutput {
  std::optional<std::string> path = {};
  std::optional<size_t> sink = {};

  bool is_kept() const { return path || sink; }
};

// Whether a name fits one of `patterns`.
bool fits_any(const std::vector<std::string>& patterns, const std::string& name);

}  // namespace tocsin::server
