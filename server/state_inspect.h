// `tocsin state inspect`: what a checkpoint holds, in readable form: where inputs and outputs
// stood, and what is pending of each pattern and key. It reads with the patterns that the
// checkpoint itself holds, and only reads. Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::server {

struct InspectOptions {
  std::optional<uint64_t> checkpoint;  // its number; nothing: the newest whole one
  std::optional<std::string> pattern;
  std::optional<std::string> key;  // "c42", "c42,s7" or "card=c42,shop=s7"
  uint64_t limit = 100;            // keys that are shown, at least 1
  bool json = false;
};

// Text, or one JSON object a line.
eventtime::Result<std::string> inspect(runtime::Storage& storage, const InspectOptions& options);

}  // namespace tocsin::server
