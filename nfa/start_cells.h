// What a first event that waits carries of its fields: those that conditions and results may read,
// side by side in plain words, so that its batch need not stay. Tested by
// tests/unit/nfa/start_plan_test.cc.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "eventtime/codec.h"
#include "nfa/event_store.h"
#include "nfa/program.h"

namespace tocsin::nfa {

class StartCells {
 public:
  // With room for the owner's bits, or not.
  enum class Room : uint8_t { kNone, kOwner };
  // With room, so many upper bits of the first word: write() and restore() clear them.
  static constexpr uint32_t kOwnerBits = 56;

  // Of the events that the place binds; `schema` is their type's.
  StartCells(const Place& place, const eventtime::EventSchema& schema, Room room = Room::kNone);

  size_t words() const { return words_; }
  bool has_texts() const;
  // Texts point into the event where it is stored, whose kept columns they are, else into its
  // batch.
  void write(uint64_t* words, const TestedEvent& event, const EventStore& events) const;
  // What `place.updates[update]` takes from the event; null for those that take nothing.
  eventtime::Value read(const uint64_t* words, size_t update) const;

  // Saved without its texts, for those are the event's; `event` has been restored.
  void save(eventtime::Encoder& out, const uint64_t* words) const;
  void restore(eventtime::Decoder& from, uint64_t* words, const EventStore& events,
               EventId event) const;

 private:
  struct Cell {
    uint32_t column = 0;
    eventtime::Type type = eventtime::Type::kNull;
    uint32_t word = 0;
    uint32_t null_bit = 0;  // in the words at the beginning
  };

  static bool is_null(const Cell& cell, const uint64_t* words) {
    return (words[cell.null_bit / kWordBits] >> (cell.null_bit % kWordBits) & 1) != 0;
  }

  static constexpr uint32_t kWordBits = 64;
  std::vector<Cell> cells_;
  std::vector<uint32_t> cell_by_update_;  // or kNoColumn
  uint32_t null_words_ = 0;
  uint32_t words_ = 0;
};

inline void StartCells::write(uint64_t* words, const TestedEvent& event,
                              const EventStore& events) const {
  if (null_words_ > 0) words[0] = 0;  // nearly always the only one, which is no work for memset
  for (uint32_t i = 1; i < null_words_; ++i) words[i] = 0;
  const uint32_t row = event.row->table_row;
  const std::vector<eventtime::Column>& columns = event.table().columns;
  for (const Cell& cell : cells_) {
    const eventtime::Column& column = columns[cell.column];
    uint64_t* to = words + cell.word;
    if (column.is_null(row)) {
      words[cell.null_bit / kWordBits] |= uint64_t{1} << (cell.null_bit % kWordBits);
    } else if (cell.type == eventtime::Type::kString) {
      const eventtime::Text text =
          event.stored == kNoEvent ? column.text(row) : events.text(event.stored, cell.column);
      std::memcpy(to, &text, sizeof(text));
    } else if (cell.type == eventtime::Type::kFloat) {
      *to = std::bit_cast<uint64_t>(column.number(row));
    } else {
      *to = static_cast<uint64_t>(column.integer(row));
    }
  }
}

}  // namespace tocsin::nfa
