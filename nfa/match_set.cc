#include "nfa/match_set.h"

#include <algorithm>

#include "nfa/saved_events.h"

namespace tocsin::nfa {
namespace {

uint64_t capped_sum(uint64_t left, uint64_t right) {
  return left > UINT64_MAX - right ? UINT64_MAX : left + right;
}

}  // namespace

// From the last step back: an event takes part if one of its ways leads to an event that does. By
// `then any` it has only to come before one of them; else one of them must be the first behind it.
// So what takes part of a stack are a few ranges.
bool MatchSets::find(std::span<const InstanceStack> stacks, uint64_t consumed) {
  consumed_ = consumed;
  found_.resize(stacks.size());
  for (size_t stack = stacks.size(); stack-- > 0;) find_in(stacks, stack);
  return !found_.front().empty();
}

void MatchSets::find_in(std::span<const InstanceStack> stacks, size_t stack) {
  std::vector<Range>& ranges = found_[stack];
  ranges.clear();
  bool goes_round = false;
  for (const StackPlan::Way& way : plan_.ways[stack]) {
    if (way.target == stack) {
      goes_round = true;
    } else if (way.target == plan_.stacks()) {
      add_range(stacks[stack], ranges, way.any ? 0 : consumed_, UINT64_MAX);
    } else {
      const InstanceStack& target = stacks[way.target];
      const std::vector<Range>& reached = found_[way.target];
      if (reached.empty()) continue;
      if (way.any) {
        add_range(stacks[stack], ranges, 0, target.at(reached.back().end - 1).sequence);
        continue;
      }
      for (const Range& range : reached) {
        const uint64_t before =
            range.begin == 0 ? target.dropped() : target.at(range.begin - 1).sequence;
        add_range(stacks[stack], ranges, before, target.at(range.end - 1).sequence);
      }
    }
  }
  // Each event of a loop leads to the one behind it.
  if (goes_round && !ranges.empty()) ranges.assign(1, {0, ranges.back().end});
}

// Those whose sequence is `from` at least and less than `until`.
void MatchSets::add_range(const InstanceStack& stack, std::vector<Range>& ranges, uint64_t from,
                          uint64_t until) {
  Range added{from == 0 ? 0 : stack.behind(from - 1),
              until == UINT64_MAX ? stack.size() : stack.behind(until - 1)};
  if (added.begin >= added.end) return;
  const auto first = std::find_if(ranges.begin(), ranges.end(),
                                  [&](const Range& range) { return range.end >= added.begin; });
  auto behind = first;
  for (; behind != ranges.end() && behind->begin <= added.end; ++behind) {
    added.begin = std::min(added.begin, behind->begin);
    added.end = std::max(added.end, behind->end);
  }
  ranges.insert(ranges.erase(first, behind), added);
}

void MatchSets::make(std::span<const InstanceStack> stacks, TestedEvent& last, MatchSet& set) {
  for (size_t stack = 0; stack < stacks.size(); ++stack) add_part(stacks[stack], stack, set);
  MatchSet::Part& end = set.parts.emplace_back();
  end.first = static_cast<uint32_t>(set.events.size());
  end.count = 1;
  end.next = static_cast<uint32_t>(set.nexts.size());
  end.cells = static_cast<uint32_t>(set.cells.size());
  set.events.push_back(events_.store(last));
  set.cells.resize(set.cells.size() + cells_.back().words());
  cells_.back().write(set.cells.data() + end.cells, last, events_);
  for (size_t stack = 0; stack < stacks.size(); ++stack) link(stacks, stack, set);
}

void MatchSets::add_part(const InstanceStack& stack, size_t number, MatchSet& set) {
  MatchSet::Part& part = set.parts.emplace_back();
  part.first = static_cast<uint32_t>(set.events.size());
  part.next = static_cast<uint32_t>(set.nexts.size());
  part.cells = static_cast<uint32_t>(set.cells.size());
  const size_t words = cells_[number].words();
  for (const Range& range : found_[number]) {
    for (size_t i = range.begin; i < range.end; ++i) {
      set.events.push_back(stack.at(i).event);
      events_.retain(set.events.back());
      set.cells.insert(set.cells.end(), stack.words(i), stack.words(i) + words);
    }
  }
  part.count = static_cast<uint32_t>(set.events.size()) - part.first;
  set.nexts.resize(set.nexts.size() + part.count * plan_.ways[number].size(), MatchSet::kNone);
}

// Writes down where the ways of a stack's events lead.
void MatchSets::link(std::span<const InstanceStack> stacks, size_t stack, MatchSet& set) {
  const std::vector<StackPlan::Way>& ways = plan_.ways[stack];
  const MatchSet::Part& part = set.parts[stack];
  for (size_t number = 0; number < ways.size(); ++number) {
    const StackPlan::Way& way = ways[number];
    const bool to_last = way.target == plan_.stacks();
    uint32_t* next = set.nexts.data() + part.next + number;
    // Of the target: the range, the event in it, and how many events of the set come before.
    size_t range = 0;
    size_t at = to_last || found_[way.target].empty() ? 0 : found_[way.target][0].begin;
    uint32_t before = 0;
    for (const Range& mine : found_[stack]) {
      for (size_t i = mine.begin; i < mine.end; ++i, next += ways.size()) {
        const uint64_t sequence = stacks[stack].at(i).sequence;
        if (to_last) {
          *next = way.any || sequence >= consumed_ ? 0 : MatchSet::kNone;
          continue;
        }
        const InstanceStack& target = stacks[way.target];
        const std::vector<Range>& reached = found_[way.target];
        while (range < reached.size() && target.at(at).sequence <= sequence) {
          ++before;
          if (++at < reached[range].end) continue;
          if (++range < reached.size()) at = reached[range].begin;
        }
        if (range == reached.size()) break;
        const uint64_t skipped = at == 0 ? target.dropped() : target.at(at - 1).sequence;
        if (way.any || skipped <= sequence) *next = before;
      }
    }
  }
}

void MatchSets::release(MatchSet& set) {
  for (const EventId event : set.events) events_.release(event);
  set = {};
}

uint64_t MatchSets::count(const MatchSet& set) {
  // By event, and behind each part a zero: the matches from it and all behind it in its part.
  counts_.assign(set.events.size() + set.parts.size(), 0);
  const auto sums_of = [&](size_t part) { return counts_.data() + set.parts[part].first + part; };
  *sums_of(plan_.stacks()) = 1;
  for (size_t stack = plan_.stacks(); stack-- > 0;) {
    const std::vector<StackPlan::Way>& ways = plan_.ways[stack];
    const MatchSet::Part& part = set.parts[stack];
    uint64_t* sums = sums_of(stack);
    for (uint32_t i = part.count; i-- > 0;) {
      sums[i] = sums[i + 1];
      for (size_t way = 0; way < ways.size(); ++way) {
        const uint32_t next = set.nexts[part.next + i * ways.size() + way];
        if (next == MatchSet::kNone) continue;
        const uint64_t* of = sums_of(ways[way].target) + next;
        sums[i] = capped_sum(sums[i], ways[way].any || of[0] == UINT64_MAX ? of[0] : of[0] - of[1]);
      }
    }
  }
  return *sums_of(0);
}

NodeId MatchSets::bind(const MatchSet& set, NodeId parent, uint16_t edge, size_t part,
                       uint32_t at) {
  const MatchSet::Part& of = set.parts[part];
  return matcher_.bind_cells(parent, StackPlan::place_of(part), edge, set.events[of.first + at],
                             cells_[part], set.cells.data() + of.cells + at * cells_[part].words());
}

// The next match of the one that is being put together; kRootNode: there is none.
NodeId MatchSets::next_match(const MatchSet& set) {
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    const std::vector<StackPlan::Way>& ways = plan_.ways[frame.part];
    if (frame.way == ways.size()) {
      matcher_.buffer().release(frame.node);
      frames_.pop_back();
      continue;
    }
    const StackPlan::Way& way = ways[frame.way];
    if (frame.next == kFresh) frame.next = next_of(set, frame);
    if (frame.next == MatchSet::kNone) {
      ++frame.way;
      frame.next = kFresh;
      continue;
    }
    const uint32_t at = frame.next;
    const bool more = way.any && at + 1 < set.parts[way.target].count;
    frame.next = more ? at + 1 : MatchSet::kNone;
    const NodeId node = bind(set, frame.node, way.edge, way.target, at);
    if (way.target == plan_.stacks()) return node;
    frames_.push_back({way.target, 0, at, kFresh, node});
  }
  return kRootNode;
}

void MatchSets::unwind() {
  for (; !frames_.empty(); frames_.pop_back()) matcher_.buffer().release(frames_.back().node);
}

// ---- into saved state and back ----

void MatchSets::save(const MatchSet& set, eventtime::Encoder& out) const {
  for (size_t number = 0; number < set.parts.size(); ++number) {
    const MatchSet::Part& part = set.parts[number];
    out.number(part.count);
    for (uint32_t i = 0; i < part.count; ++i) {
      save_event(out, events_, set.events[part.first + i]);
      cells_[number].save(out, set.cells.data() + part.cells + i * cells_[number].words());
    }
  }
  for (const uint32_t next : set.nexts) out.number(uint64_t{next} + 1);  // kNone is 2^32
}

bool MatchSets::restore(MatchSet& set, eventtime::Decoder& from, RestoredEvents& events) {
  set = {};
  const auto read = [&] {
    for (size_t number = 0; number <= plan_.stacks(); ++number) {
      MatchSet::Part& part = set.parts.emplace_back();
      part.first = static_cast<uint32_t>(set.events.size());
      part.next = static_cast<uint32_t>(set.nexts.size());
      part.cells = static_cast<uint32_t>(set.cells.size());
      const size_t words = cells_[number].words();
      const TypeId type = matcher_.program().places[StackPlan::place_of(number)].type;
      for (size_t left = from.count(); left > 0; --left, ++part.count) {
        const EventId event = events.take(from, type);
        if (event == kNoEvent) return false;
        set.events.push_back(event);
        set.cells.resize(set.cells.size() + words);
        cells_[number].restore(from, set.cells.data() + set.cells.size() - words, events_, event);
      }
      if (number < plan_.stacks()) {
        set.nexts.resize(set.nexts.size() + part.count * plan_.ways[number].size());
      }
    }
    for (uint32_t& next : set.nexts) {
      next = static_cast<uint32_t>(from.number_up_to(uint64_t{UINT32_MAX} + 1) - 1);
    }
    return !from.failed() && is_whole(set);
  };
  if (read()) return true;
  release(set);
  return false;
}

// Whether each event leads on, each way to an event, and a loop forward.
bool MatchSets::is_whole(const MatchSet& set) const {
  if (set.parts.back().count != 1 || set.parts.front().count == 0) return false;
  for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
    const std::vector<StackPlan::Way>& ways = plan_.ways[stack];
    const MatchSet::Part& part = set.parts[stack];
    for (uint32_t i = 0; i < part.count; ++i) {
      bool leads_on = false;
      for (size_t way = 0; way < ways.size(); ++way) {
        const uint32_t next = set.nexts[part.next + i * ways.size() + way];
        if (next == MatchSet::kNone) continue;
        leads_on = true;
        if (next >= set.parts[ways[way].target].count) return false;
        if (ways[way].target == stack && next <= i) return false;
      }
      if (!leads_on) return false;
    }
  }
  return true;
}

}  // namespace tocsin::nfa
