// Escapes in JSON strings.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tocsin::connectors {

// Writes what `escaped` (without quotes) stands for, never more bytes than it has; how many, or
// nothing if an escape is malformed. Half of a surrogate pair has no UTF-8 and is malformed, too.
std::optional<size_t> unescape_json(std::string_view escaped, char* out);

}  // namespace tocsin::connectors
