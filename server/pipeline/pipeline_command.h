// `tocsin check --config FILE` and `tocsin run --config FILE`: a pipeline file instead of flags
// (docs/pipeline.md). Tested by tests/unit/server/pipeline_run_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "eventtime/result.h"
#include "server/pipeline/pipeline.h"
#include "server/run_command.h"

namespace tocsin::server {

// Reports all mistakes in the pipeline and its patterns; starts nothing. The exit status.
int check_pipeline(const std::string& path);

struct PipelineRun {
  std::string path;
  std::optional<std::string> metrics;  // where the summary goes as JSON
  size_t batch_size = 4096;
};
int run_pipeline(const PipelineRun& how);

// What `run` is told instead of flags. An error: a part that this program can check, not run.
eventtime::Result<RunOptions> run_options(const Pipeline& pipeline);

}  // namespace tocsin::server
