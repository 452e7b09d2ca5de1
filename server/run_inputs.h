// The inputs of a run, opened as its options say.
#pragma once

#include <memory>

#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "runtime/source.h"
#include "server/run_command.h"

namespace tocsin::server {

// The catalog outlives the source.
eventtime::Result<std::unique_ptr<runtime::Source>> open_input(const RunInput& input,
                                                               const RunOptions& options,
                                                               const eventtime::Catalog& catalog);

}  // namespace tocsin::server
