// Is it UTF-8?
#pragma once

#include <string_view>

namespace tocsin::connectors {

bool is_utf8(std::string_view text);

}  // namespace tocsin::connectors
