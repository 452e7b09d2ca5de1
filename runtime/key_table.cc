#include "runtime/key_table.h"

#include <xxhash.h>

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

size_t KeyTable::Hash::operator()(std::string_view key) const {
  return XXH3_64bits(key.data(), key.size());
}

KeyEntry* KeyTable::find(std::string_view key) {
  const auto found = slots_.find(key);
  return found == slots_.end() ? nullptr : entries_[found->second].get();
}

KeyEntry& KeyTable::find_or_add(std::string_view key) {
  if (KeyEntry* found = find(key)) return *found;
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.push_back(std::make_unique<KeyEntry>());
    entries_.back()->slot = free_.back();
  }
  KeyEntry& entry = *entries_[free_.back()];
  entry.key = key;
  slots_.emplace(entry.key, free_.back());
  free_.pop_back();
  return entry;
}

void KeyTable::erase(KeyEntry& entry) {
  slots_.erase(entry.key);
  free_.push_back(entry.slot);
  ++entry.generation;
  entry.has_timer = false;
  entry.state = {};
}

}  // namespace tocsin::runtime
