#include "nfa/ordered_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace tocsin::nfa {
namespace {

constexpr uint64_t kSign = uint64_t{1} << 63;

uint64_t key_of(int64_t value) {
  return static_cast<uint64_t>(value) ^ kSign;
}

uint64_t key_of(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0.0 becomes 0.0
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

// The first eight bytes as a number, as bytes are ordered. A shorter text is less than one that
// goes on, or has the same key if that goes on with zeros.
uint64_t key_of(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), std::min<size_t>(text.size(), sizeof(bytes)));
  return __builtin_bswap64(bytes);
}

double number_of_key(uint64_t key, Type type) {
  if (type != Type::kFloat) return static_cast<double>(key);
  return std::bit_cast<double>((key & kSign) != 0 ? key ^ kSign : ~key);
}

}  // namespace

uint64_t OrderedValues::key(const Constant& value) const {
  if (type_ == Type::kFloat) return key_of(value.number);
  if (type_ == Type::kString) {
    return key_of(std::string_view(value.text).substr(prefix_.size()));
  }
  return key_of(value.integer);
}

bool OrderedValues::less(const Constant& left, const Constant& right) const {
  const uint64_t left_key = key(left);
  const uint64_t right_key = key(right);
  if (left_key != right_key || type_ != Type::kString) return left_key < right_key;
  return left.text < right.text;
}

void OrderedValues::add(const Constant& value) {
  values_.push_back(value);
}

void OrderedValues::find_prefix() {
  if (type_ != Type::kString || values_.empty()) return;
  std::string_view prefix = values_[0].text;
  for (const Constant& value : values_) {
    const auto end =
        std::mismatch(prefix.begin(), prefix.end(), value.text.begin(), value.text.end());
    prefix = prefix.substr(0, static_cast<size_t>(end.first - prefix.begin()));
  }
  prefix_ = prefix;
}

void OrderedValues::finish() {
  find_prefix();
  std::sort(values_.begin(), values_.end(),
            [&](const Constant& left, const Constant& right) { return less(left, right); });
  values_.erase(
      std::unique(values_.begin(), values_.end(),
                  [&](const Constant& left, const Constant& right) { return !less(left, right); }),
      values_.end());
  keys_.clear();
  for (const Constant& value : values_) keys_.push_back(key(value));
  size_ = keys_.size();

  // Infinite ends stretch no table: their slots are the first and the last.
  const auto finite = [&](uint64_t key) { return std::isfinite(number_of_key(key, type_)); };
  const auto first = std::find_if(keys_.begin(), keys_.end(), finite);
  const auto last = std::find_if(keys_.rbegin(), keys_.rend(), finite);
  const size_t slots = std::bit_ceil(keys_.size() + 1) * 2;
  low_ = first == keys_.end() ? 0 : number_of_key(*first, type_);
  const double span = first == keys_.end() ? 0 : number_of_key(*last, type_) - low_;
  slots_a_unit_ = span > 0 && std::isfinite(span) ? static_cast<double>(slots - 1) / span : 0;
  if (!std::isfinite(slots_a_unit_)) slots_a_unit_ = 0;
  begins_.assign(slots + 1, 0);
  last_slot_ = static_cast<double>(slots - 1);
  for (const uint64_t key : keys_) ++begins_[slot(key) + 1];
  for (size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];
  keys_.push_back(~uint64_t{0});
  if (type_ != Type::kString) values_ = {};
}

// Never less for a greater key, which is all that the search relies on.
size_t OrderedValues::slot(uint64_t key) const {
  const double at = (number_of_key(key, type_) - low_) * slots_a_unit_;
  return static_cast<size_t>(at > 0 ? std::min(at, last_slot_) : 0);
}

uint32_t OrderedValues::find(uint64_t key) const {
  const size_t at = slot(key);
  const uint64_t* first = keys_.data() + begins_[at];
  size_t left = begins_[at + 1] - begins_[at];
  while (left > 1) {
    const size_t half = left / 2;
    first += first[half - 1] < key ? half : 0;
    left -= half;
  }
  // None left, or one: no branch that nobody can foretell, for the next slot's keys are not less.
  first += *first < key ? 1 : 0;
  return static_cast<uint32_t>(first - keys_.data());
}

uint32_t OrderedValues::find_text(std::string_view text) const {
  const int order = text.substr(0, prefix_.size()).compare(prefix_);
  if (order != 0) return order < 0 ? 0 : static_cast<uint32_t>(size_);
  const uint64_t wanted = key_of(text.substr(prefix_.size()));
  const uint32_t first = find(wanted);
  if (first == size_ || keys_[first] != wanted) return first;
  const auto begin = keys_.begin() + first;
  const auto end = keys_.begin() + static_cast<std::ptrdiff_t>(size_);
  const auto equal = static_cast<uint32_t>(std::upper_bound(begin, end, wanted) - begin);
  const auto found = std::lower_bound(
      values_.begin() + first, values_.begin() + first + equal, text,
      [](const Constant& value, std::string_view sought) { return value.text < sought; });
  return static_cast<uint32_t>(found - values_.begin());
}

uint32_t OrderedValues::position(const Constant& value) const {
  return 2 * (type_ == Type::kString ? find_text(value.text) : find(key(value))) + 1;
}

uint32_t OrderedValues::position(const eventtime::Column& column, uint32_t row) const {
  if (type_ == Type::kString) {
    const std::string_view text = column.text(row).view();
    const uint32_t at = find_text(text);
    return 2 * at + (at < size_ && values_[at].text == text ? 1 : 0);
  }
  uint64_t wanted = 0;
  if (type_ == Type::kFloat) {
    if (std::isnan(column.number(row))) return kNowhere;
    wanted = key_of(column.number(row));
  } else {
    wanted = key_of(column.integer(row));
  }
  const uint32_t at = find(wanted);
  return 2 * at + static_cast<uint32_t>(keys_[at] == wanted && at < size_);
}

}  // namespace tocsin::nfa
