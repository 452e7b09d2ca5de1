#include "nfa/field_index.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>

#include "eventtime/check.h"

namespace tocsin::nfa {
namespace {

using eventtime::Column;

// The first position where a lower bound holds; one behind the last where an upper bound does.
uint32_t begin_of(const OrderedValues& values, const std::optional<Bound>& lower) {
  if (!lower) return 0;
  return values.position(lower->value) + (lower->strict ? 1 : 0);
}

uint32_t end_of(const OrderedValues& values, const std::optional<Bound>& upper) {
  if (!upper) return values.positions();
  return values.position(upper->value) + (upper->strict ? 0 : 1);
}

OrderedValues bounds_of(const std::vector<Access>& accesses) {
  OrderedValues values(accesses[0].type);
  for (const Access& access : accesses) {
    if (access.lower) values.add(access.lower->value);
    if (access.upper) values.add(access.upper->value);
  }
  values.finish();
  return values;
}

uint64_t bits_of(Type type, const Constant& value) {
  if (type != Type::kFloat) return static_cast<uint64_t>(value.integer);
  return std::bit_cast<uint64_t>(value.number + 0.0);  // -0.0 becomes 0.0
}

}  // namespace

AccessKind kind_of(const Access& access) {
  if (!access.points.empty()) return AccessKind::kPoints;
  if (!access.part.empty()) return access.plain ? AccessKind::kPart : AccessKind::kRegex;
  if (access.lower && access.upper) return AccessKind::kRange;
  return access.lower ? AccessKind::kFrom : AccessKind::kTo;
}

std::unique_ptr<FieldIndex> FieldIndex::make(const std::vector<Access>& accesses) {
  switch (kind_of(accesses[0])) {
    case AccessKind::kPoints:
      return std::make_unique<PointIndex>(accesses);
    case AccessKind::kRange:
      return std::make_unique<RangeIndex>(accesses);
    case AccessKind::kPart:
    case AccessKind::kRegex:
      return std::make_unique<PartIndex>(accesses);
    default:
      return std::make_unique<ThresholdIndex>(accesses);
  }
}

std::vector<uint32_t> FieldIndex::best_order(const std::vector<Access>& accesses) {
  std::vector<uint32_t> order(accesses.size());
  std::iota(order.begin(), order.end(), 0U);
  const AccessKind kind = kind_of(accesses[0]);
  if (kind != AccessKind::kFrom && kind != AccessKind::kTo) return order;
  const OrderedValues values = bounds_of(accesses);
  std::vector<uint32_t> keys;
  for (const Access& access : accesses) {
    keys.push_back(kind == AccessKind::kFrom ? begin_of(values, access.lower)
                                             : values.positions() - end_of(values, access.upper));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t left, uint32_t right) { return keys[left] < keys[right]; });
  return order;
}

PointIndex::PointIndex(const std::vector<Access>& accesses) : type_(accesses[0].type) {
  std::map<std::pair<uint64_t, std::string>, std::vector<uint32_t>> lists;
  for (uint32_t number = 0; number < accesses.size(); ++number) {
    for (const Constant& point : accesses[number].points) {
      auto& list = type_ == Type::kString ? lists[{0, point.text}]
                                          : lists[{bits_of(type_, point), std::string()}];
      if (list.empty() || list.back() != number) list.push_back(number);
    }
  }
  for (const auto& [value, list] : lists) {
    const auto begin = static_cast<uint32_t>(numbers_.size());
    numbers_.insert(numbers_.end(), list.begin(), list.end());
    const List place{begin, static_cast<uint32_t>(numbers_.size())};
    if (type_ == Type::kString) {
      texts_.emplace(value.second, place);
    } else {
      integers_.emplace(value.first, place);
    }
  }
  if (texts_.size() > kFew) return;
  for (const auto& [text, place] : texts_) few_texts_.emplace_back(eventtime::Text(text), place);
}

// To compare a short text with a few costs less than its hash.
PointIndex::List PointIndex::list(const eventtime::Text& text) const {
  if (few_texts_.empty()) {
    const auto found = texts_.find(text.view());
    return found == texts_.end() ? List{} : found->second;
  }
  for (const auto& [other, place] : few_texts_) {
    if (other == text) return place;
  }
  return {};
}

PointIndex::List PointIndex::list(const Column& column, uint32_t row) const {
  if (type_ == Type::kString) return list(column.text(row));
  // What is not a number is not among the constants.
  const uint64_t bits = type_ == Type::kFloat ? std::bit_cast<uint64_t>(column.number(row) + 0.0)
                                              : static_cast<uint64_t>(column.integer(row));
  const auto found = integers_.find(bits);
  return found == integers_.end() ? List{} : found->second;
}

RangeIndex::RangeIndex(const std::vector<Access>& accesses) : values_(bounds_of(accesses)) {
  constexpr size_t kMaxLeaves = 16;  // of a range, on average
  std::vector<Span> spans;
  size_t leaves = 0;
  for (const Access& access : accesses) {
    Span span{begin_of(values_, access.lower), end_of(values_, access.upper)};
    span.end = std::max(span.begin, span.end);  // no value fits: `f > 2 and f < 1`
    leaves += span.end - span.begin;
    spans.push_back(span);
  }
  std::vector<std::vector<Entry>> nodes;  // by level
  if (leaves <= spans.size() * kMaxLeaves) {
    add_to_leaves(spans, nodes);
  } else {
    add_to_tree(spans, nodes);
  }
  for (uint32_t shift = 0; shift < nodes.size(); ++shift) {
    if (nodes[shift].empty()) continue;
    std::sort(nodes[shift].begin(), nodes[shift].end());
    Level& level = levels_.emplace_back();
    level.shift = shift;
    level.begins.assign((values_.positions() >> shift) + 2, 0);
    for (const auto& [node, number] : nodes[shift]) {
      ++level.begins[node + 1];
      level.numbers.push_back(number);
    }
    std::partial_sum(level.begins.begin(), level.begins.end(), level.begins.begin());
  }
}

void RangeIndex::add_to_leaves(const std::vector<Span>& spans,
                               std::vector<std::vector<Entry>>& nodes) {
  nodes.resize(1);
  for (uint32_t number = 0; number < spans.size(); ++number) {
    for (uint32_t at = spans[number].begin; at < spans[number].end; ++at) {
      nodes[0].emplace_back(at, number);
    }
  }
}

void RangeIndex::add_to_tree(const std::vector<Span>& spans,
                             std::vector<std::vector<Entry>>& nodes) {
  nodes.resize(33);
  for (uint32_t number = 0; number < spans.size(); ++number) {
    auto [begin, end] = spans[number];
    for (size_t level = 0; begin < end; ++level) {
      if ((begin & 1) != 0) nodes[level].emplace_back(begin++, number);
      if ((end & 1) != 0) nodes[level].emplace_back(--end, number);
      begin /= 2;
      end /= 2;
    }
  }
}

void RangeIndex::find(const Column& column, uint32_t row, std::vector<uint32_t>& found) {
  const uint32_t position = values_.position(column, row);
  if (position == OrderedValues::kNowhere) return;
  const size_t before = found.size();
  for (const Level& level : levels_) {
    const uint32_t node = position >> level.shift;
    for (uint32_t i = level.begins[node]; i < level.begins[node + 1]; ++i) {
      found.push_back(level.numbers[i]);  // mostly none or one: faster than insert()
    }
  }
  if (found.size() > before + 1 && levels_.size() > 1) {
    std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
  }
}

ThresholdIndex::ThresholdIndex(const std::vector<Access>& accesses)
    : values_(bounds_of(accesses)), counts_(values_.positions(), 0) {
  for (const Access& access : accesses) {
    const uint32_t begin = begin_of(values_, access.lower);
    const uint32_t end = end_of(values_, access.upper);
    if (access.lower) {
      ++counts_[begin];
    } else {
      ++counts_[end - 1];
    }
  }
  if (kind_of(accesses[0]) == AccessKind::kFrom) {
    std::partial_sum(counts_.begin(), counts_.end(), counts_.begin());
  } else {
    std::partial_sum(counts_.rbegin(), counts_.rend(), counts_.rbegin());
  }
}

void ThresholdIndex::find(const Column& column, uint32_t row, std::vector<uint32_t>& found) {
  const uint32_t position = values_.position(column, row);
  if (position == OrderedValues::kNowhere) return;
  const size_t before = found.size();
  found.resize(before + counts_[position]);
  std::iota(found.begin() + static_cast<std::ptrdiff_t>(before), found.end(), 0U);
}

PartIndex::PartIndex(const std::vector<Access>& accesses) {
  std::map<std::string, std::vector<uint32_t>> lists;
  for (uint32_t number = 0; number < accesses.size(); ++number) {
    lists[accesses[number].part].push_back(number);
  }
  std::vector<std::string> texts;
  for (auto& [text, list] : lists) {
    texts.push_back(text);
    numbers_.push_back(std::move(list));
  }
  expressions_.emplace(texts, accesses[0].plain);
}

void PartIndex::find(const Column& column, uint32_t row, std::vector<uint32_t>& found) {
  matching_.clear();
  expressions_->search(column.text(row).view(), matching_);
  const size_t before = found.size();
  for (const uint32_t expression : matching_) {
    found.insert(found.end(), numbers_[expression].begin(), numbers_[expression].end());
  }
  std::sort(found.begin() + static_cast<std::ptrdiff_t>(before), found.end());
}

}  // namespace tocsin::nfa
