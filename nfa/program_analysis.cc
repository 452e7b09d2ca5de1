#include "nfa/program_analysis.h"

#include <algorithm>
#include <optional>

namespace tocsin::nfa {
namespace {

// How long a run can wait here, where every way on has a bound.
std::optional<Duration> life_of(const Place& place) {
  std::optional<Duration> longest;
  for (const Edge& edge : place.edges) {
    if (edge.target == kEndPlace) continue;
    if (!edge.in) return std::nullopt;
    longest = longest ? std::max(*longest, *edge.in) : *edge.in;
  }
  return longest;
}

void analyse_edges(Place& place) {
  for (size_t i = 0; i < place.edges.size(); ++i) {
    const Edge& edge = place.edges[i];
    if (edge.target == kEndPlace) {
      place.end_edges |= bit(i);
      if (edge.ending) place.pending_edges |= bit(i);
      if (edge.ending && edge.ending->wait) place.waits_by_time = true;
      if (edge.ending && edge.ending->next) place.minds_next = true;
      continue;
    }
    if (edge.contiguity == Contiguity::kStrict) place.strict_edges |= bit(i);
    if (edge.contiguity == Contiguity::kAny) place.any_edges |= bit(i);
    if (edge.in || edge.after) place.waits_by_time = true;
  }
  for (const Watch& watch : place.watches) {
    if (watch.kind == WatchKind::kNext || watch.kind == WatchKind::kReachNext ||
        watch.kind == WatchKind::kLateNext) {
      place.minds_next = true;
    }
  }
  place.life = life_of(place);
}

// Two edges of a place lead to the same step, or two alternatives bind the same variable.
bool is_ambiguous(const Program& program) {
  std::vector<uint32_t> variables;
  for (size_t i = 0; i < program.places.size(); ++i) {
    const Place& place = program.places[i];
    std::vector<uint16_t> targets;
    for (const Edge& edge : place.edges) targets.push_back(edge.target);
    std::sort(targets.begin(), targets.end());
    if (std::adjacent_find(targets.begin(), targets.end()) != targets.end()) return true;
    if (i != kStartPlace) variables.push_back(place.variable);
  }
  std::sort(variables.begin(), variables.end());
  return std::adjacent_find(variables.begin(), variables.end()) != variables.end();
}

bool starts_wait(const Program& program) {
  if (program.leftmost || program.reports_timeout || !program.look_backs.empty() ||
      !program.logs.empty()) {
    return false;
  }
  const auto& edges = program.places[kStartPlace].edges;
  return std::all_of(edges.begin(), edges.end(), [&](const Edge& edge) {
    const Place& place = program.places[edge.target];
    // A way to the end without a guard is open after one round; a guard asks for two or more.
    const bool completes =
        std::any_of(place.edges.begin(), place.edges.end(), [](const Edge& next) {
          return next.target == kEndPlace && (next.guards.empty() || next.ending);
        });
    return !place.correlated && edge.untils.empty() && !completes;
  });
}

void append(std::vector<uint32_t>& out, const std::vector<uint32_t>& more) {
  out.insert(out.end(), more.begin(), more.end());
}

// What can still be read from here on: by the conditions of all places that can follow, by
// `having`.
void add_signatures(Program& program, const std::vector<uint32_t>& always_read) {
  auto& places = program.places;
  for (Place& place : places) place.signature = always_read;
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = places.size(); i-- > 0;) {
      std::vector<uint32_t> all = places[i].signature;
      for (const Watch& watch : places[i].watches) append(all, program.tests[watch.test].reads);
      for (const Edge& edge : places[i].edges) {
        for (const uint16_t test : edge.untils) append(all, program.tests[test].reads);
        if (edge.target == kEndPlace) continue;
        append(all, places[edge.target].reads);
        append(all, places[edge.target].signature);
      }
      std::sort(all.begin(), all.end());
      all.erase(std::unique(all.begin(), all.end()), all.end());
      if (all != places[i].signature) {
        places[i].signature = std::move(all);
        changed = true;
      }
    }
  }
}

}  // namespace

void analyse(Program& program, const std::vector<uint32_t>& always_read) {
  program.timed = program.leftmost || program.reports_timeout;
  for (Place& place : program.places) {
    analyse_edges(place);
    if (place.strict_edges != 0 || place.minds_next) program.sees_every_event = true;
    if (place.pending_edges != 0) program.timed = true;
  }
  program.ambiguous = is_ambiguous(program);
  program.starts_wait = starts_wait(program);
  add_signatures(program, always_read);
}

}  // namespace tocsin::nfa
