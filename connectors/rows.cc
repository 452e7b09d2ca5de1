#include "connectors/rows.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::TypeId;

void finish_record(Batch& batch, uint64_t number, std::string_view record, TypeId type,
                   std::optional<std::string> refusal) {
  if (refusal) {
    batch.rejects.push_back({number, *std::move(refusal), std::string(record)});
    return;
  }
  take_row(batch, type, number, record);
}

}  // namespace tocsin::connectors
