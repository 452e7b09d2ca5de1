// Late events and dead letters as JSON, one a line (without the line end). Both name the source as
// the user did, and the record's number in it, from 0. Tested by
// tests/unit/connectors/records_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventtime/batch.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors {

// {"source","position","watermark","event"}: the watermark that the event was behind, and the event
// as `format` shows it.
void append_late_event(std::string& out, std::string_view source, eventtime::Timestamp watermark,
                       const eventtime::Row& row, const eventtime::RecordFormat& format);

// {"source","position","reason","raw"}; "raw_base64" where the bytes are no UTF-8.
void append_dead_letter(std::string& out, std::string_view source, const eventtime::Reject& reject);

}  // namespace tocsin::connectors
