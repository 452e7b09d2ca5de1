#include "runtime/key_table.h"

// In line: keys are short, and a call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <utility>

#include "eventtime/byte_order.h"
#include "eventtime/check.h"

namespace tocsin::runtime {
namespace {

using eventtime::append_big_endian;
using eventtime::float_of_ordered;
using eventtime::integer_of_ordered;
using eventtime::ordered_bits;
using eventtime::take_big_endian;
using eventtime::Type;
using eventtime::Value;

// A zero byte is escaped, the end is two zero bytes: a prefix comes before what it begins.
void append_text(std::string& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t zero = std::min(text.find('\0', at), text.size());
    out += text.substr(at, zero - at);
    if (zero < text.size()) out.append("\0\xFF", 2);
    at = zero + 1;
  }
  out.append("\0\0", 2);
}

// Whether a zero byte is among the first `size` of eight.
bool has_zero(uint64_t bytes, size_t size) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kOnes = 0x0101010101010101;
  const uint64_t zeros = (bytes - kOnes) & ~bytes & (kOnes << 7);  // the lowest one is exact
  return zeros != 0 && static_cast<size_t>(std::countr_zero(zeros)) / 8 < size;
}

// The same as one of sixteen bytes; how many they are, 0 if they are not enough or one is zero.
// Most keys are short, and what is behind them in the Text is zero: as their end is.
inline uint32_t put_short_text(char* out, const eventtime::Text& text) {
  constexpr size_t kInline = eventtime::Text::kInlineBytes;
  constexpr size_t kFirst = sizeof(uint64_t);
  static_assert(kInline + 2 <= kShortKeyBytes && kInline > kFirst);
  const size_t size = text.size();
  if (!text.is_inline()) return 0;
  uint64_t first = 0;
  uint32_t rest = 0;
  std::memcpy(&first, text.data(), kFirst);
  std::memcpy(&rest, text.data() + kFirst, kInline - kFirst);
  if (has_zero(first, size) || (size > kFirst && has_zero(rest, size - kFirst))) return 0;
  const uint64_t second = rest;
  std::memcpy(out, &first, kFirst);
  std::memcpy(out + kFirst, &second, kShortKeyBytes - kFirst);
  return static_cast<uint32_t>(size + 2);
}

void append_text(std::string& out, const eventtime::Text& text) {
  char bytes[kShortKeyBytes];
  const uint32_t size = put_short_text(bytes, text);
  if (size == 0) return append_text(out, text.view());
  out.append(bytes, size);
}

void append_cell(std::string& out, const Value& value) {
  switch (value.type) {
    case Type::kString:
      append_text(out, value.cell.text);
      break;
    case Type::kFloat:
      append_big_endian(out, ordered_bits(value.cell.number));
      break;
    default:
      append_big_endian(out, ordered_bits(value.cell.integer));
  }
}

// Up to the two zero bytes at its end.
void take_text(std::string_view& bytes, std::string& out) {
  for (bool ends = false; !ends;) {
    const size_t zero = bytes.find('\0');
    out += bytes.substr(0, zero);
    ends = bytes[zero + 1] == '\0';
    if (!ends) out += '\0';
    bytes.remove_prefix(zero + 2);
  }
}

}  // namespace

bool append_key(std::string& out, const std::vector<patterns::KeyPart>& by,
                const eventtime::EventTable& table, eventtime::TypeId type, uint32_t row) {
  for (const patterns::KeyPart& part : by) {
    const eventtime::Column& column = table.columns[*part.field_by_type[type]];
    if (column.is_null(row)) return false;
    if (column.type() == Type::kString) {
      append_text(out, column.text(row));
    } else if (column.type() == Type::kFloat) {
      append_big_endian(out, ordered_bits(column.number(row)));
    } else {
      append_big_endian(out, ordered_bits(column.integer(row)));
    }
  }
  return true;
}

ShortKey put_short_key(char* out, const eventtime::Column& column, uint32_t row) {
  const auto tag = [&](size_t size) { return static_cast<uint32_t>(XXH3_64bits(out, size)); };
  if (column.type() == Type::kString) {
    const uint32_t size = put_short_text(out, column.text(row));
    return size == 0 ? ShortKey() : ShortKey{size, tag(size)};
  }
  const bool is_float = column.type() == Type::kFloat;
  const uint64_t bits = eventtime::swapped_bytes(is_float ? ordered_bits(column.number(row))
                                                          : ordered_bits(column.integer(row)));
  std::memcpy(out, &bits, sizeof(bits));
  return {sizeof(bits), tag(sizeof(bits))};
}

void append_value(std::string& out, const Value& value) {
  out += value.is_null() ? '\0' : '\1';
  if (!value.is_null()) append_cell(out, value);
}

void decode_key(std::string_view key, const std::vector<patterns::KeyPart>& by,
                std::vector<Value>& values, std::string& texts) {
  values.clear();
  texts.clear();
  texts.reserve(key.size());  // what points into it must not move
  for (const patterns::KeyPart& part : by) {
    if (part.type == Type::kString) {
      const size_t begin = texts.size();
      take_text(key, texts);
      values.push_back(Value::of_text(eventtime::Text(std::string_view(texts).substr(begin))));
    } else if (part.type == Type::kFloat) {
      values.push_back(Value::of_float(float_of_ordered(take_big_endian<uint64_t>(key))));
    } else {
      const int64_t integer = integer_of_ordered(take_big_endian<uint64_t>(key));
      values.push_back({part.type, eventtime::Cell(integer)});
    }
  }
}

uint32_t tag_of(std::string_view key) {
  return static_cast<uint32_t>(XXH3_64bits(key.data(), key.size()));
}

KeyTable::~KeyTable() {
  for (uint32_t slot = 0; slot < next_slot_; ++slot) std::destroy_at(entry(slot));
  eventtime::HugePageAllocator<KeyEntry> allocator;
  for (size_t i = 0; i < chunks_.size(); ++i) allocator.deallocate(chunks_[i], kFirstChunk << i);
}

std::string_view KeyTable::key_of(const WaitingStart& start) const {
  if (start.key_size <= WaitingStart::kKeyBytes) return {start.key, start.key_size};
  long_key_.clear();
  const eventtime::Batch& batch = *start.loaded->batch;
  const eventtime::Row& row = batch.rows[start.row];
  append_key(long_key_, by_, batch.tables[row.type], row.type, row.table_row);
  return long_key_;
}

bool KeyTable::is_key(KeyRef ref, std::string_view key) const {
  if (!ref.waits()) return at(ref.slot()).key == key;
  const WaitingStart& start = oldest(ref);
  const size_t inside = std::min(key.size(), WaitingStart::kKeyBytes);
  if (start.key_size != key.size() || std::memcmp(start.key, key.data(), inside) != 0) return false;
  return inside == key.size() || key_of(start) == key;
}

uint32_t KeyTable::new_slot() {
  if (!free_.empty()) {
    const uint32_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  TOCSIN_CHECK(next_slot_ < WaitingStarts::kPlaces - kFirstChunk, "fewer than 2 G keys at once");
  const size_t chunk = std::bit_width(next_slot_ + kFirstChunk) - std::bit_width(kFirstChunk);
  if (chunk == chunks_.size()) {
    chunks_.push_back(eventtime::HugePageAllocator<KeyEntry>().allocate(kFirstChunk << chunk));
  }
  const uint32_t slot = next_slot_++;
  std::construct_at(entry(slot))->slot = slot;
  return slot;
}

KeyEntry& KeyTable::add(std::string_view key, uint32_t tag) {
  KeyEntry& entry = at(new_slot());
  entry.key = key;
  entry.tag = tag;
  index_.insert(tag, KeyRef::of_entry(entry.slot).number());
  return entry;
}

void KeyTable::erase(KeyEntry& entry) {
  index_.erase(entry.tag, KeyRef::of_entry(entry.slot).number());
  free_.push_back(entry.slot);
  entry.key.clear();
  entry.state = {};
}

void KeyTable::wait(KeyRef found, std::string_view key, uint32_t tag, const WaitingStart& start) {
  const uint32_t place = waiting_.add(start);
  WaitingStart& added = waiting_.at(place);
  if (!found.is_none()) {
    WaitingStart& first = waiting_.at(found.place());
    waiting_.at(first.last).next = place;
    first.last = place;
    ++first.chain;
    return;
  }
  added.chain = 1;
  added.last = place;
  added.tag = tag;
  added.key_size = static_cast<uint32_t>(key.size());
  std::memcpy(added.key, key.data(), std::min(key.size(), WaitingStart::kKeyBytes));
  index_.insert(tag, KeyRef::of_waiting(place).number());
}

KeyRef KeyTable::take_oldest(KeyRef waiting) {
  WaitingStart& first = waiting_.at(waiting.place());
  const uint32_t chain = std::exchange(first.chain, 0);
  if (chain == 1) {
    index_.erase(first.tag, waiting.number());
    return {};
  }
  WaitingStart& second = waiting_.at(first.next);
  second.chain = chain - 1;
  second.last = first.last;
  second.tag = first.tag;
  second.key_size = first.key_size;
  std::copy(std::begin(first.key), std::end(first.key), second.key);
  const KeyRef rest = KeyRef::of_waiting(first.next);
  index_.replace(first.tag, waiting.number(), rest.number());
  return rest;
}

KeyEntry& KeyTable::begin(KeyRef waiting) {
  WaitingStart& first = waiting_.at(waiting.place());
  KeyEntry& entry = at(new_slot());
  entry.key = key_of(first);
  entry.tag = first.tag;
  index_.replace(first.tag, waiting.number(), KeyRef::of_entry(entry.slot).number());
  first.chain = 0;
  return entry;
}

}  // namespace tocsin::runtime
