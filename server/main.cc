// The program `tocsin`: nothing but the way into server/command_line.h.
#include <csignal>

#include "server/command_line.h"

int main(int argc, char** argv) {
  // A reader that has gone away is seen where something is written to it.
  std::signal(SIGPIPE, SIG_IGN);
  return tocsin::server::run_command_line(argc, argv);
}
