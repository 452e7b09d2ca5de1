#include "server/machine_memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace tocsin::server {

uint64_t machine_memory() {
  auto bytes = static_cast<uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
               static_cast<uint64_t>(::sysconf(_SC_PAGE_SIZE));
  // Of versions 2 and 1; "max" and huge numbers are no limit.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    uint64_t limit = 0;
    if (std::ifstream(path) >> limit && limit > 0) bytes = std::min(bytes, limit);
  }
  return bytes;
}

}  // namespace tocsin::server
