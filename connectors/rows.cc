#include "connectors/rows.h"

#include <algorithm>

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::EventTable;
using eventtime::TypeId;

void make_room(EventTable& table) {
  constexpr size_t kLeastRows = 64;
  table.resize(std::max<size_t>(kLeastRows, 2 * size_t{table.rows}));
}

void finish_record(Batch& batch, uint64_t number, std::string_view record, TypeId type,
                   std::optional<std::string> refusal) {
  if (refusal) {
    batch.rejects.push_back({number, *std::move(refusal), std::string(record)});
    return;
  }
  take_row(batch, type, number, record);
}

}  // namespace tocsin::connectors
