// What a checkpoint of a run says besides the engine's records: where its inputs and outputs stood.
// One JSON object, so that people and scripts can read it (`tocsin state list --format json`).
// Tested by tests/unit/server/run_meta_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/file/line_writer.h"
#include "eventtime/result.h"
#include "runtime/source.h"

namespace tocsin::server {

struct RunMeta {
  struct Output {
    std::string path;
    connectors::OutputPosition position;
  };

  std::vector<std::pair<std::string, runtime::SourcePosition>> inputs;  // with their names
  Output alerts;
  std::optional<Output> late;
  std::optional<Output> dead_letters;
  uint64_t malformed = 0;
};

std::string print_run_meta(const RunMeta& meta);
eventtime::Result<RunMeta> parse_run_meta(std::string_view json);

}  // namespace tocsin::server
