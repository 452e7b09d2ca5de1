// One pattern over all its keys: routes released events to the state of their key, keeps the timers
// that clean up after quiet keys, and turns matches into alerts.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "nfa/event_store.h"
#include "nfa/matcher.h"
#include "nfa/predicate.h"
#include "nfa/program.h"
#include "runtime/alert.h"
#include "runtime/clean_up_timers.h"
#include "runtime/engine_options.h"
#include "runtime/event_keys.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

struct ReleasedEvent {
  nfa::TestedEvent tested;
  LoadedBatch* loaded = nullptr;
};

// An alert that waits until none of an earlier time can come.
struct PendingAlert {
  eventtime::Timestamp complete;
  uint32_t pattern_rank = 0;  // by name
  std::string key;            // encoded
  std::string line;
};

class PatternOperator {
 public:
  // `number`: its place among the patterns. `keys` is by the same fields.
  PatternOperator(nfa::Program program, const patterns::Pattern& pattern, uint32_t number,
                  uint32_t rank, nfa::EventStore& events, EventKeys& keys,
                  const EngineOptions& options);

  // Decides which rows of a batch concern the pattern. Before its events.
  void mark_concerned(LoadedBatch& loaded) const;
  // A block of events in order, the one that the keys are of; `formats` by input.
  void process(std::span<ReleasedEvent> events,
               std::span<const eventtime::RecordFormat* const> formats, BatchShelf& shelf,
               std::vector<PendingAlert>& alerts);

  // All events before `now` have come.
  void clean_up(eventtime::Timestamp now, BatchShelf& shelf);

  const patterns::Pattern& pattern() const { return *format_.pattern; }
  const nfa::Matcher& matcher() const { return matcher_; }
  uint64_t alerts() const { return alerts_; }
  size_t keys() const { return keys_.size(); }
  size_t timers() const { return timers_.size(); }

 private:
  // An event on its way to the state of its key.
  struct Routed {
    ReleasedEvent* event = nullptr;
    std::string_view key;
    uint32_t tag = 0;
    uint32_t index = 0;  // in the block
  };

  void look_up(std::span<ReleasedEvent> events);
  void prefetch_state(const Routed& routed);
  bool may_begin(const ReleasedEvent& event) const;
  bool may_follow(const ReleasedEvent& event) const;
  void process_event(Routed& routed, std::span<const eventtime::RecordFormat* const> formats,
                     BatchShelf& shelf, std::vector<PendingAlert>& alerts);
  // The entry of the event's key; null if the event is done: it waits, or begins nothing.
  KeyEntry* entry_for(const Routed& routed, BatchShelf& shelf);
  void emit(const ReleasedEvent& event, const KeyEntry& entry,
            std::span<const eventtime::RecordFormat* const> formats,
            std::vector<PendingAlert>& alerts);

  void wait(const Routed& routed, KeyRef found);
  KeyEntry& begin_waiting(KeyRef waiting, BatchShelf& shelf);
  bool has_expired(const WaitingStart& start, eventtime::Timestamp now) const;
  KeyRef drop_expired(KeyRef waiting, eventtime::Timestamp now, BatchShelf& shelf);
  void clean_up_waiting(eventtime::Timestamp now, BatchShelf& shelf);

  void settle(KeyEntry& entry);
  void fire_timers(eventtime::Timestamp now);

  nfa::Program program_;
  AlertFormat format_;
  uint32_t number_;
  uint32_t rank_;
  nfa::EventStore& events_;
  EventKeys& event_keys_;
  size_t max_starts_;
  nfa::Matcher matcher_;
  KeyTable keys_;
  CleanUpTimers timers_;
  std::vector<bool> takes_;  // by TypeId
  // Local conditions of all steps, of those that can come first, and of those that can follow, by
  // TypeId.
  std::vector<std::vector<nfa::StepPredicate>> steps_;
  std::vector<std::vector<nfa::StepPredicate>> first_steps_;
  std::vector<std::vector<nfa::StepPredicate>> later_steps_;
  uint64_t alerts_ = 0;

  // Reused from event to event.
  std::vector<Routed> routed_;
  std::vector<nfa::TestedEvent> to_bind_;  // probably, by the block that is being looked up
  std::vector<uint32_t> due_;
  std::vector<eventtime::Value> key_values_;
  std::vector<nfa::Match> matches_;
};

}  // namespace tocsin::runtime
