// The [[source]] tables of a pipeline file.
#pragma once

#include <optional>
#include <vector>

#include "server/pipeline/pipeline.h"

namespace tocsin::server {

// Names of event types are noted in `event_types`. What is wrong is a mistake of the context, and
// the source may then be left out.
std::vector<PipelineSource> read_sources(const std::vector<const ConfigValue*>& tables,
                                         ConfigContext context,
                                         std::vector<NamedInPipeline>& event_types);

// A name for what state, folders and metrics are called by: letters, digits, '.', '_', '-'.
// Required, and unlike those that stand in `taken`.
void read_name(ConfigSection& section, std::string& name, std::vector<std::string>& taken);

}  // namespace tocsin::server
