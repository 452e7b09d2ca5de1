#include "runtime/ordered_starts.h"

#include <bit>

namespace tocsin::runtime {

uint64_t OrderedStarts::rank_of(const eventtime::Value& value) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  if (value.type != eventtime::Type::kFloat) {
    return static_cast<uint64_t>(value.cell.integer) ^ kSign;
  }
  const auto bits = std::bit_cast<uint64_t>(value.cell.number + 0.0);  // both zeros are one
  return (bits & kSign) != 0 ? ~bits : bits ^ kSign;
}

}  // namespace tocsin::runtime
