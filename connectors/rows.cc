#include "connectors/rows.h"

#include <algorithm>

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Catalog;
using eventtime::EventTable;
using eventtime::TypeId;

EventTable& table_with_room(Batch& batch, const Catalog& catalog, TypeId type) {
  constexpr size_t kLeastRows = 64;
  EventTable& table = batch.tables[type];
  // All columns of a table have room for the same number of rows.
  const size_t room = table.columns[catalog.types[type].time_field].nulls().size();
  if (table.rows == room) table.resize(std::max(kLeastRows, 2 * room));
  return table;
}

void finish_record(Batch& batch, const Catalog& catalog, uint64_t number, std::string_view record,
                   TypeId type, std::optional<std::string> refusal) {
  if (refusal) {
    batch.rejects.push_back({number, *std::move(refusal), std::string(record)});
    return;
  }
  take_row(batch, catalog, type, number, record);
}

}  // namespace tocsin::connectors
