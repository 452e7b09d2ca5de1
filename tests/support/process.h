// Runs a program as a user would, without a shell in between: what it printed and how it ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::tests {

struct ProcessOptions {
  std::string input = {};          // standard input
  size_t read_at_most = SIZE_MAX;  // of standard output; then the reader goes away
  std::string out_file = {};       // standard output goes there instead, if not empty
};

struct ProcessResult {
  int status = -1;  // exit status; 128 + signal if one ended it
  std::string out;
  std::string err;
};

// A program that cannot be started fails the test.
ProcessResult run_program(const std::string& program, const std::vector<std::string>& arguments,
                          const ProcessOptions& options = {});

// The `tocsin` of this build.
ProcessResult run_tocsin(const std::vector<std::string>& arguments,
                         const ProcessOptions& options = {});

}  // namespace tocsin::tests
