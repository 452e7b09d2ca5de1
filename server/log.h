// The program's log: lines of time, level and message on standard error, through spdlog. Alerts
// never go there, and the log never goes to standard output.
#pragma once

#include <string>
#include <vector>

namespace tocsin::server {

// What --log-level takes, from chatty to silent.
const std::vector<std::string>& log_levels();

// Sends the default logger of spdlog to standard error. `level` is one of log_levels(). Times are
// UTC. Call once, before the first line is logged.
void start_log(const std::string& level);

}  // namespace tocsin::server
