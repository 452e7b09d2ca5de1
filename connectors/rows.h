// Rows of a batch, as decoders write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "eventtime/batch.h"

namespace tocsin::connectors {

// The table of a type, with room for one more row.
inline eventtime::EventTable& table_with_room(eventtime::Batch& batch, eventtime::TypeId type) {
  eventtime::EventTable& table = batch.tables[type];
  table.make_room();
  return table;
}

// Takes the row that was written to the table of `type`.
inline void take_row(eventtime::Batch& batch, eventtime::TypeId type, uint64_t number,
                     std::string_view record) {
  eventtime::EventTable& table = batch.tables[type];
  const uint32_t row = table.rows++;
  const int64_t time = table.columns[table.time_column].integer(row);
  batch.rows.push_back({{time}, number, row, type, record});
}

// The same, or notes that the record is refused.
void finish_record(eventtime::Batch& batch, uint64_t number, std::string_view record,
                   eventtime::TypeId type, std::optional<std::string> refusal);

}  // namespace tocsin::connectors
