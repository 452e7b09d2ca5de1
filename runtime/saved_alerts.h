// The alerts in saved state that are found and held (`a PIECE`, engine_state.cc), for those who
// look at records without an engine. Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <string_view>

#include "eventtime/codec.h"

namespace tocsin::runtime {

// Calls `visit` with what the state of each alert's pattern is called; `piece` is the record's
// value. What is damaged is passed over.
template <typename Visit>
void visit_held_alerts(std::string_view piece, const Visit& visit) {
  eventtime::Decoder from(piece);
  while (!from.is_complete()) {
    const std::string_view state = from.text();
    (void)from.text();
    if (from.failed()) return;
    visit(state);
  }
}

}  // namespace tocsin::runtime
