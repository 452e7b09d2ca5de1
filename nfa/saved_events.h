// Events on their way into saved state and back.
//
// A saved event has what a stored one has (event_store.h): what alerts show of it and the texts
// that runs read. Saved state holds it with each key that needs it; in memory it is one again.
// Tested by tests/unit/runtime/engine_state_test.cc.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "eventtime/codec.h"
#include "eventtime/schema.h"
#include "nfa/event_store.h"

namespace tocsin::nfa {

// An event type of saved state as it is declared now.
struct SavedType {
  TypeId type = 0;
  std::vector<std::optional<uint32_t>> columns;  // by the column it had; nothing: it is gone
  friend bool operator==(const SavedType&, const SavedType&) = default;
};
// By the number that an event type had when state was saved; nothing if it is gone.
using SavedTypes = std::vector<std::optional<SavedType>>;
// As they are declared.
SavedTypes own_types(const eventtime::Catalog& catalog);

void save_event(eventtime::Encoder& out, const EventStore& store, EventId id);
// As if it had been stored.
void save_event(eventtime::Encoder& out, const EventStore& store, const TestedEvent& event);

// Puts saved events back into the store. What it has given out may be released before it goes.
class RestoredEvents {
 public:
  // Both outlive it.
  RestoredEvents(EventStore& store, const SavedTypes& types) : store_(store), types_(types) {}
  ~RestoredEvents();
  RestoredEvents(const RestoredEvents&) = delete;
  RestoredEvents& operator=(const RestoredEvents&) = delete;

  // Reads an event; its reference is the caller's. kNoEvent if there is none, or not of `type`.
  EventId take(eventtime::Decoder& from, std::optional<TypeId> type = std::nullopt);
  EventStore& store() { return store_; }
  const SavedTypes& types() const { return types_; }

 private:
  // Input, record, and place in the order of events: not two have the same. One pattern may have
  // saved an event without its texts and another with them.
  struct Name {
    uint32_t input = 0;
    uint64_t record = 0;
    uint64_t sequence = 0;
    bool has_texts = false;
    friend bool operator==(const Name&, const Name&) = default;
  };
  struct HashOfName {
    size_t operator()(const Name& name) const;
  };

  EventStore& store_;
  const SavedTypes& types_;
  boost::unordered_flat_map<Name, EventId, HashOfName> known_;  // each held once
};

}  // namespace tocsin::nfa
