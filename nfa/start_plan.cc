#include "nfa/start_plan.h"

#include <algorithm>

#include "eventtime/codec.h"

namespace tocsin::nfa {
namespace {

using patterns::SkipKind;

// What stands between two steps of a plan may only be a contiguity, rounds and a bound in time.
bool is_plain(const Edge& edge) {
  return !edge.after && edge.untils.empty() && edge.longest == 0 && edge.kept_flags == 0 &&
         edge.contiguity != Contiguity::kStrict;
}

bool is_end(const Edge& edge) {
  return edge.target == kEndPlace && is_plain(edge);
}

// The step behind which nothing comes.
bool is_last(const Place& place) {
  return place.edges.size() == 1 && is_end(place.edges[0]) && !place.edges[0].ending &&
         place.watches.empty();
}

std::optional<Duration> smaller(std::optional<Duration> left, std::optional<Duration> right) {
  if (!left || !right) return left ? left : right;
  return std::min(*left, *right);
}

// Watches that drop whatever waits for the way out.
bool take_kills(const Place& place, WatchKind kind, StartPlan& plan) {
  for (const Watch& watch : place.watches) {
    if (watch.kind != kind || (watch.edges & 1) == 0 || watch.only_if != 0) return false;
    plan.kills.push_back(watch.test);
  }
  return true;
}

class Planner {
 public:
  explicit Planner(const Program& program) : program_(program) {}

  StartPlanning plan() {
    if (program_.places.size() > 3) return no("it has more than two steps");
    if (program_.leftmost) return no("`leftmost` compares matches of different times");
    if (program_.reports_timeout) return no("`on timeout` reports what did not match");
    if (!program_.look_backs.empty()) return no("it looks back from the first event");
    if (!program_.ranges.empty() || !program_.logs.empty()) return no("its `without` spans steps");
    if (program_.ambiguous) return no("two ways can bind the same events");
    if (program_.sees_every_event) return no("`next` reads every event of the key");
    const Place& start = program_.places[kStartPlace];
    const Place& first = program_.places[kFirstPlace];
    const bool one_start = start.edges.size() == 1 && start.edges[0].target == kFirstPlace &&
                           start.watches.empty() && start.edges[0].untils.empty();
    if (!one_start || first.correlated || first.minds_next)
      return no("its first step is one of several, reads the match, or has an `until`");
    if (program_.places.size() == 3) {
      const Place& second = program_.places[2];
      if (!is_last(second)) return no("its second step does not simply end the match");
      plan_.second = 2;
      return first.edges.size() == 1 ? pair(first) : loop_then(first, second);
    }
    if (first.edges.size() == 2) return loop(first);
    if (first.edges.size() == 1 && first.edges[0].ending) return absence(first);
    return single(first);
  }

 private:
  static StartPlanning no(const std::string& why) { return {std::nullopt, "because " + why}; }
  StartPlanning yes() const { return {plan_, {}}; }

  StartPlanning pair(const Place& first) {
    const Edge& exit = first.edges[0];
    if (exit.target != 2 || !is_plain(exit) || !exit.guards.empty()) {
      return no("more than a contiguity stands between its steps");
    }
    if (!take_kills(first, WatchKind::kBetween, plan_))
      return no("its negations do not simply end a partial match");
    plan_.kind = StartPlan::Kind::kPair;
    find_equality(program_.places[2].comparisons);
    if (!plan_.value_slot && plan_.kills.size() == 1) {
      find_equality(program_.tests[plan_.kills[0]].comparisons);
      plan_.kill_by_value = plan_.value_slot.has_value();
    }
    if (!plan_.equal_column || plan_.kill_by_value) find_order(program_.places[2].comparisons);
    plan_.stays = exit.contiguity == Contiguity::kAny;
    plan_.life = smaller(program_.within, exit.in);
    return yes();
  }

  StartPlanning absence(const Place& first) {
    const Edge& exit = first.edges[0];
    const Ending& ending = *exit.ending;
    Edge plain = exit;
    plain.after.reset();
    if (!is_end(plain) || exit.after != ending.wait || ending.next || ending.loops != 0 ||
        ending.wait.has_value() == ending.window) {
      return no("its end waits for more than an absence");
    }
    plan_.kind = StartPlan::Kind::kAbsence;
    plan_.life = ending.wait ? ending.wait : program_.within;
    const WatchKind kind = ending.wait ? WatchKind::kAbsence : WatchKind::kBetween;
    if (!take_kills(first, kind, plan_) || plan_.kills.size() != 1)
      return no("its negations do not simply end a partial match");
    find_equality(program_.tests[plan_.kills[0]].comparisons);
    plan_.kill_by_value = plan_.value_slot.has_value();
    return yes();
  }

  StartPlanning single(const Place& first) {
    if (!is_last(first)) return no("its end waits for more than an absence");
    plan_.kind = StartPlan::Kind::kLoop;
    plan_.life = program_.within;
    return yes();
  }

  StartPlanning loop(const Place& first) {
    if (program_.having && !program_.growing_having) {
      return no("`having` may refuse the longest loop and not a shorter one");
    }
    if (!take_loop(first) || !is_end(first.edges[1]) || first.edges[1].ending) {
      return no_loop(first);
    }
    if (program_.having && plan_.maximum != UINT32_MAX) {
      return no("`having` may come true too late for the longest loop");
    }
    plan_.kind = StartPlan::Kind::kLoop;
    if (program_.having) take_growing(*program_.growing_having);
    return yes();
  }

  // A value of the first event that a later event must have, too.
  void find_equality(const std::vector<CaptureComparison>& comparisons) {
    for (const CaptureComparison& comparison : comparisons) {
      const Slot& slot = program_.layout.slot(comparison.slot);
      const bool plain = slot.kind == CaptureKind::kLast || slot.kind == CaptureKind::kFirst;
      if (comparison.op != patterns::Op::kEqual || !plain || !is_of_first(comparison.slot))
        continue;
      plan_.value_slot = comparison.slot;
      plan_.equal_column = comparison.column;
      return;
    }
  }

  // A value of the first event that a later event must have a smaller or larger one than.
  void find_order(const std::vector<CaptureComparison>& comparisons) {
    using patterns::Op;
    for (const CaptureComparison& comparison : comparisons) {
      const Slot& slot = program_.layout.slot(comparison.slot);
      const bool plain = slot.kind == CaptureKind::kLast || slot.kind == CaptureKind::kFirst;
      const bool orders = comparison.op == Op::kLess || comparison.op == Op::kLessEqual ||
                          comparison.op == Op::kGreater || comparison.op == Op::kGreaterEqual;
      const bool is_number = slot.type != Type::kString && slot.type != Type::kBool;
      if (!plain || !orders || !is_number || !is_of_first(comparison.slot)) continue;
      plan_.order = comparison;
      return;
    }
  }

  bool is_of_first(uint32_t slot) const {
    const std::vector<SlotUpdate>& updates = program_.places[kFirstPlace].updates;
    return std::any_of(updates.begin(), updates.end(), [&](const SlotUpdate& update) {
      return update.slot == slot && update.column != kNoColumn;
    });
  }

  void take_growing(const std::vector<GrowingTerm>& terms) {
    plan_.growing = terms;
    for (const GrowingTerm& term : terms) {
      if (term.kind == CaptureKind::kDistinct) plan_.value_slot = term.slot;
      if (term.kind == CaptureKind::kSum) plan_.sum = term;
    }
  }

  StartPlanning loop_then(const Place& first, const Place& second) {
    if (first.edges.size() != 2 || !take_loop(first)) return no_loop(first);
    const Edge& exit = first.edges[1];
    if (exit.target != 2 || !is_plain(exit) || exit.in) {
      return no("more than a contiguity stands between its steps");
    }
    if (second.correlated) return no("the last step's condition reads the loop");
    if (program_.having) return no("`having` may refuse the longest loop and not a shorter one");
    plan_.kind = StartPlan::Kind::kLoopThen;
    return yes();
  }

  StartPlanning no_loop(const Place& first) const {
    if (first.edges.size() != 2 || first.edges[0].target != kFirstPlace) {
      return no("its first step is followed in more ways than one");
    }
    if (program_.skip == SkipKind::kNone) return no("`skip none` reports each part of a loop");
    return no("its loop has more than relaxed rounds");
  }

  // Another round is preferred to leaving, and both take the first event that fits.
  bool take_loop(const Place& first) {
    const Edge& again = first.edges[0];
    const Edge& exit = first.edges[1];
    if (program_.skip == SkipKind::kNone || again.target != kFirstPlace || !is_plain(again) ||
        again.in || again.contiguity != Contiguity::kRelaxed || !first.watches.empty()) {
      return false;
    }
    if (again.guards.size() > 1 || exit.guards.size() > 1) return false;
    plan_.loop_edge = 0;
    plan_.exit_edge = 1;
    plan_.maximum = again.guards.empty() ? UINT32_MAX : again.guards[0].maximum + 1;
    plan_.minimum = exit.guards.empty() ? 1 : exit.guards[0].minimum;
    plan_.life = program_.within;
    return true;
  }

  const Program& program_;
  StartPlan plan_;
};

}  // namespace

std::optional<PairKind> pair_kind(const Program& program, const StartPlan& plan) {
  if (plan.kind != StartPlan::Kind::kPair || !plan.kills.empty()) return std::nullopt;
  if (program.places[plan.second].correlated) return std::nullopt;
  const Place& first = program.places[kFirstPlace];
  PairKind kind{first.type, plan.life, {}};
  for (const SlotUpdate& update : first.updates) kind.columns.push_back(update.column);
  return kind;
}

std::string pair_shape(const Program& program) {
  std::string shape;
  eventtime::Encoder out(shape);
  for (const Slot& slot : program.layout.slots()) {
    for (const uint32_t part :
         {static_cast<uint32_t>(slot.kind), slot.variable, static_cast<uint32_t>(slot.field_type),
          static_cast<uint32_t>(slot.type), slot.word, slot.words, slot.null_bit, slot.companion}) {
      out.number(part);
    }
  }
  for (const Place& place : program.places) {
    out.number(place.variable);
    out.number(place.type);
    out.number(place.edges.size());
    out.number(place.updates.size());
    for (const SlotUpdate& update : place.updates) {
      out.number(update.slot);
      out.number(update.column);
    }
  }
  out.number(program.counters);
  return shape;
}

StartPlanning plan_starts(const Program& program) {
  return Planner(program).plan();
}

}  // namespace tocsin::nfa
