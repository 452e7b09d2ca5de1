// `tocsin check`: all mistakes and warnings of declaration files. Tested by
// tests/unit/server/check_command_test.cc.
#pragma once

#include <string>
#include <vector>

namespace tocsin::server {

struct CheckOptions {
  std::vector<std::string> files;  // their declarations see each other; "-": standard input
};

// Diagnostics go to standard error, one line about what was read to standard output. Warnings do
// not make it fail. Returns the exit status (exit_status.h).
int check(const CheckOptions& options);

}  // namespace tocsin::server
