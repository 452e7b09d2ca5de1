// The [[sink]] tables of a pipeline file.
#pragma once

#include <vector>

#include "server/pipeline/pipeline.h"

namespace tocsin::server {

// What other tables say that sinks depend on.
struct SinkSurroundings {
  bool has_state = false;
  std::string state_dir;  // where there is one
};

// Patterns of names of patterns are noted in `alert_patterns`. What is wrong is a mistake of the
// context, and the sink may then be left out.
std::vector<RunSink> read_sinks(const std::vector<const ConfigValue*>& tables,
                                ConfigContext context, const SinkSurroundings& beside,
                                std::vector<NamedInPipeline>& alert_patterns);

}  // namespace tocsin::server
