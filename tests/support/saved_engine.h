// The state of an engine as records in memory.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "eventtime/check.h"
#include "runtime/engine.h"

namespace tocsin::tests {

// Backwards, so that the engine's own record, which says how to read the others, does not come
// first.
using SavedEngine = std::map<std::string, std::string, std::greater<>>;

inline SavedEngine save(const runtime::Engine& engine) {
  SavedEngine saved;
  engine.save([&](std::string_view key, std::string_view value) {
    const bool is_new = saved.emplace(key, value).second;
    TOCSIN_CHECK(is_new, "each record has its own key");
  });
  return saved;
}

inline eventtime::Result<void> restore(runtime::Engine& engine, const SavedEngine& saved) {
  for (const auto& [key, value] : saved) {
    eventtime::Result<void> restored = engine.restore(key, value);
    if (!restored) return restored;
  }
  return engine.finish_restore();
}

// Makes a new engine, with its inputs, go on where this one is.
template <typename Create>
void replace_by_restored(std::unique_ptr<runtime::Engine>& engine, const Create& create) {
  const SavedEngine saved = save(*engine);
  engine = create();
  const eventtime::Result<void> restored = restore(*engine, saved);
  TOCSIN_CHECK(restored, "what was saved can be restored");
  TOCSIN_CHECK(save(*engine) == saved, "a restored engine is the one that was saved");
}

}  // namespace tocsin::tests
