// What is bound so far on one way through a sequence, and all that this demands of the next event
// (3.2 to 3.5), or of the events behind the last one when the way ends there (3.5, 3.6).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"
#include "tests/model/naive_key.h"
#include "tests/model/naive_moment.h"

namespace tocsin::model {

// What an element says of the step that it binds first.
struct Entry {
  patterns::Contiguity contiguity = patterns::Contiguity::kRelaxed;  // to the event bound before
  std::vector<Duration> in;  // at most so long after the event bound before it
};

// A negation written behind the event bound last. Behind a loop it reaches back to the loop's first
// event: `reach` is that event's place in `bound`; else the place of the event bound last.
struct OpenNegation {
  const patterns::Negation* negation = nullptr;
  size_t reach = 0;
};

// A loop with `until` that is going on; its first event has, or will have, this place in `bound`.
struct OpenUntil {
  const patterns::Element* loop = nullptr;
  size_t first = 0;
};

// A loop that has been left, by the places of its first and last event in `bound`.
struct LeftLoop {
  size_t first = 0;
  size_t last = 0;
};

// A `longest` loop that has been left though it could have had another round: what it says of its
// next event, and what was demanded of it.
struct LeftLongest {
  const patterns::Step* step = nullptr;
  Entry entry;
  std::vector<OpenUntil> untils;
  size_t negations = 0;  // how many of those now open were written before it
};

// What is open between the event bound last and the next one.
struct Open {
  std::vector<OpenNegation> negations;
  std::vector<LeftLoop> loops;
  std::vector<LeftLongest> longest;
  std::vector<OpenUntil> untils;
};

// Everything that stays the same for all ways through a pattern over one key's events.
struct World {
  const patterns::Pattern& pattern;
  const Catalog& catalog;
  std::span<const NaiveEvent> events;
  const Key& key;
  Clock clock;
};

// Whether an unfolding whose last step is bound makes a match, and when that is decided.
struct Ending {
  bool holds = false;
  Decided decided;
};

class Partial {
 public:
  explicit Partial(const World& world) : world_(world) {}

  std::vector<Bound> bound;
  Open open;

  // Whether the step's event after what is bound may be `event`.
  bool may_bind(const patterns::Step& step, const Entry& entry, size_t event) const;
  // A negation as it is written here.
  void add(const patterns::Negation& negation);
  Ending ending() const;
  // No `without` finds its event in what is bound.
  bool without_holds() const;
  bool having_holds() const;

 private:
  using Negation = patterns::Negation;
  using Step = patterns::Step;

  bool satisfies(size_t event, const Step& step) const;
  bool satisfies(size_t event, const Step& step, std::span<const Bound> seen) const;
  bool ends(const OpenUntil& until, size_t event) const;
  bool any_satisfies(size_t begin, size_t end, const Step& step) const;
  bool is_within(size_t event) const;
  bool connects(const Step& step, const Entry& entry, size_t negations, size_t event) const;
  bool look_back_holds(const Step& step, size_t event) const;
  bool holds_up_to(const OpenNegation& open, size_t event) const;
  bool next_ones_hold(const OpenNegation& open, size_t end) const;
  bool untils_hold(std::span<const OpenUntil> untils, size_t event) const;
  bool could_go_on(const LeftLongest& loop, size_t event) const;

  size_t last() const { return bound.back().event; }
  Timestamp last_time() const { return world_.events[last()].time; }
  Timestamp window_end() const;
  size_t after_absences(size_t negations) const;

  Ending absence_ending(const OpenNegation& open) const;
  Ending absence_until(const Step& step, size_t after, Timestamp end) const;
  Ending next_not_ending(const OpenNegation& open) const;
  Decided end_of_rounds(const LeftLongest& loop) const;
  bool absence_follows(const LeftLongest& loop) const;
  bool without_holds(const patterns::Without& without) const;

  const World& world_;
};

}  // namespace tocsin::model
