// Events that a look-back (`not x for D then a`) may still ask for: those that satisfy x as far as
// they alone can tell. Where x's condition reads a, the fields that it reads are kept with them.
//
// Tested by tests/unit/nfa/matcher_test.cc and tests/model.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/codec.h"
#include "nfa/program.h"

namespace tocsin::nfa {

struct PastEvent {
  eventtime::Timestamp time;
  uint32_t row = 0;  // of the PastTable
  // Of logs: its place in the order of events, and that of the key's event directly before it.
  uint64_t sequence = 0;
  uint64_t before = 0;
};

// The fields of past events of all keys, for one look-back.
class PastTable {
 public:
  // Keeps the columns that the look-back reads.
  explicit PastTable(const LookBack& look_back)
      : columns_(look_back.columns), table_(look_back.schema) {}

  uint32_t add(const eventtime::EventTable& from, uint32_t row) {
    const uint32_t to = new_row();
    for (const uint32_t column : columns_) copy(from.columns[column], row, column, to);
    return to;
  }

  void remove(uint32_t row) {
    texts_[row].clear();
    free_.push_back(row);
  }

  void save(eventtime::Encoder& out, uint32_t row) const {
    for (const uint32_t column : columns_) out.value(table_.columns[column].value(row));
  }
  // False: these are not the columns' values.
  bool restore(eventtime::Decoder& from, uint32_t& row) {
    row = new_row();
    for (const uint32_t column : columns_) {
      eventtime::Column& into = table_.columns[column];
      eventtime::Value value = from.value();
      if (!value.is_null() && value.type != into.type()) return false;
      if (value.type == eventtime::Type::kString && !value.cell.text.is_inline()) {
        texts_[row].emplace_back(value.cell.text.view());
        value = eventtime::Value::of_text(eventtime::Text(texts_[row].back()));
      }
      into.set(row, value);
    }
    return !from.failed();
  }

  const eventtime::EventTable& table() const { return table_; }

 private:
  uint32_t new_row() {
    if (!free_.empty()) {
      const uint32_t row = free_.back();
      free_.pop_back();
      return row;
    }
    texts_.emplace_back();
    if (texts_.size() > room_) {
      room_ = room_ == 0 ? 64 : 2 * room_;
      table_.resize(room_);
    }
    return static_cast<uint32_t>(texts_.size() - 1);
  }
  void copy(const eventtime::Column& from, uint32_t row, uint32_t column, uint32_t to) {
    eventtime::Column& into = table_.columns[column];
    if (from.is_null(row)) {
      into.set_null(to);
    } else if (from.type() == eventtime::Type::kString) {
      const eventtime::Text& text = from.text(row);
      if (text.is_inline()) {
        into.set_text(to, text);
      } else {
        texts_[to].emplace_back(text.view());
        into.set_text(to, eventtime::Text(texts_[to].back()));
      }
    } else if (from.type() == eventtime::Type::kFloat) {
      into.set_number(to, from.number(row));
    } else {
      into.set_integer(to, from.integer(row));
    }
  }

  std::vector<uint32_t> columns_;
  eventtime::EventTable table_;
  size_t room_ = 0;
  std::vector<std::deque<std::string>> texts_;  // by row
  std::vector<uint32_t> free_;
};

}  // namespace tocsin::nfa
