// Makes the sinks of a run from what is said of them: the one place that knows all kinds.
#pragma once

#include <memory>

#include "eventtime/result.h"
#include "runtime/sink.h"
#include "server/run_command.h"
#include "server/run_sink.h"

namespace tocsin::server {

// It does nothing before its resume().
eventtime::Result<std::unique_ptr<runtime::Sink>> make_sink(const RunSink& sink,
                                                            const RunOptions& options);

}  // namespace tocsin::server
