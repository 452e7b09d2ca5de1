// How the program ends, and how it says why.
#pragma once

#include <string_view>

#include "eventtime/result.h"

namespace tocsin::server {

inline constexpr int kDone = 0;
inline constexpr int kInputWrong = 1;   // the input or the patterns
inline constexpr int kUsageWrong = 2;   // the command line
inline constexpr int kWorldFailed = 3;  // a disk, a network

// Says the error on standard error; returns the exit status that its blame asks for.
int report(const eventtime::Error& error);

// Writes whole lines to standard output; returns the exit status. That the reader has gone away
// (`| head`) is no error. SIGPIPE must be ignored.
int write_standard_output(std::string_view text);

}  // namespace tocsin::server
