// What the tests of checkpoints share: states to write, and what a restore gives back.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/state/checkpoint_store.h"

namespace tocsin::connectors {

using State = std::map<std::string, std::string>;

inline CheckpointRequest request(const State& state, std::string meta = "{}") {
  CheckpointRequest made;
  made.meta = std::move(meta);
  made.records = [&state](const Put& put) {
    for (const auto& [key, value] : state) put(key, value);
  };
  return made;
}

// `count` records whose values differ.
inline State numbered_state(size_t count) {
  State state;
  for (size_t i = 0; i < count; ++i) {
    state["key-" + std::to_string(i)] = "value-" + std::to_string(i * i);
  }
  return state;
}

struct FoundCheckpoint {
  std::string error;  // "" if it could be restored
  uint64_t number = 0;
  std::string meta;
  State state;
  std::vector<std::string> notes;
};

// Restores into `store`. A record that is given twice fails the test.
inline FoundCheckpoint restore_into(CheckpointStore& store) {
  FoundCheckpoint found;
  const auto restored = store.restore([&](std::string_view key, std::string_view value) {
    EXPECT_TRUE(found.state.emplace(key, value).second) << key;
  });
  if (!restored) {
    found.error = restored.error().message;
    return found;
  }
  found.notes = restored->notes;
  if (!restored->checkpoint) return found;
  found.number = restored->checkpoint->number;
  found.meta = restored->checkpoint->meta;
  return found;
}

// As the next process finds it.
inline FoundCheckpoint restore(runtime::Storage& storage) {
  CheckpointStore store(storage);
  return restore_into(store);
}

}  // namespace tocsin::connectors
