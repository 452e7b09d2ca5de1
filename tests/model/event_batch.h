// Events as a batch, as a source would hand it over: filled from values that are read already, so
// that the engine is tested without the decoders.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "eventtime/batch.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

// Shows an event by where it came from: {"input":0,"record":7}. Batches of batch_of() need it.
class IdFormat final : public eventtime::RecordFormat {
 public:
  void append_json(std::string& out, std::string_view raw, TypeId) const override { out += raw; }
};

std::shared_ptr<const eventtime::Batch> batch_of(std::span<const NaiveEvent> events,
                                                 const Catalog& catalog, uint32_t input);

}  // namespace tocsin::model
