#include "runtime/ordered_starts.h"

#include "eventtime/byte_order.h"

namespace tocsin::runtime {

uint64_t OrderedStarts::rank_of(const eventtime::Value& value) {
  return value.type == eventtime::Type::kFloat ? eventtime::ordered_bits(value.cell.number)
                                               : eventtime::ordered_bits(value.cell.integer);
}

}  // namespace tocsin::runtime
