#include "tests/model/naive_partial.h"

#include <algorithm>

#include "tests/model/naive_expression.h"

namespace tocsin::model {

using patterns::Contiguity;

// ---- one event ----

bool Partial::satisfies(size_t event, const Step& step) const {
  return satisfies(event, step, bound);
}

// A step, negation or `without` tests an event only under the key that its own field gave.
bool Partial::satisfies(size_t event, const Step& step, std::span<const Bound> seen) const {
  const NaiveEvent& tested = world_.events[event];
  if (tested.type != step.type) return false;
  if (is_keyed_by_step(world_.pattern) &&
      key_for(world_.pattern, step.variable, tested) != world_.key) {
    return false;
  }
  const Scope scope{world_.pattern, world_.catalog, world_.events, seen, &tested, world_.key};
  return !step.condition || holds(*step.condition, scope);
}

// The condition of `until` is not a step: it has no field of its own for a key, and is asked of
// every event of the key's input.
bool Partial::ends(const OpenUntil& until, size_t event) const {
  const NaiveEvent& tested = world_.events[event];
  const Scope scope{world_.pattern, world_.catalog, world_.events, bound, &tested, world_.key};
  return std::ranges::any_of(until.loop->until, [&](const Step& step) {
    return tested.type == step.type && holds(*step.condition, scope);
  });
}

bool Partial::any_satisfies(size_t begin, size_t end, const Step& step) const {
  for (size_t event = begin; event < end; ++event) {
    if (satisfies(event, step)) return true;
  }
  return false;
}

Timestamp Partial::window_end() const {
  return world_.events[bound.front().event].time + *world_.pattern.within;
}

bool Partial::is_within(size_t event) const {
  if (!world_.pattern.within || bound.empty()) return true;
  return world_.events[event].time <= window_end();
}

// ---- neighbours ----

bool Partial::may_bind(const Step& step, const Entry& entry, size_t event) const {
  if (!satisfies(event, step) || !is_within(event)) return false;
  const bool follows = connects(step, entry, open.negations.size(), event);
  if (!follows || !untils_hold(open.untils, event)) return false;
  if (bound.empty() && !look_back_holds(step, event)) return false;
  for (const OpenNegation& negation : open.negations) {
    if (!holds_up_to(negation, event)) return false;
  }
  const size_t begin = bound.empty() ? event : last() + 1;  // with nothing bound only the event
  for (size_t other = begin; other <= event; ++other) {
    const auto goes_on = [&](const LeftLongest& loop) { return could_go_on(loop, other); };
    if (std::ranges::any_of(open.longest, goes_on)) return false;
  }
  return true;
}

// "after p" means after p + D where `not x for D` stands between the neighbours: one of the first
// `negations` of those now open.
size_t Partial::after_absences(size_t negations) const {
  size_t begin = last() + 1;
  for (size_t i = 0; i < negations; ++i) {
    const Negation& negation = *open.negations[i].negation;
    if (!negation.duration) continue;
    const Timestamp end = last_time() + *negation.duration;
    while (begin < world_.events.size() && world_.events[begin].time <= end) ++begin;
  }
  return begin;
}

// Contiguity and `in`.
bool Partial::connects(const Step& step, const Entry& entry, size_t negations, size_t event) const {
  if (bound.empty()) return true;
  for (const Duration limit : entry.in) {
    if (world_.events[event].time - last_time() > limit) return false;
  }
  const size_t begin = after_absences(negations);
  if (event < begin) return false;
  switch (entry.contiguity) {
    case Contiguity::kStrict:
      return event == begin;
    case Contiguity::kAny:
      return true;
    case Contiguity::kRelaxed:
      break;
  }
  return !any_satisfies(begin, event, step);
}

// No event in the loop, and none between two of them, ends it.
bool Partial::untils_hold(std::span<const OpenUntil> untils, size_t event) const {
  for (const OpenUntil& until : untils) {
    const bool has_begun = bound.size() > until.first;
    for (size_t other = has_begun ? last() + 1 : event; other <= event; ++other) {
      if (ends(until, other)) return false;
    }
  }
  return true;
}

// The look-back sees the step behind it: the first event of the match.
bool Partial::look_back_holds(const Step& step, size_t event) const {
  const std::vector<Bound> with_first{{step.variable, event}};
  for (const Negation& negation : world_.pattern.match.elements.front().negations) {
    const Timestamp begin = world_.events[event].time - *negation.duration;
    for (size_t other = 0; other < event; ++other) {
      if (world_.events[other].time < begin) continue;
      if (satisfies(other, negation.step, with_first)) return false;
    }
  }
  return true;
}

void Partial::add(const Negation& negation) {
  if (bound.empty()) return;  // where nothing is bound before it, it demands nothing
  size_t reach = bound.size() - 1;
  for (const LeftLoop& loop : open.loops) {
    if (loop.last == bound.size() - 1) reach = std::min(reach, loop.first);
  }
  open.negations.push_back({&negation, reach});
}

// Every open negation up to the event that is bound next.
bool Partial::holds_up_to(const OpenNegation& open_one, size_t event) const {
  const Negation& negation = *open_one.negation;
  if (negation.duration) {
    if (world_.events[event].time <= last_time() + *negation.duration) return false;
    return absence_until(negation.step, last(), last_time() + *negation.duration).holds;
  }
  if (negation.next) return next_ones_hold(open_one, bound.size());
  return !any_satisfies(bound[open_one.reach].event + 1, event, negation.step);
}

// `next not`: the event directly after each event of the loop, or after the one bound last.
bool Partial::next_ones_hold(const OpenNegation& open_one, size_t end) const {
  for (size_t place = open_one.reach; place < end; ++place) {
    if (satisfies(bound[place].event + 1, open_one.negation->step)) return false;
  }
  return true;
}

// Whether the event could have been the loop's next one.
bool Partial::could_go_on(const LeftLongest& loop, size_t event) const {
  return satisfies(event, *loop.step) && is_within(event) &&
         connects(*loop.step, loop.entry, loop.negations, event) && untils_hold(loop.untils, event);
}

// ---- behind the last event ----

Ending Partial::absence_until(const Step& step, size_t after, Timestamp end) const {
  for (size_t event = after + 1; event < world_.events.size(); ++event) {
    if (world_.events[event].time > end) break;
    if (satisfies(event, step)) return {false, world_.clock.event(event)};
  }
  return {true, world_.clock.timer(end)};
}

Ending Partial::next_not_ending(const OpenNegation& open_one) const {
  if (!next_ones_hold(open_one, bound.size() - 1)) return {false, world_.clock.event(last())};
  const size_t next = last() + 1;
  if (next < world_.events.size() && is_within(next)) {
    return {!satisfies(next, open_one.negation->step), world_.clock.event(next)};
  }
  return {true, world_.pattern.within ? world_.clock.timer(window_end()) : world_.clock.end()};
}

Ending Partial::absence_ending(const OpenNegation& open_one) const {
  const Negation& negation = *open_one.negation;
  if (negation.next) return next_not_ending(open_one);
  if (negation.duration) {
    return absence_until(negation.step, last(), last_time() + *negation.duration);
  }
  return absence_until(negation.step, bound[open_one.reach].event, window_end());
}

// When the next round has become impossible.
Decided Partial::end_of_rounds(const LeftLongest& loop) const {
  std::vector<Decided> moments{world_.clock.end()};
  if (world_.pattern.within) moments.push_back(world_.clock.timer(window_end()));
  for (const Duration limit : loop.entry.in) {
    moments.push_back(world_.clock.timer(last_time() + limit));
  }
  const size_t begin = after_absences(loop.negations);
  if (loop.entry.contiguity == Contiguity::kStrict && begin < world_.events.size()) {
    moments.push_back(world_.clock.event(begin));
  }
  for (size_t event = last() + 1; event < world_.events.size(); ++event) {
    const auto ended = [&](const OpenUntil& until) {
      return bound.size() > until.first && ends(until, event);
    };
    if (std::ranges::any_of(loop.untils, ended)) moments.push_back(world_.clock.event(event));
  }
  return *std::ranges::min_element(moments, {}, &Decided::moment);
}

Ending Partial::ending() const {
  std::vector<Ending> parts{{true, world_.clock.event(last())}};
  for (const OpenNegation& open_one : open.negations) parts.push_back(absence_ending(open_one));
  for (const LeftLongest& loop : open.longest) {
    if (!absence_follows(loop)) parts.push_back({true, end_of_rounds(loop)});
  }
  Decided end = parts.front().decided;
  for (const Ending& part : parts) {
    end.moment = std::max(end.moment, part.decided.moment);
    end.time = std::max(end.time, part.decided.time);
  }
  for (size_t event = last() + 1; event < world_.events.size(); ++event) {
    const Decided here = world_.clock.event(event);
    for (const LeftLongest& loop : open.longest) {
      if (absence_follows(loop) && here.moment > end.moment) continue;
      if (could_go_on(loop, event)) parts.push_back({false, here});
    }
  }
  std::erase_if(parts, &Ending::holds);
  if (parts.empty()) return {true, end};
  const auto moment = [](const Ending& part) { return part.decided.moment; };
  return *std::ranges::min_element(parts, {}, moment);
}

// The end of the match is the absence's end where one follows the loop.
bool Partial::absence_follows(const LeftLongest& loop) const {
  return loop.negations < open.negations.size();
}

// ---- the whole ----

bool Partial::without_holds() const {
  return std::ranges::all_of(world_.pattern.without,
                             [&](const patterns::Without& one) { return without_holds(one); });
}

// No event after `begin` and up to `end`, bound or not, satisfies it; its condition sees what is
// bound before the event that it tests.
bool Partial::without_holds(const patterns::Without& without) const {
  size_t begin = bound.front().event;
  size_t end = last();
  if (without.after) {
    const auto is_after = [&](const Bound& one) { return one.variable == *without.after; };
    const auto is_before = [&](const Bound& one) { return one.variable == *without.before; };
    const auto after = std::find_if(bound.rbegin(), bound.rend(), is_after);
    const auto before = std::ranges::find_if(bound, is_before);
    if (after == bound.rend() || before == bound.end()) return true;
    begin = after->event;
    end = before->event;
  }
  for (size_t event = begin + 1; event <= end; ++event) {
    std::vector<Bound> seen;
    for (const Bound& one : bound) {
      if (one.event < event) seen.push_back(one);
    }
    if (satisfies(event, without.step, seen)) return false;
  }
  return true;
}

bool Partial::having_holds() const {
  const Scope whole{world_.pattern, world_.catalog, world_.events, bound, nullptr, world_.key};
  return !world_.pattern.having || holds(*world_.pattern.having, whole);
}

}  // namespace tocsin::model
