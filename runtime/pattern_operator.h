// One pattern over all its keys: takes the events that concern it to the state of their keys, and
// turns matches into alerts. How the state looks is the business of the operators that derive from
// it: run_operator.h evaluates run by run whatever the pattern is, start_operator.h keeps nothing
// but first events, where that is enough.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
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
#include "runtime/dispatcher.h"
#include "runtime/engine_options.h"
#include "runtime/event_keys.h"
#include "runtime/key_index.h"
#include "runtime/pattern_version.h"
#include "runtime/pending.h"
#include "runtime/saved_rows.h"
#include "runtime/spilled_keys.h"

namespace tocsin::runtime {

// Made where it shall stay: copied as whole words it would wait for its parts to arrive in memory.
struct ReleasedEvent {
  ReleasedEvent() = default;
  ReleasedEvent(LoadedBatch& of, uint32_t row_of) : loaded(&of), row(row_of) {
    tested.batch = of.batch.get();
    tested.row = &of.batch->rows[row];
  }

  nfa::TestedEvent tested;
  LoadedBatch* loaded = nullptr;
  uint32_t row = 0;  // in Batch::rows
};

// One way from an event to a key. Patterns whose steps name their own key fields have several; an
// event that enters a key by one of them is tested only for the steps that go the same way.
struct Door {
  EventKeys* keys = nullptr;
  std::vector<bool> types;      // by TypeId: which have the fields
  eventtime::BitSet variables;  // of the steps and negations; empty: all
};

// Which keys are a shard's: one of `count` shards has the key groups that leave its number.
struct KeyShare {
  uint32_t number = 0;
  uint32_t count = 1;

  static constexpr uint32_t kGroups = 128;
  static_assert(kGroups == uint32_t{1} << KeyIndex::kShardBits);
  // By the hash of the key (tag_of), so that what is saved can be shared out among another number
  // of shards.
  bool has(uint32_t tag) const { return count == 1 || group_of(tag) % count == number; }
  static uint32_t group_of(uint32_t tag) { return tag >> 25; }
};

// What an operator finds around it while it works.
struct Surroundings {
  std::span<const eventtime::RecordFormat* const> formats;  // by input, the last of derived events
  BatchHolder& shelf;
  std::vector<PendingAlert>& alerts;  // what it finds
};

// What saved state is restored with.
struct Restoring {
  nfa::RestoredEvents& events;
  RestoredRows& rows;  // for finish_restore(): loaded
  BatchHolder& shelf;
};

// Where keys go that are not used for long.
struct SpillParts {
  SpillFiles& files;
  SpillFiles::Writer& writer;    // of the shard
  const nfa::SavedTypes& types;  // as they are declared now
};

// What operators need while they look at an event: one of all operators of a shard, for it stays in
// the cache.
struct Workspace {
  std::vector<eventtime::Value> key_values;
  std::string key_text;  // what they point into
  std::vector<nfa::Match> matches;
};

// What an operator is made of.
struct OperatorParts {
  nfa::Program program;
  const patterns::Pattern& pattern;
  uint32_t number;  // its place among the patterns
  uint32_t rank;    // that of its name
  nfa::EventStore& events;
  std::vector<Door> doors;
  const EngineOptions& options;
  const SpillParts* spill;  // null: all stays in memory
  Workspace& work;
  nfa::Matcher* matcher = nullptr;  // null: its own
  bool counts_matcher = true;       // it tells of what the matcher counts
  bool takes_derived = false;       // other patterns make some of its events
};

// An event that waits for others, stored or in its batch.
PendingEvent pending_event(const nfa::StoredEvent& event, std::string_view variable);
PendingEvent pending_event(const LoadedBatch& loaded, uint32_t row, std::string_view variable);

// The record of a key in saved state: "k", the name of the pattern's state, a zero, the key.
std::string key_record(std::string_view state_name, std::string_view key);

class PatternOperator {
 public:
  explicit PatternOperator(OperatorParts parts);
  virtual ~PatternOperator();
  PatternOperator(const PatternOperator&) = delete;
  PatternOperator& operator=(const PatternOperator&) = delete;

  // Says which events concern the pattern.
  void concern(Dispatcher& dispatcher) const;
  // Takes an event of a block that concerns the pattern, the `index`th; in order. One that can
  // begin nothing is passed over unless its key may be known, and all that are of no key of the
  // shard. Whether it was taken, now or before.
  bool route(ReleasedEvent& event, size_t index, bool may_begin, const KeyShare& share);
  // Of the block, some were taken.
  bool has_events() const { return !routed_.empty(); }

  // The events taken, of the block that the keys are of.
  virtual void process(const Surroundings& around) = 0;
  // All events before `now` have come: decides what time decides, and forgets what is over.
  virtual void advance(eventtime::Timestamp now, const Surroundings& around) = 0;
  // All inputs have ended; `end` is the largest event time.
  virtual void finish(eventtime::Timestamp end, const Surroundings& around) = 0;
  // Alerts that are complete from here on may still come, though time has passed.
  virtual eventtime::Timestamp held_from() const = 0;
  size_t keys() const { return resident_keys() + spilled_keys(); }
  // It waits for nothing.
  virtual bool is_idle() const { return keys() == 0; }
  size_t spilled_keys() const { return spilled_ ? spilled_->size() : 0; }
  virtual size_t timers() const = 0;
  virtual size_t light_events() const = 0;  // held, though not in the event store

  // What is pending takes about so many bytes of memory, the stored events apart.
  virtual size_t memory() const = 0;
  // In memory.
  virtual size_t resident_keys() const = 0;
  // Writes out keys that have not been used for long, so many at most, and returns how many. Only
  // where a part of the pattern's keys may be spilled, as thaw().
  virtual size_t spill(size_t /*keys*/, eventtime::Timestamp /*now*/, BatchHolder& /*shelf*/) {
    return 0;
  }
  // Whether the state of a key was written in this operator's form.
  virtual bool can_thaw(std::string_view /*state*/) const { return false; }
  SpilledKeys* spilled() { return spilled_.get(); }
  const SpilledKeys* spilled() const { return spilled_.get(); }

  // A key that another operator of the pattern has saved; it is not here.
  void take_over(std::string_view key, uint32_t tag, std::string_view state,
                 nfa::RestoredEvents& events);

  // What is pending in memory, key by key. `put` is called once for each key.
  using PutKey = std::function<void(std::string_view key, std::string_view state)>;
  virtual void save(const PutKey& put) const = 0;
  // Into an operator that has seen nothing: each key, then finish. False: the bytes are damaged, or
  // were written by another plan.
  virtual bool restore(std::string_view key, eventtime::Decoder& from, const Restoring& with) = 0;
  virtual void finish_restore(const Restoring& with) = 0;
  // Makes runs of first events that wait, so that no condition decides about them again.
  virtual void begin_waiting(BatchHolder& /*shelf*/) {}
  // What is pending, key by key.
  using VisitPending = std::function<void(std::string_view key, std::span<const PendingMatch>)>;
  virtual void describe(const VisitPending& visit) const = 0;
  // An alert that has been found, but for what the queue knows of it.
  virtual void save_match(const PendingAlert& alert, eventtime::Encoder& out) const {
    matcher_.save_match(alert.node, out);
  }
  virtual bool restore_match(PendingAlert& alert, eventtime::Decoder& from, const Restoring& with) {
    alert.node = matcher_.restore_match(from, with.events);
    alert.rank = rank_;
    return alert.node != nfa::kRootNode;
  }
  virtual nfa::MatcherStats stats() const;
  // Of an operator that has counted nothing.
  void set_stats(const nfa::MatcherStats& stats) { counts_ = stats; }

  // Calls `on_alert`, if there is one, with what it has found, and forgets it; before each alert
  // `on_match` with its node.
  using VisitMatch = std::function<void(nfa::NodeId)>;
  void give_out(const PendingAlert& alert, std::span<const eventtime::RecordFormat* const> formats,
                const VisitMatch& on_match, const std::function<void(const Alert&)>& on_alert);

  uint32_t number() const { return number_; }
  // Of the pattern's name, for digests.
  uint64_t name_hash() const { return name_hash_; }
  const std::vector<Door>& doors() const { return doors_; }
  // What its state is called in saved records.
  const std::string& state_name() const { return version_.state; }
  // It goes on with what it has and begins nothing more.
  bool drains() const { return version_.until.has_value(); }
  const PatternVersion& version() const { return version_; }
  bool takes_derived() const { return takes_derived_; }  // events that other patterns make
  const patterns::Pattern& pattern() const { return *format_.pattern; }
  const nfa::Matcher& matcher() const { return matcher_; }

 protected:
  // Until time ends a key, where there is no `within`.
  static constexpr eventtime::Duration kUsualSpan{60'000'000};

  // An event on its way to the state of its key.
  struct Routed {
    ReleasedEvent* event = nullptr;
    std::string_view key;
    uint32_t tag = 0;
    uint32_t index = 0;  // in the block
    uint32_t door = 0;
    bool may_begin = true;                         // as far as the version goes
    const eventtime::BitSet* variables = nullptr;  // null: all
  };

  // False: there is no state of such a key in memory.
  virtual bool may_know(uint32_t tag) const = 0;
  // Takes a key back that was spilled; it is not there. Stores its events at once.
  virtual bool thaw(std::string_view /*key*/, uint32_t /*tag*/, std::string_view /*state*/,
                    nfa::RestoredEvents& /*events*/) {
    return false;
  }
  // Those of the routed events.
  void thaw_routed();
  // Those that time has to do with.
  void thaw_due(eventtime::Timestamp now);
  // All, some at a time.
  void thaw_all(const std::function<void()>& pause);
  // Before the events taken are processed.
  void unite_doors() {
    if (doors_.size() > 1) merge_doors();
  }
  bool may_begin(const ReleasedEvent& event) const;
  bool may_follow(const ReleasedEvent& event) const;
  // Names and types of what the key is made of; pattern().by at first.
  void share_key_parts(const std::vector<patterns::KeyPart>& parts) { key_parts_ = &parts; }
  // The key's values, for what is computed of a match.
  void read_key(std::string_view encoded);
  // Makes alerts of `matches_`, of the key that was read.
  void emit(std::string_view key, const Surroundings& around);
  // Makes an alert of each match of the set, when they leave. Such alerts are no events of other
  // patterns and are not suppressed.
  void emit_set(std::string_view key, eventtime::Timestamp complete,
                std::unique_ptr<nfa::MatchSet> set, uint64_t matches,
                const Surroundings& around) const;
  // The nodes of what was found, in order; the visitor does not keep them.
  virtual void visit_matches(const PendingAlert& alert, const VisitMatch& visit) {
    visit(alert.node);
  }
  virtual void release_match(const PendingAlert& alert) { matcher_.buffer().release(alert.node); }

  uint32_t number_;
  uint32_t rank_;
  bool is_plain_ = false;   // its alerts make no events and are not suppressed
  bool reads_key_ = false;  // what is decided of a match may look at the key's values
  uint64_t name_hash_;
  const std::vector<patterns::KeyPart>* key_parts_;
  nfa::Program program_;
  AlertFormat format_;
  PatternVersion version_;
  nfa::EventStore& events_;
  std::vector<Door> doors_;
  bool by_step_ = false;  // the pattern's steps name their own key fields
  size_t max_starts_;
  std::unique_ptr<nfa::Matcher> own_matcher_;  // null: it is another's
  nfa::Matcher& matcher_;
  bool counts_matcher_;
  bool takes_derived_;
  nfa::MatcherStats counts_;  // besides the matcher's

  std::unique_ptr<SpilledKeys> spilled_;  // null: all stays in memory

  const KeyIndex* key_index_ = nullptr;  // by which it finds keys, if events are routed to it
  std::vector<Routed> routed_;
  // Of the present event; the shard's.
  std::vector<eventtime::Value>& key_values_;
  std::string& key_text_;
  std::vector<nfa::Match>& matches_;

 private:
  bool enter(uint32_t door, ReleasedEvent& event, size_t index, bool may_begin, bool begins,
             const KeyShare& share);
  bool is_spilled(uint32_t tag) const { return spilled_ && spilled_->may_have(tag); }
  void merge_doors();
  const eventtime::BitSet* united(const eventtime::BitSet* left, const eventtime::BitSet* right);
  Alert described(const PendingAlert& alert, nfa::NodeId node,
                  std::span<const eventtime::Value> key,
                  std::span<const eventtime::RecordFormat* const> formats);

  std::vector<bool> takes_;   // by TypeId
  bool has_one_way_ = false;  // for all events and at all times, by one door
  // Local conditions of the steps that can come first, and of those that can follow, by TypeId.
  std::vector<std::vector<nfa::StepPredicate>> first_steps_;
  std::vector<std::vector<nfa::StepPredicate>> later_steps_;
  std::vector<nfa::Code> suppress_by_;
  const nfa::SavedTypes* types_ = nullptr;  // with spilled_
  std::map<std::pair<const eventtime::BitSet*, const eventtime::BitSet*>, eventtime::BitSet>
      united_doors_;
};

}  // namespace tocsin::runtime
