// The keyed half of the engine: all patterns, over the keys that belong to it. What comes in has
// been put into order; what goes out has not.
//
// For one thread. INVARIANT: patterns and keys do not see each other, so shards don't either.
// Tested by tests/unit/runtime/engine_test.cc and engine_state_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "nfa/event_store.h"
#include "patterns/pattern.h"
#include "runtime/dispatcher.h"
#include "runtime/engine_options.h"
#include "runtime/event_router.h"
#include "runtime/pair_group.h"
#include "runtime/pattern_operator.h"
#include "runtime/spill_files.h"

namespace tocsin::runtime {

// How patterns depend on each other: those of a level use events of lower levels only.
struct PatternLevels {
  explicit PatternLevels(const std::vector<patterns::Pattern>& patterns);

  std::vector<size_t> level_of;  // by pattern
  size_t count = 1;
};

class Shard {
 public:
  // Of the keys it has `share`. All references outlive the shard. `formats`: by input, the last of
  // derived events.
  Shard(KeyShare share, const patterns::PatternSet& patterns, const PatternLevels& levels,
        const EngineOptions& options, const std::vector<const eventtime::RecordFormat*>& formats,
        BatchHolder& shelf);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  // Makes the operators of `programs`, those of the patterns.
  void build(const std::vector<nfa::Program>& programs);

  const KeyShare& share() const { return share_; }

  // Events of a level, in order, with their sequence. For the only shard: the events are its to
  // write to.
  void match(size_t level, std::span<ReleasedEvent> events);
  // For one of several: of the same events those that the slices have for it.
  void match(size_t level, std::span<const ReleasedEvent> events,
             std::span<const EventRouter::Slice> slices);
  // All events of the level before `now` have been matched; kMaxTimestamp: the inputs have ended,
  // at `end`. Returns from when on there may still be alerts of the level.
  eventtime::Timestamp pass_time(size_t level, eventtime::Timestamp now, eventtime::Timestamp end);
  // Evaluates a pattern by itself from now on, and those that it shares its first events with: keys
  // go to the disk pattern by pattern.
  void stand_alone(uint32_t pattern);
  // Writes out keys that have not been used for long where what is pending takes more than so many
  // bytes. `now`: all events before it have come.
  void keep_within(uint64_t bytes, eventtime::Timestamp now);
  uint64_t memory() const;
  // What has been found by patterns of the level.
  std::vector<PendingAlert>& found(size_t level) { return levels_[level].found; }

  Dispatcher& dispatcher() { return dispatcher_; }
  const Dispatcher& dispatcher() const { return dispatcher_; }
  nfa::EventStore& events() { return events_; }
  const nfa::EventStore& events() const { return events_; }
  std::span<const std::unique_ptr<PatternOperator>> operators() const { return operators_; }
  // What the keys of a level's patterns are made of; the same in all shards.
  std::span<const std::unique_ptr<EventKeys>> keys(size_t level) const {
    return levels_[level].keys;
  }

 private:
  // Of an event of a block: by which of the level's EventKeys it has a key of the shard. Beyond 64
  // of them several share a bit.
  using KeyBits = uint64_t;
  static constexpr KeyBits kAllKeys = UINT64_MAX;

  struct Level {
    std::vector<PatternOperator*> concerned;  // by the present block
    std::vector<std::unique_ptr<EventKeys>> keys;
    std::vector<KeyBits> bits;        // by pattern; none: it is of another level
    std::vector<KeyBits> group_bits;  // the same, of groups
    std::vector<PendingAlert> found;
  };

  // A pattern of a group.
  struct Seat {
    PairGroup* group = nullptr;
    uint32_t number = 0;        // in the group
    uint32_t group_number = 0;  // in groups_
  };

  std::unique_ptr<PatternOperator> make_operator(OperatorParts parts, PairGroup* group) const;
  std::vector<PairGroup*> make_groups(const std::vector<nfa::Program>& programs,
                                      const std::vector<std::vector<Door>>& doors);
  bool route(uint32_t pattern, ReleasedEvent& event, size_t index, bool may_begin, Level& level);
  void take_seats();
  std::vector<Door> doors_of(const patterns::Pattern& pattern, Level& level) const;
  static KeyBits bits_of(const std::vector<Door>& doors, const Level& level);
  static EventKeys& keys_by(const std::vector<patterns::KeyPart>& by, Level& level);
  void keep_texts(const nfa::Program& program);
  // `bits`: by event; empty: all have all.
  void match_block(size_t number, std::span<ReleasedEvent> block, std::span<const KeyBits> bits);
  void match_copied(size_t number);
  bool spill_part(double part, eventtime::Timestamp now);
  Surroundings around(size_t level) { return {formats_, shelf_, levels_[level].found}; }

  KeyShare share_;
  const patterns::PatternSet& patterns_;
  const PatternLevels& pattern_levels_;
  const EngineOptions& options_;
  const std::vector<const eventtime::RecordFormat*>& formats_;
  BatchHolder& shelf_;
  Dispatcher dispatcher_;
  nfa::EventStore events_;
  std::vector<Level> levels_;
  nfa::SavedTypes types_;  // as they are declared
  std::optional<SpillFiles::Writer> spill_writer_;
  std::optional<SpillParts> spill_;
  Workspace work_;
  std::vector<std::unique_ptr<PairGroup>> groups_;  // without bits: it has dissolved
  std::vector<std::unique_ptr<PatternOperator>> operators_;
  std::vector<Seat> seats_;  // by pattern; without a group, if it is in none

  // A block of events that other shards look at too; reused.
  std::vector<ReleasedEvent> copied_;
  std::vector<KeyBits> copied_bits_;
  std::vector<uint32_t> passed_;  // patterns, in pass_time()
};

}  // namespace tocsin::runtime
