#include "nfa/slots.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "eventtime/check.h"

namespace tocsin::nfa {
namespace {

using eventtime::Cell;
using eventtime::Type;
using eventtime::Value;

uint32_t words_of(CaptureKind kind, Type field_type) {
  switch (kind) {
    case CaptureKind::kAverage:
      return 2;  // sum, count
    case CaptureKind::kStddev:
      return 3;  // count, mean, sum of squared differences
    case CaptureKind::kCollect:
      return 0;  // read from the events of the match
    case CaptureKind::kSum:
      return field_type == Type::kFloat ? 1 : 2;  // int: has it overflowed?
    case CaptureKind::kFirst:
      return field_type == Type::kString ? 3 : 2;  // last: is it bound?
    case CaptureKind::kLast:
    case CaptureKind::kMinimum:
    case CaptureKind::kMaximum:
      return field_type == Type::kString ? 2 : 1;
    default:
      return 1;
  }
}

bool is_null(const uint64_t* words, const Slot& slot) {
  return (words[slot.null_bit / 64] >> (slot.null_bit % 64) & 1) != 0;
}
void set_null(uint64_t* words, const Slot& slot, bool null) {
  const uint64_t bit = uint64_t{1} << (slot.null_bit % 64);
  uint64_t& word = words[slot.null_bit / 64];
  word = null ? word | bit : word & ~bit;
}

Cell load(const uint64_t* words, const Slot& slot, Type type) {
  if (type == Type::kFloat) return Cell(std::bit_cast<double>(words[slot.word]));
  if (type != Type::kString) return Cell(static_cast<int64_t>(words[slot.word]));
  Cell cell;
  std::memcpy(static_cast<void*>(&cell.text), words + slot.word, sizeof(cell.text));
  return cell;
}

void store(uint64_t* words, const Slot& slot, const Value& value) {
  if (value.type == Type::kString) {
    std::memcpy(words + slot.word, &value.cell.text, sizeof(value.cell.text));
  } else if (value.type == Type::kFloat) {
    words[slot.word] = std::bit_cast<uint64_t>(value.cell.number);
  } else {
    words[slot.word] = static_cast<uint64_t>(value.cell.integer);
  }
  set_null(words, slot, false);
}

// Its first two words are a text.
bool holds_text(const Slot& slot) {
  return slot.field_type == Type::kString && slot.words >= 2;
}

bool less(const Cell& left, const Cell& right, Type type) {
  if (type == Type::kFloat) return left.number < right.number;
  if (type == Type::kString) return left.text < right.text;
  return left.integer < right.integer;
}

double to_number(const Value& value) {
  return value.type == Type::kFloat ? value.cell.number : static_cast<double>(value.cell.integer);
}

// The null bit of a sum means "no value yet".
void add_to_sum(uint64_t* words, const Slot& slot, const Value& value, uint64_t& errors) {
  const bool first = is_null(words, slot);
  if (value.type == Type::kFloat) {
    const double sum =
        first ? value.cell.number : std::bit_cast<double>(words[slot.word]) + value.cell.number;
    store(words, slot, Value::of_float(sum));
    return;
  }
  int64_t sum = value.cell.integer;
  if (!first) {
    const auto before = static_cast<int64_t>(words[slot.word]);
    if (__builtin_add_overflow(before, value.cell.integer, &sum)) {
      words[slot.word + 1] = 1;
      ++errors;
    }
  }
  words[slot.word] = static_cast<uint64_t>(sum);
  set_null(words, slot, false);
}

// Welford's update (Knuth, TAOCP 2, 4.2.2): stable, one pass, the same order as the events.
void add_to_deviation(uint64_t* words, const Slot& slot, double value) {
  const uint64_t count = words[slot.word] + 1;
  const auto mean = std::bit_cast<double>(words[slot.word + 1]);
  const auto squares = std::bit_cast<double>(words[slot.word + 2]);
  const double delta = value - mean;
  const double new_mean = mean + delta / static_cast<double>(count);
  words[slot.word] = count;
  words[slot.word + 1] = std::bit_cast<uint64_t>(new_mean);
  words[slot.word + 2] = std::bit_cast<uint64_t>(squares + delta * (value - new_mean));
}

Value finite_or_null(double value) {
  return std::isfinite(value) ? Value::of_float(value) : Value::null();
}

}  // namespace

SlotLayout::SlotLayout(const patterns::Pattern& pattern) {
  for (const patterns::Capture& capture : pattern.captures) {
    Slot slot;
    slot.kind = capture.kind;
    slot.variable = capture.variable;
    slot.field = capture.field;
    slot.field_type = capture.field_type;
    slot.type = capture.type;
    slots_.push_back(slot);
  }
  const size_t captures = slots_.size();
  for (size_t i = 0; i < captures; ++i) {
    const CaptureKind kind = slots_[i].kind;
    if (kind != CaptureKind::kDistinct && kind != CaptureKind::kCollect) continue;
    Slot companion;
    companion.kind = CaptureKind::kLast;
    companion.variable = slots_[i].variable;
    companion.field = slots_[i].field;
    companion.field_type = slots_[i].field_type;
    companion.type = slots_[i].field_type;
    slots_[i].companion = static_cast<uint32_t>(slots_.size());
    slots_.push_back(companion);
  }
  words_ = static_cast<uint32_t>((slots_.size() + 63) / 64);
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    slot.null_bit = static_cast<uint32_t>(i);
    slot.word = words_;
    slot.words = words_of(slot.kind, slot.field_type);
    words_ += slot.words;
  }
}

void SlotLayout::clear(uint64_t* words) const {
  std::fill(words, words + words_, uint64_t{0});
  for (const Slot& slot : slots_) {
    const bool counts = slot.kind == CaptureKind::kCount || slot.kind == CaptureKind::kDistinct ||
                        slot.kind == CaptureKind::kAverage || slot.kind == CaptureKind::kStddev;
    if (!counts) set_null(words, slot, true);
  }
}

Value SlotLayout::read(const uint64_t* words, uint32_t index) const {
  const Slot& slot = slots_[index];
  if (is_null(words, slot)) return Value::null();
  switch (slot.kind) {
    case CaptureKind::kLastTime:
      return Value::of_timestamp({static_cast<int64_t>(words[slot.word])});
    case CaptureKind::kCount:
    case CaptureKind::kDistinct:
      return Value::of_int(static_cast<int64_t>(words[slot.word]));
    case CaptureKind::kSum:
      if (slot.field_type == Type::kFloat) {
        return finite_or_null(std::bit_cast<double>(words[slot.word]));
      }
      if (words[slot.word + 1] != 0) return Value::null();
      return {slot.type, Cell(static_cast<int64_t>(words[slot.word]))};
    case CaptureKind::kAverage: {
      const auto count = static_cast<double>(words[slot.word + 1]);
      if (count == 0) return Value::null();
      const double mean = std::bit_cast<double>(words[slot.word]) / count;
      if (slot.type != Type::kDuration) return finite_or_null(mean);
      return Value::of_duration({std::llround(mean)});
    }
    case CaptureKind::kStddev: {
      const uint64_t count = words[slot.word];
      if (count < 2) return Value::null();
      const auto squares = std::bit_cast<double>(words[slot.word + 2]);
      return finite_or_null(std::sqrt(squares / static_cast<double>(count - 1)));
    }
    default:
      return {slot.field_type, load(words, slot, slot.field_type)};
  }
}

bool SlotLayout::equal(const uint64_t* left, const uint64_t* right,
                       std::span<const uint32_t> slots) const {
  for (const uint32_t index : slots) {
    const Slot& slot = slots_[index];
    if (slot.kind == CaptureKind::kDistinct) return false;  // the values differ, whatever the count
    const bool null = is_null(left, slot);
    if (null != is_null(right, slot)) return false;
    const bool text = holds_text(slot);
    const uint32_t plain = text ? slot.word + 2 : slot.word;
    if (text && !null &&
        !(load(left, slot, Type::kString).text == load(right, slot, Type::kString).text)) {
      return false;
    }
    if (!std::equal(left + plain, left + slot.word + slot.words, right + plain)) return false;
  }
  return true;
}

void SlotLayout::save(eventtime::Encoder& out, const uint64_t* words) const {
  for (size_t i = 0; i < null_words(); ++i) out.number(words[i]);
  for (const Slot& slot : slots_) {
    const bool text = holds_text(slot);
    if (text && !is_null(words, slot)) out.text(load(words, slot, Type::kString).text.view());
    for (uint32_t i = text ? 2 : 0; i < slot.words; ++i) out.number(words[slot.word + i]);
  }
}

bool SlotLayout::restore(eventtime::Decoder& from, uint64_t* words, const FindText& find) const {
  for (size_t i = 0; i < null_words(); ++i) words[i] = from.number();
  for (const Slot& slot : slots_) {
    const bool text = holds_text(slot);
    if (text) std::fill_n(words + slot.word, 2, uint64_t{0});
    if (text && !is_null(words, slot)) {
      const std::string_view saved = from.text();
      const bool is_short = saved.size() <= eventtime::Text::kInlineBytes;
      const eventtime::Text short_text = is_short ? eventtime::Text(saved) : eventtime::Text();
      const eventtime::Text* found = is_short ? &short_text : find(saved);
      if (found == nullptr) return false;
      std::memcpy(words + slot.word, found, sizeof(*found));
    }
    for (uint32_t i = text ? 2 : 0; i < slot.words; ++i) words[slot.word + i] = from.number();
  }
  return !from.failed();
}

void update_slot(const Slot& slot, uint64_t* words, const Value& value, eventtime::Timestamp time,
                 uint64_t& arithmetic_errors) {
  switch (slot.kind) {
    case CaptureKind::kLast:
      if (value.is_null()) {
        std::fill(words + slot.word, words + slot.word + slot.words, uint64_t{0});
        set_null(words, slot, true);
      } else {
        store(words, slot, value);
      }
      return;
    case CaptureKind::kLastTime:
      store(words, slot, Value::of_timestamp(time));
      return;
    case CaptureKind::kFirst: {
      uint64_t& bound = words[slot.word + slot.words - 1];
      if (bound == 0 && !value.is_null()) store(words, slot, value);
      bound = 1;
      return;
    }
    case CaptureKind::kCount:
      ++words[slot.word];
      return;
    default:
      break;
  }
  if (value.is_null()) return;  // the other aggregates pass over nulls
  switch (slot.kind) {
    case CaptureKind::kSum:
      add_to_sum(words, slot, value, arithmetic_errors);
      return;
    case CaptureKind::kAverage:
      words[slot.word] =
          std::bit_cast<uint64_t>(std::bit_cast<double>(words[slot.word]) + to_number(value));
      ++words[slot.word + 1];
      return;
    case CaptureKind::kMinimum:
    case CaptureKind::kMaximum: {
      const Cell before = load(words, slot, slot.field_type);
      const bool minimum = slot.kind == CaptureKind::kMinimum;
      if (is_null(words, slot) || (minimum ? less(value.cell, before, slot.field_type)
                                           : less(before, value.cell, slot.field_type))) {
        store(words, slot, value);
      }
      return;
    }
    case CaptureKind::kStddev:
      add_to_deviation(words, slot, to_number(value));
      return;
    default:
      TOCSIN_CHECK(false, "this kind of slot is updated elsewhere");
  }
}

bool update_plain_slot(const Slot& slot, uint64_t* words, const eventtime::Column& column,
                       uint32_t row) {
  if (column.type() == Type::kString) return false;
  const bool is_float = column.type() == Type::kFloat;
  const bool null = column.is_null(row);
  if (slot.kind == CaptureKind::kLast) {
    words[slot.word] = null       ? 0
                       : is_float ? std::bit_cast<uint64_t>(column.number(row))
                                  : static_cast<uint64_t>(column.integer(row));
    set_null(words, slot, null);
    return true;
  }
  if (slot.kind != CaptureKind::kAverage) return false;
  if (null) return true;
  const double value = is_float ? column.number(row) : static_cast<double>(column.integer(row));
  words[slot.word] = std::bit_cast<uint64_t>(std::bit_cast<double>(words[slot.word]) + value);
  ++words[slot.word + 1];
  return true;
}

}  // namespace tocsin::nfa
