#include "runtime/storage.h"

#include <fmt/core.h>

#include <algorithm>

namespace tocsin::runtime {

using eventtime::Result;

Result<std::string> Storage::read(const std::string& name, size_t max_bytes) {
  constexpr size_t kPieceBytes = size_t{64} << 10;
  auto file = open(name);
  if (!file) return eventtime::Unexpected<eventtime::Error>{file.error()};
  std::string bytes;
  while (true) {
    const size_t used = bytes.size();
    if (used > max_bytes) {
      return eventtime::world_error(fmt::format("cannot read '{}/{}': it is larger than {} bytes",
                                                this->name(), name, max_bytes));
    }
    bytes.resize(used + kPieceBytes);
    const auto count = (*file)->read(bytes.data() + used, kPieceBytes);
    if (!count) return eventtime::Unexpected<eventtime::Error>{count.error()};
    bytes.resize(used + *count);
    if (*count == 0) return bytes;
  }
}

}  // namespace tocsin::runtime
