// One pattern over all its keys: routes released events to the state of their keys, keeps the
// timers of quiet keys, and turns matches into alerts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "nfa/event_store.h"
#include "nfa/matcher.h"
#include "nfa/predicate.h"
#include "nfa/program.h"
#include "runtime/alert.h"
#include "runtime/alert_queue.h"
#include "runtime/clean_up_timers.h"
#include "runtime/dispatcher.h"
#include "runtime/engine_options.h"
#include "runtime/event_keys.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

struct ReleasedEvent {
  nfa::TestedEvent tested;
  LoadedBatch* loaded = nullptr;
};

// One way from an event to a key. Patterns whose steps name their own key fields have several; an
// event that enters a key by one of them is tested only for the steps that go the same way.
struct Door {
  EventKeys* keys = nullptr;
  std::vector<bool> types;      // by TypeId: which have the fields
  eventtime::BitSet variables;  // of the steps and negations; empty: all
};

class PatternOperator {
 public:
  // `number`: its place among the patterns, `rank` that of its name.
  PatternOperator(nfa::Program program, const patterns::Pattern& pattern, uint32_t number,
                  uint32_t rank, nfa::EventStore& events, std::vector<Door> doors,
                  const EngineOptions& options);

  // Says which events concern the pattern.
  void concern(Dispatcher& dispatcher) const;
  // Takes an event of a block that concerns the pattern, the `index`th; in order. True if it is the
  // first.
  bool route(ReleasedEvent& event, size_t index);
  // The events taken, of the block that the keys are of; `formats` by input.
  void process(std::span<const eventtime::RecordFormat* const> formats, BatchShelf& shelf,
               std::vector<PendingAlert>& alerts);

  // All events before `now` have come: decides what time decides, and forgets what is over.
  void advance(eventtime::Timestamp now, std::span<const eventtime::RecordFormat* const> formats,
               BatchShelf& shelf, std::vector<PendingAlert>& alerts);
  // All inputs have ended; `end` is the largest event time.
  void finish(eventtime::Timestamp end, std::span<const eventtime::RecordFormat* const> formats,
              BatchShelf& shelf, std::vector<PendingAlert>& alerts);
  // Alerts that are complete from here on may still come, though time has passed.
  eventtime::Timestamp held_from() const { return matcher_.held_from(); }

  // Calls `on_alert`, if there is one, with an alert that it has found, and forgets it.
  void give_out(const PendingAlert& alert, std::span<const eventtime::RecordFormat* const> formats,
                const std::function<void(const Alert&)>& on_alert);

  const patterns::Pattern& pattern() const { return *format_.pattern; }
  const nfa::Matcher& matcher() const { return matcher_; }
  size_t keys() const { return keys_.size(); }
  size_t timers() const { return timers_.size(); }

 private:
  // An event on its way to the state of its key.
  struct Routed {
    ReleasedEvent* event = nullptr;
    std::string_view key;
    uint32_t tag = 0;
    uint32_t index = 0;  // in the block
    uint32_t door = 0;
    const eventtime::BitSet* variables = nullptr;  // null: all
  };

  void look_up();
  void merge_doors();
  const eventtime::BitSet* united(const eventtime::BitSet* left, const eventtime::BitSet* right);
  void prefetch_state(const Routed& routed);
  bool may_begin(const ReleasedEvent& event) const;
  bool may_follow(const ReleasedEvent& event) const;
  void process_event(Routed& routed, std::span<const eventtime::RecordFormat* const> formats,
                     BatchShelf& shelf, std::vector<PendingAlert>& alerts);
  // The entry of the event's key; null if the event is done: it waits, or begins nothing.
  KeyEntry* entry_for(const Routed& routed, BatchShelf& shelf);
  void emit(const KeyEntry& entry, std::span<const eventtime::RecordFormat* const> formats,
            std::vector<PendingAlert>& alerts);

  Alert described(const PendingAlert& alert, std::span<const eventtime::Value> key,
                  std::span<const eventtime::RecordFormat* const> formats);

  void wait(const Routed& routed, KeyRef found);
  KeyEntry& begin_waiting(KeyRef waiting, BatchShelf& shelf);
  bool has_expired(const WaitingStart& start, eventtime::Timestamp now) const;
  KeyRef drop_expired(KeyRef waiting, eventtime::Timestamp now, BatchShelf& shelf);
  void clean_up_waiting(eventtime::Timestamp now, BatchShelf& shelf);

  void settle(KeyEntry& entry);
  void fire_moments(eventtime::Timestamp now,
                    std::span<const eventtime::RecordFormat* const> formats,
                    std::vector<PendingAlert>& alerts);
  void fire_timers(eventtime::Timestamp now,
                   std::span<const eventtime::RecordFormat* const> formats,
                   std::vector<PendingAlert>& alerts);
  void pass_time(KeyEntry& entry, eventtime::Timestamp now,
                 std::span<const eventtime::RecordFormat* const> formats,
                 std::vector<PendingAlert>& alerts);

  nfa::Program program_;
  AlertFormat format_;
  uint32_t number_;
  uint32_t rank_;
  nfa::EventStore& events_;
  std::vector<Door> doors_;
  bool by_step_ = false;  // the pattern's steps name their own key fields
  size_t max_starts_;
  nfa::Matcher matcher_;
  KeyTable keys_;
  CleanUpTimers timers_;
  // When something is decided at a key though no event comes, and its place in the table.
  using Moment = std::pair<eventtime::Timestamp, uint32_t>;
  std::priority_queue<Moment, std::vector<Moment>, std::greater<>> moments_;
  std::vector<bool> takes_;  // by TypeId
  // Local conditions of all steps, of those that can come first, and of those that can follow, by
  // TypeId.
  std::vector<std::vector<nfa::StepPredicate>> steps_;
  std::vector<std::vector<nfa::StepPredicate>> first_steps_;
  std::vector<std::vector<nfa::StepPredicate>> later_steps_;
  std::vector<nfa::Code> suppress_by_;
  std::map<std::pair<const eventtime::BitSet*, const eventtime::BitSet*>, eventtime::BitSet>
      united_doors_;

  // Reused from event to event.
  std::vector<Routed> routed_;
  std::vector<nfa::TestedEvent> to_bind_;  // probably, by the block that is being looked up
  std::vector<uint32_t> due_;
  std::vector<eventtime::Value> key_values_;
  std::string key_text_;  // what they point into, of a decoded key
  std::vector<nfa::Match> matches_;
};

}  // namespace tocsin::runtime
