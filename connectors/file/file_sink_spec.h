// What a pipeline says of a file of alerts: plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

struct FileSinkSpec {
  std::string name;
  std::string path;  // one file, "-" is standard output; or
  // A folder of files, with at least one of the two below.
  std::optional<std::string> directory;
  std::optional<eventtime::Duration> rotate_every;  // by the time of completion
  std::optional<uint64_t> rotate_bytes;
};

}  // namespace tocsin::connectors
