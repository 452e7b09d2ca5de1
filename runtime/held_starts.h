// First events that wait, with where each comes from: their log (start_log.h), what conditions and
// results read of them, and the events themselves.
//
// Of a light event no alert and no condition needs more than its place and its values. The others
// stay in their batch, because most expire or match soon; what is left when the batch has become
// old is stored. For one thread. Tested by tests/unit/runtime/held_starts_test.cc,
// start_operator_test.cc and pair_group_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "eventtime/check.h"
#include "nfa/matcher.h"
#include "nfa/saved_events.h"
#include "nfa/start_cells.h"
#include "runtime/pattern_operator.h"
#include "runtime/start_log.h"

namespace tocsin::runtime {

class HeldStarts {
 public:
  static constexpr uint32_t kNone = StartLog::kNone;

  struct Needs {
    StartLog::Values values = StartLog::Values::kNone;
    bool marks = false;  // mark()
    bool wide = false;   // numbers of records and inputs are large, as those of derived events
  };
  // Of events that `first` binds; `schema` is their type's.
  HeldStarts(const nfa::Place& first, const eventtime::EventSchema& schema, nfa::EventStore& events,
             Needs needs);
  HeldStarts(const HeldStarts&) = delete;
  HeldStarts& operator=(const HeldStarts&) = delete;

  StartLog& log() { return log_; }
  const StartLog& log() const { return log_; }
  const nfa::StartCells& cells() const { return cells_; }
  bool light() const { return light_; }
  size_t in_batches() const { return in_batches_; }
  size_t stored_light() const { return stored_light_; }  // though they are light
  // Whose batches they stay in: before they come or go.
  void set_shelf(BatchHolder& shelf) { shelf_ = &shelf; }

  // Takes an event in; the log has room and the chain.
  uint32_t add(uint32_t chain, ReleasedEvent& event);
  // As StartLog::remove().
  template <typename TagOf>
  bool remove(uint32_t place, const TagOf& tag_of) {
    const bool stays = log_.remove(place, tag_of);
    // The value may be a text of the event. What stands at the place is there until the next
    // make_room().
    if (!light_) {
      let_go(place);
    } else if (is_stored(place)) {
      let_go_stored(place);
    }
    return stays;
  }
  uint64_t sequence(uint32_t place) const {
    if (!light_) return origin(place).sequence;
    if (wide_) return *light_words(place);
    return is_stored(place) ? events_.at(log_.at(place).event).sequence
                            : near_sequence(log_.at(place).event, log_.words(place)[0]);
  }
  // The owner's, where it needs them; 0 of a new one.
  uint32_t mark(uint32_t place) const {
    return light_ ? static_cast<uint32_t>(*last_word(place)) : origin(place).mark;
  }
  void set_mark(uint32_t place, uint32_t mark) {
    TOCSIN_CHECK(has_marks_, "the owner said that it needs marks");
    if (light_) {
      *last_word(place) = mark;
    } else {
      origin(place).mark = mark;
    }
  }
  // A node of a pattern that begins with such events; it comes with one reference.
  nfa::NodeId bind(nfa::Matcher& matcher, nfa::NodeId parent, uint16_t edge, uint32_t place,
                   std::optional<nfa::Matcher::KnownDistinct> known = std::nullopt);
  // Takes those out of their batch that have waited long: a few must not keep whole batches in
  // memory.
  void store_old();
  PendingEvent describe(uint32_t place, std::string_view variable) const;
  // Asks for what removing the next ones in the log will need: their chains and events first, then
  // where the keys of these chains stand in the index.
  void prefetch_ahead() const;

  // One of saved state, until it is put into its place.
  struct Saved {
    uint64_t sequence = 0;
    eventtime::Timestamp time;
    nfa::EventId event = nfa::kNoEvent;  // held
    uint64_t record = 0;
    uint32_t input = 0;
    size_t words = 0;  // in saved_words_
  };
  // Of a key in saved state, before its first events: how many there are.
  void save_count(eventtime::Encoder& out, size_t count) const;
  // False: this was written in another form.
  bool read_count(eventtime::Decoder& from, size_t& count) const;
  void save(eventtime::Encoder& out, uint32_t place) const;
  // Nothing: the bytes are damaged.
  std::optional<Saved> read(eventtime::Decoder& from, nfa::RestoredEvents& events);
  uint32_t add(uint32_t chain, const Saved& saved);
  // All that were read have been added.
  void end_read() { saved_words_.clear(); }

 private:
  static constexpr nfa::EventId kInBatch = UINT32_MAX;

  // Of one that is not light.
  struct Origin {
    uint64_t sequence = 0;
    LoadedBatch* loaded = nullptr;  // while it is not stored
    uint32_t row = 0;               // the same; in Batch::rows
    uint32_t mark = 0;
  };
  // A light one has where it is from beside the nulls of its cells, from the lower bits on: whether
  // it is stored, its input, its record, and what the log's number of the event has no room for of
  // its sequence. Of that only the lower bits are kept: what is less than that far from the latest
  // one (store_far() sees to it). What does not fit is stored, and the log has its number. A wide
  // one has its input there, and a word each for sequence and record behind the cells. A mark is a
  // word behind that.
  struct Light {
    uint64_t sequence = 0;
    uint64_t record = 0;
    uint32_t input = 0;
  };
  static constexpr uint32_t kStoredBit = 64 - nfa::StartCells::kOwnerBits;
  static constexpr uint32_t kInputBit = kStoredBit + 1;
  static constexpr uint32_t kInputBits = 9;
  static constexpr uint32_t kRecordBit = kInputBit + kInputBits;
  static constexpr uint32_t kRecordBits = 42;
  static constexpr uint32_t kSequenceBit = kRecordBit + kRecordBits;
  static constexpr uint32_t kSequenceBits = 32 + 64 - kSequenceBit;
  static constexpr uint64_t kFar = uint64_t{1} << (kSequenceBits - 2);
  static constexpr uint64_t low_bits(uint64_t number, uint32_t bits) {
    return number & ((uint64_t{1} << bits) - 1);
  }

  Origin& origin(uint32_t place) {
    return *reinterpret_cast<Origin*>(log_.words(place) + cells_.words());
  }
  const Origin& origin(uint32_t place) const {
    return *reinterpret_cast<const Origin*>(log_.words(place) + cells_.words());
  }
  const uint64_t* light_words(uint32_t place) const { return log_.words(place) + cells_.words(); }
  uint64_t* last_word(uint32_t place) { return log_.words(place) + words_ - 1; }
  const uint64_t* last_word(uint32_t place) const { return log_.words(place) + words_ - 1; }
  bool is_stored(uint32_t place) const {  // of a light one
    return (log_.words(place)[0] >> kStoredBit & 1) != 0;
  }
  bool fits(const Light& light) const;
  uint64_t near_sequence(uint32_t low, uint64_t word) const {
    const uint64_t lower = (word >> kSequenceBit) << 32 | low;
    return latest_ - low_bits(latest_ - lower, kSequenceBits);
  }
  uint32_t add_light(uint32_t chain, eventtime::Timestamp time, const Light& light);
  void put_light(uint32_t place, const Light& light);
  void store_light(uint32_t place, const Light& light);
  Light light(uint32_t place) const;
  void let_go(uint32_t place);
  void let_go_stored(uint32_t place);
  void pass_sequence(uint64_t sequence);
  void store_far(uint64_t sequence);
  nfa::TestedEvent in_batch(uint32_t place) const;
  void store(uint32_t place);

  nfa::TypeId type_;
  nfa::EventStore& events_;
  bool light_;
  bool wide_;
  bool has_marks_;
  nfa::StartCells cells_;
  size_t words_;  // of a first event, besides those of the log
  StartLog log_;
  BatchHolder* shelf_ = nullptr;  // of the engine
  size_t in_batches_ = 0;
  size_t stored_light_ = 0;
  uint64_t latest_ = 0;      // sequence of a light one
  uint64_t stored_far_ = 0;  // the latest sequence when store_far() was last called
  std::vector<uint64_t> saved_words_;
};

}  // namespace tocsin::runtime
