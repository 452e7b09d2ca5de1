// The inputs of a run, opened as it says.
#pragma once

#include <memory>

#include "connectors/file/file_source.h"
#include "connectors/zeromq/zeromq_source.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "server/run_command.h"

namespace tocsin::server {

// The catalog outlives the source.
eventtime::Result<std::unique_ptr<connectors::FileSource>> open_input(
    const RunInput& input, const eventtime::Catalog& catalog);
// Of an input that is a socket.
eventtime::Result<std::unique_ptr<connectors::ZeroMqSource>> open_socket(
    const RunInput& input, const eventtime::Catalog& catalog);

}  // namespace tocsin::server
