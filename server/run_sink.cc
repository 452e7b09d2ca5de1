#include "server/run_sink.h"

#include <fnmatch.h>

#include <algorithm>

namespace tocsin::server {

RunSink file_sink(const std::string& path) {
  return {.name = "alerts", .spec = connectors::FileSinkSpec{"alerts", path, {}, {}, {}}};
}

bool fits_any(const std::vector<std::string>& patterns, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  });
}

}  // namespace tocsin::server
