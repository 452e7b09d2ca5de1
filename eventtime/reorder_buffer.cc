#include "eventtime/reorder_buffer.h"

#include <algorithm>

namespace tocsin::eventtime {
namespace {

bool earlier(const Arrival& left, const Arrival& right) {
  return left.time < right.time;
}

}  // namespace

uint32_t ReorderBuffer::add_input(Duration out_of_order) {
  inputs_.emplace_back();
  inputs_.back().out_of_order = out_of_order;
  return static_cast<uint32_t>(inputs_.size() - 1);
}

void ReorderBuffer::push(uint32_t number, uint32_t batch, std::span<const Row> rows,
                         const BitSet& wanted, const OnLate& on_late) {
  Input& input = inputs_[number];
  if (input.first > 0 && input.first * 2 >= input.rows.size()) {
    input.rows.erase(input.rows.begin(),
                     input.rows.begin() + static_cast<std::ptrdiff_t>(input.first));
    input.first = 0;
  }
  const size_t old_size = input.rows.size();
  bool sorted = true;
  Timestamp latest = latest_row_;
  Timestamp last_wanted = input.rows.empty() ? kMinTimestamp : input.rows.back().time;
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const Timestamp time = rows[i].time;
    if (time < input.watermark) {
      on_late(i, input.watermark);
      continue;
    }
    latest = std::max(latest, time);
    if (time >= input.latest) {
      input.latest = time;
      input.watermark = std::max(input.watermark, time - input.out_of_order);
    }
    if (!wanted.test(i)) continue;
    if (time < last_wanted) sorted = false;
    last_wanted = time;
    input.rows.push_back({time, number, batch, i});
  }
  latest_row_ = latest;
  if (sorted) return;
  const auto middle = input.rows.begin() + static_cast<std::ptrdiff_t>(old_size);
  std::stable_sort(middle, input.rows.end(), earlier);
  std::inplace_merge(input.rows.begin() + static_cast<std::ptrdiff_t>(input.first), middle,
                     input.rows.end(), earlier);
}

void ReorderBuffer::advance(uint32_t number, Timestamp time) {
  Input& input = inputs_[number];
  if (time < input.latest) return;
  input.latest = time;
  input.watermark = std::max(input.watermark, time - input.out_of_order);
}

void ReorderBuffer::finish(uint32_t input) {
  inputs_[input].ended = true;
  inputs_[input].watermark = kMaxTimestamp;
}

void ReorderBuffer::reopen(uint32_t number) {
  Input& input = inputs_[number];
  if (!input.ended) return;
  input.ended = false;
  const Timestamp others = settled_by_open(number);
  const Timestamp own =
      input.latest == kMinTimestamp ? kMinTimestamp : input.latest - input.out_of_order;
  input.watermark = std::max(own, others == kMaxTimestamp ? latest_row_ : others);
}

// The smallest watermark of inputs that have not ended, but for one.
Timestamp ReorderBuffer::settled_by_open(uint32_t but) const {
  Timestamp settled = kMaxTimestamp;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (i != but && !inputs_[i].ended) settled = std::min(settled, inputs_[i].watermark);
  }
  return settled;
}

// For each input the latest time that may go: its own watermark has reached it, inputs named before
// are past it, those named later have reached it.
std::vector<Timestamp> ReorderBuffer::limits() const {
  std::vector<Timestamp> limits(inputs_.size());
  Timestamp before = kMaxTimestamp;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    limits[i] = std::min(before, inputs_[i].watermark);
    if (!inputs_[i].ended) before = std::min(before, inputs_[i].watermark - Duration{1});
  }
  Timestamp after = kMaxTimestamp;
  for (size_t i = inputs_.size(); i-- > 0;) {
    limits[i] = std::min(limits[i], after);
    after = std::min(after, inputs_[i].watermark);
  }
  return limits;
}

void ReorderBuffer::release_single(Input& input, std::vector<Arrival>& out) {
  const auto begin = input.rows.begin() + static_cast<std::ptrdiff_t>(input.first);
  const auto end = std::partition_point(begin, input.rows.end(), [&](const Arrival& arrival) {
    return arrival.time <= input.watermark;
  });
  out.insert(out.end(), begin, end);
  input.first = static_cast<size_t>(end - input.rows.begin());
}

void ReorderBuffer::release(std::vector<Arrival>& out) {
  if (inputs_.size() == 1) return release_single(inputs_.front(), out);
  const std::vector<Timestamp> limit = limits();
  const auto can_go = [&](uint32_t i) {
    return inputs_[i].has_pending() && inputs_[i].head().time <= limit[i];
  };
  const auto later = [&](uint32_t left, uint32_t right) {  // for a heap with the earliest on top
    const Timestamp l = inputs_[left].head().time;
    const Timestamp r = inputs_[right].head().time;
    return l != r ? l > r : left > right;
  };
  std::vector<uint32_t> heads;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (can_go(i)) heads.push_back(i);
  }
  std::make_heap(heads.begin(), heads.end(), later);
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end(), later);
    Input& input = inputs_[heads.back()];
    out.push_back(input.head());
    ++input.first;
    if (can_go(heads.back())) {
      std::push_heap(heads.begin(), heads.end(), later);
    } else {
      heads.pop_back();
    }
  }
}

Timestamp ReorderBuffer::settled() const {
  Timestamp settled = kMaxTimestamp;
  for (const Input& input : inputs_) settled = std::min(settled, input.watermark);
  return settled;
}

std::optional<uint32_t> ReorderBuffer::most_behind() const {
  std::optional<uint32_t> result;
  for (uint32_t i = 0; i < inputs_.size(); ++i) {
    if (inputs_[i].ended) continue;
    if (!result || inputs_[i].watermark < inputs_[*result].watermark) result = i;
  }
  return result;
}

size_t ReorderBuffer::pending() const {
  size_t total = 0;
  for (uint32_t input = 0; input < inputs_.size(); ++input) total += pending(input);
  return total;
}

}  // namespace tocsin::eventtime
