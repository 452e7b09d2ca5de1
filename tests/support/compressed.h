// Texts as files that are compressed.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::tests {

std::string gzip(std::string_view text);
std::string zstd(std::string_view text);

}  // namespace tocsin::tests
