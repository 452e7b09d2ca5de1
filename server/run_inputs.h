// The inputs of a run, opened as it says.
#pragma once

#include <memory>

#include "connectors/file/file_source.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "runtime/source.h"
#include "server/run_command.h"

namespace tocsin::server {

// The catalog outlives the source.
eventtime::Result<std::unique_ptr<connectors::FileSource>> open_input(
    const RunInput& input, const eventtime::Catalog& catalog);
// Of an input that is no file; not followed by reading ahead.
eventtime::Result<std::unique_ptr<runtime::Source>> open_stream(const RunInput& input,
                                                                const eventtime::Catalog& catalog);

}  // namespace tocsin::server
