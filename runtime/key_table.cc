#include "runtime/key_table.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>

namespace tocsin::runtime {
namespace {

using eventtime::Type;

void append_big_endian(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

constexpr uint64_t kSign = uint64_t{1} << 63;

// Negative floats turn around, so that unsigned order is numeric order; the two zeros are one key.
uint64_t ordered_bits(double value) {
  const auto bits = std::bit_cast<uint64_t>(value == 0 ? 0.0 : value);
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

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

}  // namespace

bool append_key(std::string& out, const std::vector<patterns::KeyPart>& by,
                const eventtime::EventTable& table, eventtime::TypeId type, uint32_t row) {
  for (const patterns::KeyPart& part : by) {
    const eventtime::Column& column = table.columns[*part.field_by_type[type]];
    if (column.is_null(row)) return false;
    switch (column.type()) {
      case Type::kString:
        append_text(out, column.text(row).view());
        break;
      case Type::kFloat:
        append_big_endian(out, ordered_bits(column.number(row)));
        break;
      default:
        append_big_endian(out, static_cast<uint64_t>(column.integer(row)) ^ kSign);
    }
  }
  return true;
}

uint64_t hash_key(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

KeyTable::KeyTable() : index_(16), mask_(15) {}

KeyEntry* KeyTable::find(std::string_view key, uint64_t hash) {
  const auto tag = static_cast<uint32_t>(hash);
  for (size_t i = hash & mask_; index_[i].slot != 0; i = (i + 1) & mask_) {
    if (index_[i].tag != tag) continue;
    KeyEntry& entry = at(index_[i].slot - 1);
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

KeyEntry& KeyTable::add(std::string_view key, uint64_t hash) {
  if ((size_ + 1) * 4 > index_.size() * 3) grow();
  uint32_t slot = next_slot_;
  if (!free_.empty()) {
    slot = free_.back();
    free_.pop_back();
  } else {
    if (next_slot_ % kChunkEntries == 0) {
      chunks_.push_back(std::make_unique<KeyEntry[]>(kChunkEntries));
    }
    ++next_slot_;
  }
  KeyEntry& entry = at(slot);
  entry.key = key;
  entry.hash = hash;
  entry.slot = slot;
  insert(hash, slot);
  ++size_;
  return entry;
}

void KeyTable::insert(uint64_t hash, uint32_t slot) {
  size_t i = hash & mask_;
  while (index_[i].slot != 0) i = (i + 1) & mask_;
  index_[i] = {static_cast<uint32_t>(hash), slot + 1};
}

void KeyTable::grow() {
  const std::vector<Cell> old = std::move(index_);
  index_.assign(old.size() * 2, {});
  mask_ = index_.size() - 1;
  for (const Cell& cell : old) {
    if (cell.slot != 0) insert(at(cell.slot - 1).hash, cell.slot - 1);
  }
}

void KeyTable::erase(KeyEntry& entry) {
  size_t hole = entry.hash & mask_;
  while (index_[hole].slot != entry.slot + 1) hole = (hole + 1) & mask_;
  // What stands behind the hole moves into it unless it would then stand before its own place.
  for (size_t i = (hole + 1) & mask_; index_[i].slot != 0; i = (i + 1) & mask_) {
    const size_t home = index_[i].tag & mask_;
    if (((i - home) & mask_) < ((i - hole) & mask_)) continue;
    index_[hole] = index_[i];
    hole = i;
  }
  index_[hole] = {};
  --size_;
  free_.push_back(entry.slot);
  ++entry.generation;
  entry.key.clear();
  entry.state.runs = {};
  entry.state.starts = 0;
}

}  // namespace tocsin::runtime
