// What is pending, as people ask about it: for each key its partial matches, what they have bound
// and what they wait for. For looking at saved state (`tocsin state inspect`); nothing on the way
// of an event uses it. Tested by tests/unit/runtime/pattern_version_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::runtime {

struct PendingEvent {
  std::string_view variable;
  eventtime::TypeId type = 0;
  eventtime::Timestamp time;
  uint32_t input = 0;
  uint64_t record = 0;
  std::string_view raw;  // as it came in; empty where state does not hold it
};

struct PendingMatch {
  std::vector<PendingEvent> events;  // in the order in which they were bound
  // Variables that may come next, as `explain` calls them; "match": it is complete when its time
  // has come.
  std::vector<std::string_view> next;
  // Of a loop that is kept by its first event only (nfa/start_plan.h): how many events of the key
  // are its rounds by now, of which `events` has the first. Else 0.
  uint32_t rounds = 0;
  eventtime::Timestamp expires = eventtime::kMaxTimestamp;  // kMaxTimestamp: never

  eventtime::Timestamp since() const { return events.front().time; }
};

// Valid during the call that gives it.
struct PendingKey {
  size_t pattern = 0;                     // in Engine::patterns()
  std::span<const eventtime::Value> key;  // by Pattern::by
  // None: only what the pattern looks back on is kept.
  std::span<const PendingMatch> matches;
};

}  // namespace tocsin::runtime
