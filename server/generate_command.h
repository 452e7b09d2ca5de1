// `tocsin generate`: synthetic events with planted incidents, and the truth about them
// (connectors/synthetic/generator.h). Tested by tests/unit/server/generate_command_test.cc.
#pragma once

#include <optional>
#include <string>

#include "connectors/synthetic/generator.h"
#include "server/command_line.h"

namespace tocsin::server {

struct GenerateCommandOptions {
  connectors::synthetic::GenerateOptions generate;
  std::string out = "-";              // "-": standard output
  std::optional<std::string> labels;  // where the truth goes, one incident a line
};

// Ends with a line about what was made on standard error, shows progress there when the records go
// into a file. That the reader of standard output has gone away is no error. Returns the exit
// status (exit_status.h).
int run_generate(const GenerateCommandOptions& options);

void add_generate_command(CLI::App& app, Action& action);

}  // namespace tocsin::server
