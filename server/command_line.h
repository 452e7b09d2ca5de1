// The command line of `tocsin`: its commands, their flags, and the answer to a wrong one.
//
// Commands are plain functions over plain options; this is the only place that knows flags.
// Tested by tests/unit/server/command_line_test.cc, which runs the program.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tocsin::server {

// What the command that was named does; set while the command line is read, run after it. Returns
// the exit status (exit_status.h).
using Action = std::function<int()>;

// Reads the command line and runs the command. Returns the exit status; 2 if the line is wrong.
int run_command_line(int argc, const char* const* argv);

}  // namespace tocsin::server
