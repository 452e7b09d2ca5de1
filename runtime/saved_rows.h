// Rows of batches on their way into saved state and back: events that wait for their time, or first
// events that wait in their batch. Tested by tests/unit/runtime/engine_state_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/codec.h"
#include "nfa/saved_events.h"
#include "runtime/batch_shelf.h"
#include "runtime/dispatcher.h"

namespace tocsin::runtime {

// `with_raw`: as it came in, too.
void save_row(eventtime::Encoder& out, const eventtime::Batch& batch, const eventtime::Row& row,
              bool with_raw);

// Saved rows become one batch for each input.
class RestoredRows {
 public:
  struct Place {
    uint32_t input = 0;
    uint32_t row = 0;
  };

  RestoredRows(const eventtime::Catalog& catalog, const nfa::SavedTypes& types)
      : catalog_(catalog), types_(types) {}

  // Reads a row; nothing if its type is gone. False: there is none.
  bool take(eventtime::Decoder& from, std::optional<Place>& place);
  // All rows have been taken. `holder` holds each batch once until release().
  void load(BatchShelf& shelf, BatchHolder& holder, Dispatcher& dispatcher);
  LoadedBatch& loaded(Place place) const { return *loaded_.at(place.input); }
  void release(BatchHolder& holder);

 private:
  static bool pass_over(eventtime::Decoder& from);

  const eventtime::Catalog& catalog_;
  const nfa::SavedTypes& types_;
  std::map<uint32_t, std::shared_ptr<eventtime::Batch>> batches_;  // by input
  std::map<uint32_t, LoadedBatch*> loaded_;
};

}  // namespace tocsin::runtime
