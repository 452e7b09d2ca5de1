// The part of Matcher that knows what time decides: windows, absences, endings, look-backs.
#include <algorithm>
#include <bit>

#include "eventtime/check.h"
#include "nfa/matcher.h"

namespace tocsin::nfa {
namespace {

using eventtime::kMaxTimestamp;

template <class Visit>
void for_each_bit(uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<size_t>(std::countr_zero(bits)));
}

}  // namespace

Timestamp Matcher::window_end(const Run& run) const {
  return program_.within ? run.started + *program_.within : kMaxTimestamp;
}

// The first time after which something in the run is decided or impossible.
Timestamp Matcher::deadline_of(const Run& run) const {
  const Place& place = program_.places[run.place];
  Timestamp deadline = kMaxTimestamp;
  if ((run.alive & ~place.end_edges) != 0) {
    deadline = window_end(run);
    if (place.life) deadline = std::min(deadline, buffer_.event(run.node).time + *place.life);
  }
  for_each_bit(run.alive & place.pending_edges, [&](size_t edge) {
    deadline = std::min(deadline, decided_by(run, *place.edges[edge].ending));
  });
  return deadline;
}

// The moment at which the match is complete if no event comes that has a say in it.
Timestamp Matcher::decided_by(const Run& run, const Ending& ending) const {
  const Place& place = program_.places[run.place];
  const Timestamp last = buffer_.event(run.node).time;
  Timestamp decided = eventtime::kMinTimestamp;
  if (ending.wait) decided = last + *ending.wait;
  const bool next = ending.next && (run.flags & Run::kFresh) != 0;
  if (ending.window || next) decided = std::max(decided, window_end(run));
  for_each_bit(run.alive & ending.loops, [&](size_t edge) {
    Timestamp over = window_end(run);
    if (place.edges[edge].in) over = std::min(over, last + *place.edges[edge].in);
    decided = std::max(decided, over);
  });
  return decided;
}

// Whether nothing after an event at `now` has a say in it.
bool Matcher::is_decided(const Run& run, const Ending& ending, Timestamp now) const {
  if (ending.next && (run.flags & Run::kFresh) != 0) return false;
  const Place& place = program_.places[run.place];
  const Timestamp last = buffer_.event(run.node).time;
  if (ending.wait && last + *ending.wait >= now) return false;
  if (ending.window && window_end(run) >= now) return false;
  bool decided = true;
  for_each_bit(run.alive & ending.loops, [&](size_t edge) {
    const std::optional<Duration>& in = place.edges[edge].in;
    decided = decided && in && last + *in < now;
  });
  return decided;
}

// The run's own match, where nothing more has to be waited for. Other ends of the same run would be
// the same match, later.
void Matcher::complete_at_once(Run& run, const Place& place, Timestamp now) {
  bool complete = false;
  for_each_bit(run.alive & place.end_edges, [&](size_t edge) {
    const std::optional<Ending>& ending = place.edges[edge].ending;
    const bool waits = ending && (ending->wait || ending->window || ending->next ||
                                  (run.alive & ending->loops) != 0);
    if (complete || waits) return;
    complete = true;
    buffer_.retain(run.node);
    candidates_.push_back({run.node, run.start, static_cast<uint16_t>(edge), now});
  });
  if (complete) run.alive &= ~place.end_edges;
}

void Matcher::complete_if_decided(Run& run, const TestedEvent& event) {
  const Place& place = program_.places[run.place];
  bool complete = false;
  for_each_bit(run.alive & place.pending_edges, [&](size_t edge) {
    if (complete || !is_decided(run, *place.edges[edge].ending, event.row->time)) return;
    complete = true;
    buffer_.retain(run.node);
    candidates_.push_back({run.node, run.start, static_cast<uint16_t>(edge), event.row->time});
  });
  if (complete) run.alive &= ~place.end_edges;
  run.deadline = deadline_of(run);
}

void Matcher::advance(KeyState& state, Timestamp now, std::span<const Value> key,
                      std::vector<Match>& matches) {
  while (state.next_moment < now) fire(state, state.next_moment, key, matches);
  if (!program_.timed) {
    erase_runs(state.runs, [&](const Run& run) {
      if (run.deadline >= now) return false;
      buffer_.release(run.node);
      return true;
    });
    state.starts = count_starts(state.runs);
  }
  if (state.runs.empty()) drop_logs(state);
  if (state.history != nullptr) forget(state, now);
}

// All events up to `moment` have been seen.
void Matcher::fire(KeyState& state, Timestamp moment, std::span<const Value> key,
                   std::vector<Match>& matches) {
  candidates_.clear();
  for (Run& run : state.runs) {
    if (run.deadline <= moment) pass_time(run, moment);
  }
  erase_runs(state.runs, [](const Run& run) { return run.alive == 0; });
  state.starts = count_starts(state.runs);
  if (!candidates_.empty()) select(state, key, matches);
  if (program_.leftmost) decide_leftmost(state, matches);
  if (program_.reports_timeout) report_timeouts(state, moment, matches);
  find_next_moment(state);
  TOCSIN_CHECK(state.next_moment > moment, "a moment passes once");
  scratch_.clear();
}

// A run that has nothing left is released; its `alive` is then 0.
void Matcher::pass_time(Run& run, Timestamp moment) {
  const Place& place = program_.places[run.place];
  bool complete = false;
  for_each_bit(run.alive & place.pending_edges, [&](size_t edge) {
    if (complete || decided_by(run, *place.edges[edge].ending) > moment) return;
    complete = true;
    buffer_.retain(run.node);
    candidates_.push_back({run.node, run.start, static_cast<uint16_t>(edge), moment});
  });
  if (complete) run.alive &= ~place.end_edges;
  const bool over = window_end(run) <= moment ||
                    (place.life && buffer_.event(run.node).time + *place.life <= moment);
  if (over) run.alive &= place.end_edges;
  if (run.alive == 0) {
    buffer_.release(run.node);
  } else {
    run.deadline = deadline_of(run);
  }
}

void Matcher::finish(KeyState& state, Timestamp end, std::span<const Value> key,
                     std::vector<Match>& matches) {
  while (state.next_moment < kMaxTimestamp) fire(state, state.next_moment, key, matches);
  candidates_.clear();
  for (const Run& run : state.runs) {
    const Place& place = program_.places[run.place];
    const uint64_t open = run.alive & place.pending_edges;
    if (open == 0) continue;
    const auto edge = static_cast<uint16_t>(std::countr_zero(open));
    buffer_.retain(run.node);
    const Timestamp complete = completed_by(run, *place.edges[edge].ending, end);
    candidates_.push_back({run.node, run.start, edge, complete});
  }
  for (const Run& run : state.runs) buffer_.release(run.node);
  state.runs.clear();
  state.starts = 0;
  if (!candidates_.empty()) select(state, key, matches);
  if (program_.leftmost) decide_leftmost(state, matches);
  drop_all(state);
  scratch_.clear();
}

// When a match is complete that the end of the input decides: what has no end of its own ends
// there.
Timestamp Matcher::completed_by(const Run& run, const Ending& ending, Timestamp end) const {
  const Timestamp last = buffer_.event(run.node).time;  // of a derived event, it may be beyond
  Timestamp complete = std::max(end, last);
  if (ending.wait) complete = std::max(complete, last + *ending.wait);
  if (program_.within && ending.window) complete = std::max(complete, window_end(run));
  const Place& place = program_.places[run.place];
  // While no event has come, a round that the run could have taken was ruled out by time alone.
  const bool untouched = ending.next && (run.flags & Run::kFresh) != 0;
  for_each_bit(ending.loops, [&](size_t edge) {
    const bool open = (run.alive >> edge & 1) != 0 ||
                      (untouched && guards_hold(place.edges[edge], buffer_.counters(run.node)));
    const std::optional<Duration>& in = place.edges[edge].in;
    if (open && in) complete = std::max(complete, last + *in);
  });
  return complete;
}

void Matcher::find_next_moment(KeyState& state) const {
  state.next_moment = kMaxTimestamp;
  for (const Run& run : state.runs) state.next_moment = std::min(state.next_moment, run.deadline);
  if (!program_.reports_timeout || state.history == nullptr) return;
  for (const Start& start : state.history->starts) {
    if (!has_run(state, start.sequence)) {
      state.next_moment = std::min(state.next_moment, start.window_end);
    } else if (program_.leftmost) {
      break;  // those behind it wait for what comes of it
    }
  }
}

Timestamp Matcher::next_deadline(const KeyState& state) const {
  Timestamp earliest = state.next_moment;
  if (!program_.timed) {
    for (const Run& run : state.runs) earliest = std::min(earliest, run.deadline);
  }
  if (state.history == nullptr) return earliest;
  for (size_t i = 0; i < state.history->past.size(); ++i) {
    const std::vector<PastEvent>& past = state.history->past[i];
    if (past.empty()) continue;
    earliest = std::min(earliest, past.back().time + program_.look_backs[i].span);
  }
  return earliest;
}

void Matcher::drop_all(KeyState& state) {
  for (const Run& run : state.runs) buffer_.release(run.node);
  state.runs.clear();
  state.starts = 0;
  state.next_moment = kMaxTimestamp;
  drop_logs(state);
  if (state.history == nullptr) return;
  for (Start& start : state.history->starts) drop_start(start);
  for (size_t i = 0; i < state.history->past.size(); ++i) {
    for (const PastEvent& event : state.history->past[i]) past_tables_[i].remove(event.row);
  }
  state.history.reset();
}

// Keeps the event for look-backs. Where its own fields decide, the last one speaks for all before.
void Matcher::remember(KeyState& state, const TestedEvent& event,
                       const PredicateResults& predicates) {
  for (size_t i = 0; i < program_.look_backs.size(); ++i) {
    const Test& test = program_.tests[program_.look_backs[i].test];
    if (!fits(test.type, test.variable, test.local, event, predicates)) continue;
    if (state.history == nullptr) state.history = std::make_unique<KeyHistory>();
    state.history->past.resize(program_.look_backs.size());
    std::vector<PastEvent>& past = state.history->past[i];
    if (!test.correlated && !past.empty()) {
      past.back().time = event.row->time;
      continue;
    }
    past.push_back({event.row->time, past_tables_[i].add(event.table(), event.row->table_row)});
  }
}

// Whether no event before the first one, which `node` binds, speaks against it.
bool Matcher::looks_back_clear(const KeyState& state, NodeId node, Timestamp now) {
  if (state.history == nullptr) return true;
  for (size_t i = 0; i < state.history->past.size(); ++i) {
    const LookBack& look_back = program_.look_backs[i];
    const Test& test = program_.tests[look_back.test];
    const std::vector<PastEvent>& past = state.history->past[i];
    for (auto event = past.rbegin(); event != past.rend(); ++event) {
      if (now - event->time > look_back.span) break;
      if (!test.correlated) return false;
      if (test_past(past_tables_[i], *event, *test.correlated, node)) return false;
    }
  }
  return true;
}

bool Matcher::test_past(const PastTable& table, const PastEvent& event, const Code& test,
                        NodeId node) {
  EvalContext context = context_of(node, {});
  context.table = &table.table();
  context.row = event.row;
  context.time = event.time;
  return test.holds(context);
}

// Keeps the event for negations behind loops, for as long as the key has runs.
void Matcher::log(KeyState& state, const TestedEvent& event, const PredicateResults& predicates) {
  if (state.history == nullptr) state.history = std::make_unique<KeyHistory>();
  KeyHistory& history = *state.history;
  history.logs.resize(program_.logs.size());
  for (size_t i = 0; i < program_.logs.size(); ++i) {
    const Test& test = program_.tests[program_.logs[i].test];
    if (!fits(test.type, test.variable, test.local, event, predicates)) continue;
    history.logs[i].push_back({event.row->time,
                               log_tables_[i].add(event.table(), event.row->table_row),
                               event.sequence, history.last_sequence});
  }
  history.last_sequence = event.sequence;
}

// Whether no event since the first one of the loop around the run's last binding, as the run sees
// it now, speaks against leaving the loop.
bool Matcher::is_late_clear(const KeyState& state, const Run& run, const Watch& watch) {
  std::vector<uint64_t> inside;  // the loop's events but the last, latest first
  for (NodeId at = run.node;;) {
    const Node& node = buffer_.node(at);
    const Edge& edge = program_.places[buffer_.node(node.parent).place].edges[node.edge];
    if ((edge.kept_flags & watch.flag) == 0) break;
    at = node.parent;
    inside.push_back(buffer_.event(at).sequence);
  }
  if (inside.empty()) return true;
  const Code& test = *program_.tests[watch.test].correlated;
  const auto& log = state.history->logs[watch.log];
  return std::none_of(log.begin(), log.end(), [&](const PastEvent& event) {
    const bool asked = watch.kind == WatchKind::kLate
                           ? event.sequence > inside.back()
                           : std::find(inside.begin(), inside.end(), event.before) != inside.end();
    return asked && test_past(log_tables_[watch.log], event, test, run.node);
  });
}

void Matcher::drop_logs(KeyState& state) {
  if (state.history == nullptr) return;
  for (size_t i = 0; i < state.history->logs.size(); ++i) {
    for (const PastEvent& event : state.history->logs[i]) log_tables_[i].remove(event.row);
  }
  state.history->logs.clear();
  drop_empty_history(state);
}

// What no look-back at `now` or later can reach.
void Matcher::forget(KeyState& state, Timestamp now) {
  KeyHistory& history = *state.history;
  for (size_t i = 0; i < history.past.size(); ++i) {
    const auto gone = [&](const PastEvent& event) {
      return now - event.time > program_.look_backs[i].span;
    };
    const auto kept = std::find_if_not(history.past[i].begin(), history.past[i].end(), gone);
    for (auto event = history.past[i].begin(); event != kept; ++event) {
      past_tables_[i].remove(event->row);
    }
    history.past[i].erase(history.past[i].begin(), kept);
  }
  drop_empty_history(state);
}

}  // namespace tocsin::nfa
