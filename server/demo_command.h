// `tocsin demo`: what Tocsin does, in one go. It makes payments with planted fraud, looks for it
// with all sample patterns, compares the alerts with the truth, and tells the story of one. Tested
// by tests/unit/server/demo_command_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/command_line.h"

namespace tocsin::server {

struct DemoOptions {
  uint64_t events = 1'000'000;
  uint64_t seed = 1;
  std::string samples = "samples";  // the folder of payments.tocsin and the samples
  std::optional<std::string> keep;  // where the files stay; else they are deleted at the end
};

// Results go to standard output, progress to standard error. Returns the exit status
// (exit_status.h).
int demo(const DemoOptions& options);

void add_demo_command(CLI::App& app, Action& action);

}  // namespace tocsin::server
