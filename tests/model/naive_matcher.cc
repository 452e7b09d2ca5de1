#include "tests/model/naive_matcher.h"

#include <algorithm>
#include <functional>

namespace tocsin::model {

namespace {

using patterns::Element;
using patterns::ElementKind;
using patterns::Sequence;
using patterns::Step;

using Continue = std::function<void()>;

bool is_loop(const Element& element) {
  return !element.maximum || *element.maximum > 1;
}

class Search {
 public:
  explicit Search(const World& world) : world_(world), partial_(world) {}

  Found run() {
    sequence(world_.pattern.match, 0, Entry{}, 0, [this] { complete(); });
    for (auto& [bound, match] : matches_) found_.matches.push_back(std::move(match));
    return std::move(found_);
  }

 private:
  // The elements of a sequence from `index` on. The first step that the sequence binds is connected
  // as the group around it is; before it, `bound_before` steps are bound.
  void sequence(const Sequence& elements, size_t index, const Entry& group, size_t bound_before,
                const Continue& next) {
    const size_t negations = partial_.open.negations.size();
    if (index == elements.elements.size()) {
      for (const patterns::Negation& negation : elements.trailing) partial_.add(negation);
      next();
    } else {
      const Element& element = elements.elements[index];
      for (const patterns::Negation& negation : element.negations) partial_.add(negation);
      Entry entry = partial_.bound.size() == bound_before ? group : Entry{element.connector, {}};
      if (element.in) entry.in.push_back(*element.in);
      begin(element, entry, [&] { sequence(elements, index + 1, group, bound_before, next); });
    }
    partial_.open.negations.resize(negations);
  }

  void begin(const Element& element, const Entry& entry, const Continue& next) {
    const size_t first = partial_.bound.size();
    if (!element.until.empty()) partial_.open.untils.push_back({&element, first});
    rounds(element, 0, first, entry, next);
    if (!element.until.empty()) partial_.open.untils.pop_back();
  }

  // An element of which `done` rounds are bound, the first at place `first`: another one, or none.
  // `entry` is what is said of the next round.
  void rounds(const Element& element, uint32_t done, size_t first, const Entry& entry,
              const Continue& next) {
    const bool may_go_on = !element.maximum || done < *element.maximum;
    const auto another = [&] {
      if (!may_go_on) return;
      once(element, entry,
           [&] { rounds(element, done + 1, first, Entry{element.loop, {}}, next); });
    };
    const auto leave = [&] {
      if (done >= element.minimum) leave_loop(element, done, first, entry, next);
    };
    decide(0, element.reluctant ? Continue(leave) : Continue(another));
    decide(1, element.reluctant ? Continue(another) : Continue(leave));
  }

  // Behind the last round: what is open from here on, until the next event is bound.
  void leave_loop(const Element& element, uint32_t done, size_t first, const Entry& entry,
                  const Continue& next) {
    Open& open = partial_.open;
    const Open before = open;
    if (element.longest && (!element.maximum || done < *element.maximum)) {
      open.longest.push_back({&element.step, entry, open.untils, open.negations.size()});
    }
    if (!element.until.empty()) open.untils.pop_back();
    if (is_loop(element) && done > 0) open.loops.push_back({first, partial_.bound.size() - 1});
    next();
    open = before;
  }

  void once(const Element& element, const Entry& entry, const Continue& next) {
    if (element.kind == ElementKind::kStep) {
      step(element.step, entry, next);
    } else if (element.kind == ElementKind::kGroup) {
      for (size_t i = 0; i < element.alternatives.size(); ++i) {
        decide(i,
               [&] { sequence(element.alternatives[i], 0, entry, partial_.bound.size(), next); });
      }
    } else {
      all_of(element, {}, entry, next);
    }
  }

  // The parts of `&` that are not among those done, one after the other: the first connected as the
  // group is, the others relaxed.
  void all_of(const Element& element, const std::vector<size_t>& done, const Entry& entry,
              const Continue& next) {
    if (done.size() == element.alternatives.size()) return next();
    for (size_t i = 0; i < element.alternatives.size(); ++i) {
      if (std::ranges::find(done, i) != done.end()) continue;
      std::vector<size_t> with_this = done;
      with_this.push_back(i);
      decide(i, [&] {
        sequence(element.alternatives[i], 0, entry, partial_.bound.size(),
                 [&] { all_of(element, with_this, Entry{}, next); });
      });
    }
  }

  void step(const Step& step, const Entry& entry, const Continue& next) {
    const size_t begin = partial_.bound.empty() ? 0 : partial_.bound.back().event + 1;
    for (size_t event = begin; event < world_.events.size(); ++event) {
      if (!partial_.may_bind(step, entry, event)) continue;
      decide(event, [&] {
        const Open before = partial_.open;
        partial_.bound.push_back({step.variable, event});
        partial_.open = Open{{}, {}, {}, before.untils};
        reached();
        next();
        partial_.bound.pop_back();
        partial_.open = before;
      });
    }
  }

  Start& start() { return found_.starts[partial_.bound.front().event]; }

  // The partial match so far: whether it is the furthest of its first event.
  void reached() {
    if (!world_.pattern.reports_timeout || !partial_.without_holds()) return;
    Start& known = start();
    const bool is_further = partial_.bound.size() > known.furthest.size();
    const bool is_preferred =
        partial_.bound.size() == known.furthest.size() && decisions_ < known.decisions;
    if (!is_further && !is_preferred) return;
    known.furthest = partial_.bound;
    known.decisions = decisions_;
  }

  // All steps of an unfolding are bound.
  void complete() {
    if (partial_.bound.empty() || !partial_.without_holds() || !partial_.having_holds()) return;
    const Ending ending = partial_.ending();
    Start& known_start = start();
    known_start.settled = std::max(known_start.settled, ending.decided.moment);
    if (!ending.holds) return;
    // Unfoldings that bind the same are one match: complete at the earliest of their moments.
    const NaiveMatch match{partial_.bound, ending.decided, decisions_};
    const auto [at, is_new] = matches_.emplace(partial_.bound, match);
    if (is_new) return;
    NaiveMatch& known = at->second;
    // Its place among others of that moment is that of the unfoldings that are decided then: what
    // is decided later may still come to nothing.
    if (match.decided.moment < known.decided.moment) {
      known = match;
    } else if (!(known.decided.moment < match.decided.moment)) {
      known.decisions = std::min(known.decisions, match.decisions);
    }
  }

  void decide(size_t decision, const Continue& next) {
    decisions_.push_back(decision);
    next();
    decisions_.pop_back();
  }

  const World& world_;
  Partial partial_;
  Decisions decisions_;
  std::map<std::vector<Bound>, NaiveMatch> matches_;
  Found found_;
};

}  // namespace

Found search(const World& world) {
  return Search(world).run();
}

}  // namespace tocsin::model
