#include "nfa/stack_plan.h"

#include <algorithm>

namespace tocsin::nfa {
namespace {

constexpr size_t kMaxStacks = 64;  // each key has all of them

StackPlanning no(const std::string& why) {
  return {std::nullopt, "because " + why};
}

// Of an edge nothing may matter but which event takes it, and whether it is the first.
bool is_bare(const Edge& edge) {
  return !edge.in && !edge.after && !edge.ending && edge.untils.empty() && edge.longest == 0 &&
         edge.kept_flags == 0 && edge.guards.empty() && edge.actions.empty() &&
         edge.contiguity != Contiguity::kStrict;
}

bool ends(const Place& place) {
  return place.edges.size() == 1 && place.edges[0].target == kEndPlace && is_bare(place.edges[0]);
}

// Why a step needs runs; empty if it does not.
std::string obstacle(const Program& program, size_t number) {
  const Place& place = program.places[number];
  if (place.correlated) return "the condition of " + place.text.variable + " reads other events";
  if (!place.watches.empty()) return "a negation stands behind " + place.text.variable;
  if (number + 1 == program.places.size())
    return ends(place) ? "" : "its last step does not simply end the match";
  for (const Edge& edge : place.edges) {
    if (edge.target == kEndPlace) return "it can end with more than one step";
    if (!is_bare(edge)) return "more than a contiguity stands behind " + place.text.variable;
    if (edge.target < number) return "it has a loop over several steps";
    if (edge.target == number && number == 1) return "its first step is a loop";
  }
  return "";
}

}  // namespace

StackPlanning plan_stacks(const Program& program) {
  if (program.places.size() < 3) return no("it has one step only");
  if (program.leftmost) return no("`leftmost` compares matches of different times");
  if (program.reports_timeout) return no("`on timeout` reports what did not match");
  if (program.timed || !program.look_backs.empty()) return no("it waits for absences");
  if (!program.ranges.empty() || !program.logs.empty()) return no("its `without` spans steps");
  if (program.ambiguous) return no("two ways can bind the same events");
  if (program.sees_every_event) return no("`next` reads every event of the key");
  if (program.counters > 0) return no("it counts rounds, or steps in any order");
  if (program.having && program.skip != patterns::SkipKind::kNone) {
    return no("`having` may refuse the preferred match and not another");
  }
  if (program.places.size() > kMaxStacks + 2) return no("it has very many steps");
  const Place& start = program.places[kStartPlace];
  const bool one_start =
      start.edges.size() == 1 && start.edges[0].target == 1 && start.watches.empty();
  if (!one_start || !is_bare(start.edges[0])) return no("its first step is one of several");

  StackPlan plan;
  const size_t stacks = program.places.size() - 2;
  plan.ways.resize(stacks);
  plan.sources.resize(stacks + 1);
  for (size_t number = 1; number < program.places.size(); ++number) {
    if (std::string why = obstacle(program, number); !why.empty()) return no(why);
    if (number == plan.last()) break;
    const Place& place = program.places[number];
    for (size_t i = 0; i < place.edges.size(); ++i) {
      StackPlan::Way way;
      way.edge = static_cast<uint16_t>(i);
      way.source = static_cast<uint16_t>(number - 1);
      way.target = static_cast<uint16_t>(place.edges[i].target - 1);
      way.any = place.edges[i].contiguity == Contiguity::kAny;
      plan.ways[way.source].push_back(way);
      plan.sources[way.target].push_back(way);
    }
  }
  return {std::move(plan), {}};
}

}  // namespace tocsin::nfa
