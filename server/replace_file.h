// Rewrites a file in one step.
#pragma once

#include <string>
#include <string_view>

#include "eventtime/result.h"

namespace tocsin::server {

// Writes a file beside the old one and gives it the old one's place and mode: a reader sees the old
// text or the new one. A symbolic link stays one.
eventtime::Result<void> replace_file(const std::string& path, std::string_view text);

}  // namespace tocsin::server
