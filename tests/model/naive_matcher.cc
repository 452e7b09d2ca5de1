#include "tests/model/naive_matcher.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "tests/model/naive_expression.h"

namespace tocsin::model {

namespace {

using patterns::Contiguity;
using patterns::Element;
using patterns::ElementKind;
using patterns::Pattern;
using patterns::Sequence;
using patterns::SkipKind;
using patterns::Step;

using Continue = std::function<void()>;

// What an element says of the step that it binds first.
struct Entry {
  Contiguity contiguity = Contiguity::kRelaxed;  // to the event bound before it
  std::vector<Duration> in;                      // at most so long after the event bound before it
};

// Walks through all unfoldings, and binds each step of them to each event that may be bound to it.
class Search {
 public:
  Search(const Pattern& pattern, const Catalog& catalog, std::span<const NaiveEvent> events,
         std::span<const NaiveValue> key)
      : pattern_(pattern), catalog_(catalog), events_(events), key_(key) {}

  std::vector<NaiveMatch> run() {
    sequence(pattern_.match, 0, Entry{}, 0, [this] { complete(); });
    std::vector<NaiveMatch> matches;
    for (auto& [bound, match] : matches_) matches.push_back(std::move(match));
    return matches;
  }

 private:
  // The elements of a sequence from `index` on. The first step that the sequence binds is connected
  // as the group around it is; before it, `bound_before` steps are bound.
  void sequence(const Sequence& elements, size_t index, const Entry& group, size_t bound_before,
                const Continue& next) {
    if (index == elements.elements.size()) return next();
    const Element& element = elements.elements[index];
    Entry entry = bound_.size() == bound_before ? group : Entry{element.connector, {}};
    if (element.in) entry.in.push_back(*element.in);
    rounds(element, 0, entry, [&] { sequence(elements, index + 1, group, bound_before, next); });
  }

  // An element of which `done` rounds are bound: another one, or none.
  void rounds(const Element& element, uint32_t done, const Entry& entry, const Continue& next) {
    if (!element.maximum || done < *element.maximum) {
      decide(0, [&] {
        const Entry round = done == 0 ? entry : Entry{element.loop, {}};
        once(element, round, [&] { rounds(element, done + 1, entry, next); });
      });
    }
    if (done >= element.minimum) decide(1, next);
  }

  void once(const Element& element, const Entry& entry, const Continue& next) {
    switch (element.kind) {
      case ElementKind::kStep:
        step(element.step, entry, next);
        break;
      case ElementKind::kGroup:
        sequence(element.alternatives[0], 0, entry, bound_.size(), next);
        break;
      case ElementKind::kAll:
        break;
    }
  }

  void step(const Step& step, const Entry& entry, const Continue& next) {
    for (size_t q = bound_.empty() ? 0 : bound_.back().event + 1; q < events_.size(); ++q) {
      if (!satisfies(events_[q], step) || !may_follow(step, entry, q)) continue;
      decide(q, [&] {
        bound_.push_back({step.variable, q});
        next();
        bound_.pop_back();
      });
    }
  }

  // The demands on the neighbours p and q, p being the event bound last.
  bool may_follow(const Step& step, const Entry& entry, size_t q) const {
    if (bound_.empty()) return true;
    const size_t p = bound_.back().event;
    for (const Duration bound : entry.in) {
      if (events_[q].time - events_[p].time > bound) return false;
    }
    switch (entry.contiguity) {
      case Contiguity::kStrict:
        return q == p + 1;
      case Contiguity::kAny:
        return true;
      case Contiguity::kRelaxed:
        break;
    }
    for (size_t between = p + 1; between < q; ++between) {
      if (satisfies(events_[between], step)) return false;
    }
    return true;
  }

  bool satisfies(const NaiveEvent& event, const Step& step) const {
    if (event.type != step.type) return false;
    return !step.condition ||
           holds(*step.condition, {pattern_, catalog_, events_, bound_, &event, key_});
  }

  // All steps of an unfolding are bound.
  void complete() {
    if (bound_.empty()) return;
    const size_t last = bound_.back().event;
    const Timestamp end = events_[last].time;
    if (pattern_.within && end - events_[bound_.front().event].time > *pattern_.within) return;
    const Scope whole{pattern_, catalog_, events_, bound_, nullptr, key_};
    if (pattern_.having && !holds(*pattern_.having, whole)) return;
    NaiveMatch match{bound_, last, end, decisions_, results(whole)};
    // Unfoldings that bind the same are one match: complete at the earliest of their moments.
    const auto [at, is_new] = matches_.emplace(bound_, match);
    if (is_new) return;
    NaiveMatch& known = at->second;
    if (match.moment < known.moment) {
      known.moment = match.moment;
      known.complete = match.complete;
    }
    known.decisions = std::min(known.decisions, match.decisions);
  }

  std::vector<NaiveResult> results(const Scope& whole) const {
    std::vector<NaiveResult> results;
    for (const patterns::Result& wanted : pattern_.emit) {
      const bool is_capture = wanted.value.op == patterns::Op::kCapture;
      const patterns::Capture* capture =
          is_capture ? &pattern_.captures[wanted.value.index] : nullptr;
      const bool is_list = capture && capture->kind == patterns::CaptureKind::kCollect;
      NaiveResult result{wanted.name, is_list, {}};
      if (is_list) {
        result.values = captured(*capture, whole);
      } else {
        result.values = {evaluate(wanted.value, whole)};
      }
      results.push_back(std::move(result));
    }
    return results;
  }

  void decide(size_t decision, const Continue& next) {
    decisions_.push_back(decision);
    next();
    decisions_.pop_back();
  }

  const Pattern& pattern_;
  const Catalog& catalog_;
  const std::span<const NaiveEvent> events_;
  const std::span<const NaiveValue> key_;
  std::vector<Bound> bound_;
  std::vector<size_t> decisions_;
  std::map<std::vector<Bound>, NaiveMatch> matches_;
};

// The first or the last event that a match binds to a variable.
std::optional<size_t> event_of(const NaiveMatch& match, uint32_t variable, bool last) {
  std::optional<size_t> found;
  for (const Bound& bound : match.bound) {
    if (bound.variable == variable && (last || !found)) found = bound.event;
  }
  return found;
}

// Whether an emitted match m excludes another.
bool excludes(const Pattern& pattern, const NaiveMatch& m, const NaiveMatch& other) {
  const size_t first = other.bound.front().event;
  const bool same_first = first == m.bound.front().event;
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

}  // namespace

std::vector<NaiveMatch> find_matches(const Pattern& pattern, const Catalog& catalog,
                                     std::span<const NaiveEvent> events,
                                     std::span<const NaiveValue> key) {
  std::vector<NaiveMatch> matches = Search(pattern, catalog, events, key).run();
  std::stable_sort(matches.begin(), matches.end(), [](const auto& left, const auto& right) {
    return std::tie(left.moment, left.bound.front().event, left.decisions) <
           std::tie(right.moment, right.bound.front().event, right.decisions);
  });
  return matches;
}

std::vector<NaiveMatch> select_matches(const Pattern& pattern,
                                       std::span<const NaiveMatch> matches) {
  std::vector<NaiveMatch> emitted;
  for (const NaiveMatch& match : matches) {
    const auto excluded_by = [&](const NaiveMatch& m) { return excludes(pattern, m, match); };
    if (std::none_of(emitted.begin(), emitted.end(), excluded_by)) emitted.push_back(match);
  }
  return emitted;
}

}  // namespace tocsin::model
