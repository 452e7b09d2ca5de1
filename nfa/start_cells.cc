#include "nfa/start_cells.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <span>

namespace tocsin::nfa {

using eventtime::Text;
using eventtime::Type;
using eventtime::Value;

StartCells::StartCells(const Place& place, const eventtime::EventSchema& schema, Room room) {
  constexpr uint32_t kFirstBits = kWordBits - kOwnerBits;  // of the word that is shared
  for (const SlotUpdate& update : place.updates) {
    if (update.column == kNoColumn) {
      cell_by_update_.push_back(kNoColumn);
      continue;
    }
    auto cell = std::find_if(cells_.begin(), cells_.end(),
                             [&](const Cell& c) { return c.column == update.column; });
    if (cell == cells_.end()) {
      auto bit = static_cast<uint32_t>(cells_.size());
      if (room == Room::kOwner && bit >= kFirstBits) bit += kOwnerBits;
      cell = cells_.insert(cell, {update.column, schema.fields[update.column].type, 0, bit});
    }
    cell_by_update_.push_back(static_cast<uint32_t>(cell - cells_.begin()));
  }
  null_words_ = cells_.empty() ? 0 : cells_.back().null_bit / kWordBits + 1;
  if (room == Room::kOwner) null_words_ = std::max(null_words_, 1U);
  words_ = null_words_;
  for (Cell& cell : cells_) {
    cell.word = words_;
    words_ += cell.type == Type::kString ? 2 : 1;
  }
}

bool StartCells::has_texts() const {
  return std::any_of(cells_.begin(), cells_.end(),
                     [](const Cell& cell) { return cell.type == Type::kString; });
}

Value StartCells::read(const uint64_t* words, size_t update) const {
  if (cell_by_update_[update] == kNoColumn) return Value::null();
  const Cell& cell = cells_[cell_by_update_[update]];
  if (is_null(cell, words)) return Value::null();
  const uint64_t* from = words + cell.word;
  if (cell.type == Type::kString) {
    Text text;
    std::memcpy(static_cast<void*>(&text), from, sizeof(text));
    return Value::of_text(text);
  }
  if (cell.type == Type::kFloat) return Value::of_float(std::bit_cast<double>(*from));
  return {cell.type, eventtime::Cell(static_cast<int64_t>(*from))};
}

// The nulls of 64 cells a number.
void StartCells::save(eventtime::Encoder& out, const uint64_t* words) const {
  for (size_t i = 0; i < cells_.size(); i += kWordBits) {
    const std::span some =
        std::span(cells_).subspan(i, std::min<size_t>(kWordBits, cells_.size() - i));
    uint64_t nulls = 0;
    for (size_t j = 0; j < some.size(); ++j) nulls |= uint64_t{is_null(some[j], words)} << j;
    out.number(nulls);
  }
  for (const Cell& cell : cells_) {
    if (cell.type != Type::kString) out.number(is_null(cell, words) ? 0 : words[cell.word]);
  }
}

void StartCells::restore(eventtime::Decoder& from, uint64_t* words, const EventStore& events,
                         EventId event) const {
  std::fill(words, words + null_words_, uint64_t{0});
  uint64_t nulls = 0;
  for (size_t i = 0; i < cells_.size(); ++i) {
    if (i % kWordBits == 0) nulls = from.number();
    const uint32_t bit = cells_[i].null_bit;
    words[bit / kWordBits] |= (nulls >> (i % kWordBits) & 1) << (bit % kWordBits);
  }
  for (const Cell& cell : cells_) {
    if (cell.type == Type::kString) {
      const Text text = events.text(event, cell.column);
      std::memcpy(words + cell.word, &text, sizeof(text));
    } else {
      words[cell.word] = from.number();
    }
  }
}

}  // namespace tocsin::nfa
