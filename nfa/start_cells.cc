#include "nfa/start_cells.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tocsin::nfa {

using eventtime::Text;
using eventtime::Type;
using eventtime::Value;

StartCells::StartCells(const Place& place, const eventtime::EventSchema& schema) {
  for (const SlotUpdate& update : place.updates) {
    if (update.column == kNoColumn) {
      cell_by_update_.push_back(kNoColumn);
      continue;
    }
    auto cell = std::find_if(cells_.begin(), cells_.end(),
                             [&](const Cell& c) { return c.column == update.column; });
    if (cell == cells_.end()) {
      const auto bit = static_cast<uint32_t>(cells_.size());
      cell = cells_.insert(cell, {update.column, schema.fields[update.column].type, 0, bit});
    }
    cell_by_update_.push_back(static_cast<uint32_t>(cell - cells_.begin()));
  }
  null_words_ = static_cast<uint32_t>((cells_.size() + 63) / 64);
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

void StartCells::write(uint64_t* words, const TestedEvent& event, const EventStore& events) const {
  std::fill(words, words + null_words_, uint64_t{0});
  const uint32_t row = event.row->table_row;
  for (const Cell& cell : cells_) {
    const eventtime::Column& column = event.table().columns[cell.column];
    uint64_t* to = words + cell.word;
    if (column.is_null(row)) {
      words[cell.bit / 64] |= uint64_t{1} << (cell.bit % 64);
    } else if (cell.type == Type::kString) {
      const Text text =
          event.stored == kNoEvent ? column.text(row) : events.text(event.stored, cell.column);
      std::memcpy(to, &text, sizeof(text));
    } else if (cell.type == Type::kFloat) {
      *to = std::bit_cast<uint64_t>(column.number(row));
    } else {
      *to = static_cast<uint64_t>(column.integer(row));
    }
  }
}

Value StartCells::read(const uint64_t* words, size_t update) const {
  if (cell_by_update_[update] == kNoColumn) return Value::null();
  const Cell& cell = cells_[cell_by_update_[update]];
  if ((words[cell.bit / 64] >> (cell.bit % 64) & 1) != 0) return Value::null();
  const uint64_t* from = words + cell.word;
  if (cell.type == Type::kString) {
    Text text;
    std::memcpy(static_cast<void*>(&text), from, sizeof(text));
    return Value::of_text(text);
  }
  if (cell.type == Type::kFloat) return Value::of_float(std::bit_cast<double>(*from));
  return {cell.type, eventtime::Cell(static_cast<int64_t>(*from))};
}

void StartCells::save(eventtime::Encoder& out, const uint64_t* words) const {
  for (uint32_t i = 0; i < null_words_; ++i) out.number(words[i]);
  for (const Cell& cell : cells_) {
    const bool null = (words[cell.bit / 64] >> (cell.bit % 64) & 1) != 0;
    if (cell.type != Type::kString) out.number(null ? 0 : words[cell.word]);
  }
}

void StartCells::restore(eventtime::Decoder& from, uint64_t* words, const EventStore& events,
                         EventId event) const {
  for (uint32_t i = 0; i < null_words_; ++i) words[i] = from.number();
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
