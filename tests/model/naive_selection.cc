#include "tests/model/naive_selection.h"

#include <algorithm>
#include <optional>
#include <tuple>

namespace tocsin::model {

namespace {

using patterns::Pattern;
using patterns::SkipKind;

size_t first_event(const NaiveMatch& match) {
  return match.bound.front().event;
}

// The first or the last event that a match binds to a variable.
std::optional<size_t> event_of(const NaiveMatch& match, uint32_t variable, bool last) {
  std::optional<size_t> found;
  for (const Bound& bound : match.bound) {
    if (bound.variable == variable && (last || !found)) found = bound.event;
  }
  return found;
}

// Whether an emitted match m excludes matches with this first event.
bool excludes(const Pattern& pattern, const NaiveMatch& m, size_t first) {
  const bool same_first = first == first_event(m);
  switch (pattern.skip) {
    case SkipKind::kNone:
      return false;
    case SkipKind::kToNext:
      return same_first;
    case SkipKind::kPastLast:
      return first <= m.bound.back().event;
    case SkipKind::kToFirst:
    case SkipKind::kToLast:
      break;
  }
  const auto to = event_of(m, pattern.skip_variable, pattern.skip == SkipKind::kToLast);
  return same_first || (to && first < *to);
}

// The first to complete wins: by completion, first event, preference. With `leftmost` by first
// event and preference alone: the preferred match of a first event excludes its others.
std::vector<NaiveMatch> in_order(const Pattern& pattern, std::vector<NaiveMatch> matches) {
  std::ranges::sort(matches, [&](const NaiveMatch& left, const NaiveMatch& right) {
    if (!pattern.leftmost && left.decided.moment != right.decided.moment) {
      return left.decided.moment < right.decided.moment;
    }
    return std::forward_as_tuple(first_event(left), left.decisions) <
           std::forward_as_tuple(first_event(right), right.decisions);
  });
  return matches;
}

std::vector<NaiveMatch> emitted_of(const Pattern& pattern, const Found& found) {
  std::vector<NaiveMatch> emitted;
  for (const NaiveMatch& match : in_order(pattern, found.matches)) {
    const auto excludes_it = [&](const NaiveMatch& m) {
      return excludes(pattern, m, first_event(match));
    };
    if (std::ranges::none_of(emitted, excludes_it)) emitted.push_back(match);
  }
  return emitted;
}

// A first event is reported once its window has passed and none of its matches is still open,
// unless a match emitted by then begins with it or excludes it. With `leftmost` the earlier first
// events have been decided by then, and the later ones have not.
bool came_to_nothing(const World& world, size_t first, const Start& start,
                     const std::vector<NaiveMatch>& emitted) {
  const Timestamp end = world.events[first].time + *world.pattern.within;
  const Moment reported = std::max(world.clock.timer(end).moment, start.settled);
  return std::ranges::none_of(emitted, [&](const NaiveMatch& m) {
    const bool by_then =
        world.pattern.leftmost ? first_event(m) <= first : m.decided.moment <= reported;
    return by_then && (first_event(m) == first || excludes(world.pattern, m, first));
  });
}

}  // namespace

std::vector<Emitted> select(const World& world, const Found& found) {
  std::vector<Emitted> out;
  const std::vector<NaiveMatch> emitted = emitted_of(world.pattern, found);
  for (const NaiveMatch& match : emitted) {
    out.push_back({match.bound, match.decided.time, false});
  }
  if (!world.pattern.reports_timeout) return out;
  for (const auto& [first, start] : found.starts) {
    if (!came_to_nothing(world, first, start, emitted)) continue;
    out.push_back({start.furthest, world.events[first].time + *world.pattern.within, true});
  }
  return out;
}

}  // namespace tocsin::model
