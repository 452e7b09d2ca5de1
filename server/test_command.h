// `tocsin test`: unit tests of patterns (docs/language.md). Tested by
// tests/unit/server/test_command_test.cc.
#pragma once

#include <string>
#include <vector>

namespace tocsin::server {

struct TestOptions {
  std::vector<std::string> paths;  // test files, and folders: every *.test below them
  std::string filter;              // only tests with this in their name
  bool update = false;             // rewrite what failing tests expect
};

// A line for each test to standard output, with what is wrong below it, and a summary; mistakes in
// the files to standard error. Returns the exit status (exit_status.h).
int test(const TestOptions& options);

}  // namespace tocsin::server
