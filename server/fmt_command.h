// `tocsin fmt`: the one canonical layout of declaration files. Tested by
// tests/unit/server/fmt_command_test.cc.
#pragma once

#include <string>
#include <vector>

namespace tocsin::server {

struct FmtOptions {
  std::vector<std::string> files;  // "-": standard input to standard output
  bool check = false;              // change nothing, list the files that would change
};

// Rewrites the files in place, each in one step (a rename), and names those that changed on
// standard error. A file with mistakes in its syntax is left as it is. Returns the exit status
// (exit_status.h); with `check` 1 where a file would change.
int fmt(const FmtOptions& options);

}  // namespace tocsin::server
