// The parts of the operators that tell what is pending.
#include "runtime/pending.h"

#include <algorithm>
#include <bit>

#include "runtime/run_operator.h"
#include "runtime/start_operator.h"

namespace tocsin::runtime {
namespace {

void add_name_once(std::vector<std::string_view>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

// Where the edges in `alive` lead.
void add_next(std::vector<std::string_view>& names, const nfa::Program& program,
              const nfa::Place& place, uint64_t alive) {
  for (size_t i = 0; i < place.edges.size(); ++i) {
    if ((alive >> i & 1) == 0) continue;
    const uint16_t target = place.edges[i].target;
    add_name_once(names, target == nfa::kEndPlace
                             ? std::string_view("match")
                             : std::string_view(program.places[target].text.variable));
  }
}

}  // namespace

PendingEvent pending_event(const nfa::StoredEvent& event, std::string_view variable) {
  return {variable, event.type, event.time, event.input, event.record, event.raw};
}

PendingEvent pending_event(const LoadedBatch& loaded, uint32_t number, std::string_view variable) {
  const eventtime::Row& row = loaded.batch->rows[number];
  return {variable, row.type, row.time, loaded.batch->input, row.record, row.raw};
}

void RunOperator::describe(const VisitPending& visit) const {
  std::vector<PendingMatch> matches;
  std::vector<nfa::NodeId> path;
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    const KeyEntry& entry = keys_.at(slot);
    if (entry.state.empty()) continue;
    matches.clear();
    for (const nfa::Run& run : entry.state.runs) {
      PendingMatch& match = matches.emplace_back();
      path.clear();
      matcher_.buffer().path(run.node, path);
      for (const nfa::NodeId node : path) {
        const uint16_t place = matcher_.buffer().node(node).place;
        match.events.push_back(
            pending_event(matcher_.buffer().event(node), program_.places[place].text.variable));
      }
      add_next(match.next, program_, program_.places[run.place], run.alive);
      match.expires = run.deadline;
    }
    visit(entry.key, matches);
  }
  describe_waiting(visit);
}

void RunOperator::describe_waiting(const VisitPending& visit) const {
  const WaitingStarts& waiting = keys_.waiting();
  std::vector<PendingMatch> matches;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const WaitingStart* start = &waiting.at(waiting.place(i));
    if (start->chain == 0) continue;
    const std::string key(keys_.key_of(*start));
    matches.clear();
    for (uint32_t left = start->chain; left > 0; --left) {
      PendingMatch& match = matches.emplace_back();
      describe_waiting_start(*start, match);
      if (left > 1) start = &waiting.at(start->next);
    }
    visit(key, matches);
  }
}

void RunOperator::describe_waiting_start(const WaitingStart& start, PendingMatch& match) const {
  const eventtime::Row& row = start.loaded->batch->rows[start.row];
  for (const nfa::Edge& edge : program_.places[nfa::kStartPlace].edges) {
    const nfa::Place& first = program_.places[edge.target];
    if (first.type != row.type || !start.loaded->predicates.holds(first.local, row.table_row)) {
      continue;
    }
    if (match.events.empty()) {
      match.events.push_back(pending_event(*start.loaded, start.row, first.text.variable));
    }
    add_next(match.next, program_, first, UINT64_MAX);
  }
  // By conditions that have changed since, it would be none.
  if (match.events.empty()) match.events.push_back(pending_event(*start.loaded, start.row, {}));
  if (program_.within) match.expires = start.time + *program_.within;
}

void StartOperator::describe(const VisitPending& visit) const {
  const bool loop = plan_.kind == Kind::kLoop || plan_.kind == Kind::kLoopThen;
  const std::string_view first = program_.places[nfa::kFirstPlace].text.variable;
  std::vector<PendingMatch> matches;
  log_.for_each_chain([&](uint32_t number) {
    const StartLog::Chain& chain = log_.chain(number);
    matches.clear();
    uint32_t left = chain.count;
    for (uint32_t place = chain.oldest; place != kNone; place = log_.at(place).newer, --left) {
      if (is_spent(place)) continue;
      PendingMatch& match = matches.emplace_back();
      match.events.push_back(held_.describe(place, first));
      if (loop) match.next.push_back(first);
      if (loop) match.rounds = std::min(left, plan_.maximum);
      if (plan_.second != nfa::kEndPlace && left >= plan_.minimum) {
        match.next.emplace_back(program_.places[plan_.second].text.variable);
      }
      if (plan_.kind == Kind::kAbsence) match.next.emplace_back("match");
      if (plan_.life) match.expires = log_.at(place).time + *plan_.life;
    }
    visit(StartLog::key_of(chain), matches);
  });
}

}  // namespace tocsin::runtime
