// How much memory this process may use.
#pragma once

#include <cstdint>

namespace tocsin::server {

// Bytes: the machine's, or less where a control group sets a limit.
uint64_t machine_memory();

}  // namespace tocsin::server
