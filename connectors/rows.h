// Rows of a batch, as decoders write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventtime/batch.h"

namespace tocsin::connectors {

// The table of a type, with room for one more row.
eventtime::EventTable& table_with_room(eventtime::Batch& batch, const eventtime::Catalog& catalog,
                                       eventtime::TypeId type);

// Takes the row that was written to the table of `type`, or notes that the record is refused.
void finish_record(eventtime::Batch& batch, const eventtime::Catalog& catalog, uint64_t number,
                   std::string_view record, eventtime::TypeId type,
                   std::optional<std::string> refusal);

}  // namespace tocsin::connectors
