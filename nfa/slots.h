// What a run carries of its bindings: one slot for each capture of the pattern, updated when an
// event is bound, so that a condition never walks the events of a run and never looks one up.
//
// Slots are plain words: bits for "null" first, then the values. A run's slots are copied from its
// parent's and changed; equal words mean that conditions cannot tell two runs apart (matching.md:
// the signature).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/codec.h"
#include "eventtime/value.h"
#include "patterns/pattern.h"

namespace tocsin::nfa {

using patterns::CaptureKind;

struct Slot {
  CaptureKind kind = CaptureKind::kLast;
  uint32_t variable = 0;  // or Capture::kPrevious
  eventtime::Type field_type = eventtime::Type::kNull;
  eventtime::Type type = eventtime::Type::kNull;  // of the result
  uint32_t word = 0;                              // the first of its words
  uint32_t words = 0;
  uint32_t null_bit = 0;   // set: no value
  std::string field;       // empty for kCount and kLastTime
  uint32_t companion = 0;  // of kDistinct and kCollect: the kLast slot of the field
};

// How the slots of one pattern lie in the words of a run. Immutable.
class SlotLayout {
 public:
  SlotLayout() = default;
  explicit SlotLayout(const patterns::Pattern& pattern);

  uint32_t words() const { return words_; }
  const std::vector<Slot>& slots() const { return slots_; }
  const Slot& slot(uint32_t capture) const { return slots_[capture]; }

  // The slots of a run that has bound nothing.
  void clear(uint64_t* words) const;
  eventtime::Value read(const uint64_t* words, uint32_t slot) const;
  bool equal(const uint64_t* left, const uint64_t* right, std::span<const uint32_t> slots) const;

  void save(eventtime::Encoder& out, const uint64_t* words) const;
  // `find(text)` is an equal text that lives as long as the run, null if there is none. False: the
  // bytes are damaged.
  using FindText = std::function<const eventtime::Text*(std::string_view)>;
  bool restore(eventtime::Decoder& from, uint64_t* words, const FindText& find) const;

 private:
  size_t null_words() const { return (slots_.size() + 63) / 64; }

  std::vector<Slot> slots_;  // by capture, then the companions
  uint32_t words_ = 0;
};

// Changes `words` for an event bound to the slot's variable. A string must live as long as the run.
// Counts an integer overflow of a sum. kDistinct and kCollect are not updated here: they need the
// run's earlier events (matcher.cc).
void update_slot(const Slot& slot, uint64_t* words, const eventtime::Value& value,
                 eventtime::Timestamp time, uint64_t& arithmetic_errors);

// The same for the kinds that most slots have, from the event's column and without the way through
// a Value. False: not one of those; nothing has changed.
bool update_plain_slot(const Slot& slot, uint64_t* words, const eventtime::Column& column,
                       uint32_t row);

}  // namespace tocsin::nfa
