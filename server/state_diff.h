// `tocsin state diff`: what a run that goes on from the newest checkpoint with these patterns would
// keep, drain, reset, migrate, drop and add, for each --on-change. Nothing is changed.
// Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <string>

#include "eventtime/result.h"
#include "runtime/storage.h"
#include "server/own_patterns.h"

namespace tocsin::server {

// A table with notes, or one JSON object.
eventtime::Result<std::string> diff(runtime::Storage& storage, const OwnPatterns& own, bool json);

}  // namespace tocsin::server
