#include "nfa/matcher.h"

#include <algorithm>
#include <bit>

#include "eventtime/check.h"

namespace tocsin::nfa {
namespace {

using eventtime::Column;
using patterns::SkipKind;

// Looking for a dominated run costs time for each run kept; patterns whose runs differ in what they
// have seen would pay for nothing. The last few are where equal ones stand: with local
// conditions, one start has hardly more different runs than there are places.
constexpr size_t kMinDominationWindow = 8;
constexpr size_t kMaxDominationWindow = 256;

bool guards_hold(const Edge& edge, std::span<const uint32_t> counters) {
  return std::all_of(edge.guards.begin(), edge.guards.end(), [&](const CounterGuard& guard) {
    const uint32_t rounds = counters[guard.counter];
    return rounds >= guard.minimum && rounds <= guard.maximum;
  });
}

void apply(const std::vector<CounterAction>& actions, std::span<uint32_t> counters) {
  for (const CounterAction& action : actions) {
    uint32_t& rounds = counters[action.counter];
    rounds = action.restart ? 1 : std::min(rounds + 1, action.saturation);
  }
}

uint64_t bit(size_t index) {
  return uint64_t{1} << index;
}

}  // namespace

Matcher::Matcher(const Program& program, EventStore& events, size_t max_starts)
    : program_(program),
      events_(events),
      buffer_(program, events),
      max_starts_(max_starts),
      merges_(program.skip != SkipKind::kNone || program.ambiguous),
      domination_window_(
          std::clamp(2 * program.places.size(), kMinDominationWindow, kMaxDominationWindow)),
      hits_(program.places.size()),
      hit_stamp_(program.places.size()) {
  for (const Place& place : program.places) {
    if (bound_columns_.size() <= place.type) bound_columns_.resize(place.type + size_t{1});
    std::vector<uint32_t>& columns = bound_columns_[place.type];
    for (const SlotUpdate& update : place.updates) {
      if (update.column != kNoColumn) columns.push_back(update.column);
    }
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  }
}

EvalContext Matcher::context_of(NodeId node, std::span<const Value> key) {
  EvalContext context;
  context.slots = buffer_.slots(node);
  context.layout = &program_.layout;
  context.key = key;
  context.scratch = &scratch_;
  context.arithmetic_errors = &stats_.arithmetic_errors;
  return context;
}

uint64_t Matcher::hits(uint16_t index, const TestedEvent& event,
                       const PredicateResults& predicates) {
  if (hit_stamp_[index] == stamp_) return hits_[index];
  const Place& place = program_.places[index];
  uint64_t result = 0;
  for (size_t i = 0; i < place.edges.size(); ++i) {
    if (place.edges[i].target == kEndPlace) continue;
    const Place& target = program_.places[place.edges[i].target];
    if (target.type == event.row->type && predicates.holds(target.local, event.row->table_row)) {
      result |= bit(i);
    }
  }
  hit_stamp_[index] = stamp_;
  hits_[index] = result;
  return result;
}

bool Matcher::correlated_holds(const Place& target, NodeId node, const TestedEvent& event) {
  if (!target.correlated) return true;
  EvalContext context = context_of(node, {});
  context.table = &event.table();
  context.row = event.row->table_row;
  context.time = event.row->time;
  return target.correlated->holds(context);
}

void Matcher::on_event(KeyState& state, TestedEvent& event, const PredicateResults& predicates,
                       std::span<const Value> key, std::vector<Match>& matches) {
  ++stats_.events;
  ++stamp_;
  candidates_.clear();
  const auto touched = [&](const Run& run) {
    const uint64_t concerned =
        hits(run.place, event, predicates) | program_.places[run.place].strict_edges;
    return (run.alive & concerned) != 0 || run.deadline < event.row->time;
  };
  const auto first = std::find_if(state.runs.begin(), state.runs.end(), touched);
  if (first != state.runs.end()) {
    next_.clear();
    state.starts = 0;
    uint64_t start = 0;
    size_t group = 0;
    for (const Run& run : state.runs) {
      if (run.start != start) {
        if (group < next_.size()) ++state.starts;
        group = next_.size();
        start = run.start;
      }
      if (run.deadline < event.row->time) {
        buffer_.release(run.node);
      } else {
        step(run, run.alive & hits(run.place, event, predicates), event, group);
      }
    }
    if (group < next_.size()) ++state.starts;
    state.runs.assign(next_.begin(), next_.end());
  }
  begin(state, event, predicates);
  if (!candidates_.empty()) select(state, event.sequence, key, matches);
  scratch_.clear();
}

// Takes the edges that the event fits, most preferred first, and keeps what waits on.
void Matcher::step(const Run& run, uint64_t hit, TestedEvent& event, size_t group) {
  const Place& place = program_.places[run.place];
  Run rest = run;
  for (; hit != 0; hit &= hit - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(hit));
    const Edge& edge = place.edges[index];
    if (!correlated_holds(program_.places[edge.target], run.node, event)) continue;
    // A relaxed edge waits for the first event that satisfies the condition, whatever else that
    // event would have to be.
    if (edge.contiguity == Contiguity::kRelaxed) rest.alive &= ~bit(index);
    const bool in_time = !edge.in || run.place == kStartPlace ||
                         event.row->time - buffer_.event(run.node).time <= *edge.in;
    if (in_time) spawn(run, index, event, group);
  }
  rest.alive &= ~place.strict_edges;
  if (rest.alive != 0) {
    keep(rest, group);
  } else {
    buffer_.release(run.node);
  }
}

void Matcher::spawn(const Run& from, size_t edge_index, TestedEvent& event, size_t group) {
  const Edge& edge = program_.places[from.place].edges[edge_index];
  const Place& place = program_.places[edge.target];
  Run run;
  const bool begins = from.place == kStartPlace;
  run.start = begins ? event.sequence : from.start;
  run.started = begins ? event.row->time : from.started;
  run.place = edge.target;
  run.node = buffer_.add(from.node, edge.target, static_cast<uint16_t>(edge_index), event);
  ++stats_.runs;
  apply(edge.actions, buffer_.counters(run.node));
  bind(run.node, place, event);
  for (size_t i = 0; i < place.edges.size(); ++i) {
    if (guards_hold(place.edges[i], buffer_.counters(run.node))) run.alive |= bit(i);
  }
  if ((run.alive & place.end_edges) != 0) {
    buffer_.retain(run.node);
    candidates_.push_back({run.node, run.start});
  }
  run.alive &= ~place.end_edges;
  if (run.alive == 0) {
    buffer_.release(run.node);
    return;
  }
  run.deadline = deadline_of(run, place, event);
  keep(run, group);
}

Timestamp Matcher::deadline_of(const Run& run, const Place& place, const TestedEvent& event) const {
  Timestamp deadline = eventtime::kMaxTimestamp;
  if (program_.within) deadline = run.started + *program_.within;
  if (place.life) deadline = std::min(deadline, event.row->time + *place.life);
  return deadline;
}

void Matcher::bind(NodeId node, const Place& place, const TestedEvent& event) {
  uint64_t* words = buffer_.slots(node);
  const EventId stored = event.stored;
  for (const SlotUpdate& update : place.updates) {
    const Slot& slot = program_.layout.slot(update.slot);
    Value value;
    if (update.column != kNoColumn) {
      const Column& column = event.table().columns[update.column];
      if (update_plain_slot(slot, words, column, event.row->table_row)) continue;
      value = column.value(event.row->table_row);
      if (value.type == Type::kString) {
        value = Value::of_text(events_.text(stored, update.column));
      }
    }
    if (slot.kind != CaptureKind::kDistinct) {
      update_slot(slot, words, value, event.row->time, stats_.arithmetic_errors);
    } else if (!value.is_null() && is_new_value(node, slot, value)) {
      ++words[slot.word];
    }
  }
}

// The values so far are the companion slots of the nodes that bound the variable.
bool Matcher::is_new_value(NodeId node, const Slot& distinct, const Value& value) const {
  for (NodeId at = buffer_.node(node).parent; at != kRootNode; at = buffer_.node(at).parent) {
    const Place& place = program_.places[buffer_.node(at).place];
    if (place.variable != distinct.variable && distinct.variable != patterns::Capture::kPrevious) {
      continue;
    }
    const Value before = program_.layout.read(buffer_.slots(at), distinct.companion);
    if (before.is_null()) continue;
    if (value.type == Type::kString  ? before.cell.text == value.cell.text
        : value.type == Type::kFloat ? before.cell.number == value.cell.number
                                     : before.cell.integer == value.cell.integer) {
      return false;
    }
  }
  return true;
}

// Adds a run to the group of its start unless a better one of the same future stands there; removes
// those that it makes superfluous.
void Matcher::keep(const Run& run, size_t group) {
  if (merges_) {
    const size_t begin = std::max(group, next_.size() - std::min(next_.size(), domination_window_));
    for (size_t i = next_.size(); i-- > begin;) {
      if (dominates(next_[i], run)) {
        buffer_.release(run.node);
        return;
      }
      if (dominates(run, next_[i])) {
        buffer_.release(next_[i].node);
        next_.erase(next_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }
  next_.push_back(run);
}

// Claim 2: whatever completes `loser` completes `winner` at the same moment, and the winner's match
// is preferred. Under `skip none` only one way to the same bindings is superfluous.
bool Matcher::dominates(const Run& winner, const Run& loser) const {
  if (winner.place != loser.place || (winner.alive & loser.alive) != loser.alive) return false;
  if (!same_future(winner, loser)) return false;
  if (program_.skip == SkipKind::kNone && !buffer_.same_bindings(winner.node, loser.node)) {
    return false;
  }
  return preferred(winner, loser);
}

bool Matcher::same_future(const Run& left, const Run& right) const {
  const Place& place = program_.places[left.place];
  if (place.waits_by_time && buffer_.event(left.node).time != buffer_.event(right.node).time) {
    return false;
  }
  const auto left_counters = buffer_.counters(left.node);
  const auto right_counters = buffer_.counters(right.node);
  if (!std::equal(left_counters.begin(), left_counters.end(), right_counters.begin())) return false;
  return program_.layout.equal(buffer_.slots(left.node), buffer_.slots(right.node),
                               place.signature);
}

// As MatchBuffer::preferred, for runs that are not complete: where one continues the other, the
// edges that the shorter one still waits for decide.
bool Matcher::preferred(const Run& left, const Run& right) const {
  const uint32_t left_depth = buffer_.node(left.node).depth;
  const uint32_t right_depth = buffer_.node(right.node).depth;
  const bool left_shorter = left_depth < right_depth;
  NodeId shorter = left_shorter ? left.node : right.node;
  NodeId longer = left_shorter ? right.node : left.node;
  const uint32_t depth = std::min(left_depth, right_depth);
  NodeId above = longer;  // the longer path's step after `depth`
  while (buffer_.node(longer).depth > depth) {
    above = longer;
    longer = buffer_.node(longer).parent;
  }
  if (longer != shorter) return buffer_.preferred(left.node, right.node);
  if (left_depth == right_depth) return true;  // the same path: one of them is superfluous
  const uint64_t waits = left_shorter ? left.alive : right.alive;
  const auto taken = static_cast<int>(buffer_.node(above).edge);
  if (left_shorter) return 63 - std::countl_zero(waits) < taken;
  return std::countr_zero(waits) >= taken;
}

void Matcher::start(KeyState& state, TestedEvent& event, const PredicateResults& predicates) {
  ++stamp_;
  candidates_.clear();
  begin(state, event, predicates);
  TOCSIN_CHECK(candidates_.empty(), "a first event completes nothing");
}

void Matcher::prefetch(const TestedEvent& event) const {
  events_.prefetch(event);
  if (event.row->type >= bound_columns_.size()) return;
  for (const uint32_t column : bound_columns_[event.row->type]) {
    EventStore::prefetch(event.table().columns[column], event.row->table_row);
  }
}

// Runs that begin with this event.
void Matcher::begin(KeyState& state, TestedEvent& event, const PredicateResults& predicates) {
  uint64_t hit = hits(kStartPlace, event, predicates);
  if (hit == 0) return;
  next_.clear();
  const Run nothing;
  for (; hit != 0; hit &= hit - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(hit));
    const Edge& edge = program_.places[kStartPlace].edges[index];
    if (correlated_holds(program_.places[edge.target], kRootNode, event)) {
      spawn(nothing, index, event, 0);
    }
  }
  if (next_.empty()) return;
  state.runs.insert(state.runs.end(), next_.begin(), next_.end());
  ++state.starts;
  if (state.starts > max_starts_) enforce_limit(state);
}

void Matcher::enforce_limit(KeyState& state) {
  const uint64_t oldest = state.runs.front().start;
  const auto end = std::find_if(state.runs.begin(), state.runs.end(),
                                [&](const Run& run) { return run.start != oldest; });
  for (auto run = state.runs.begin(); run != end; ++run) buffer_.release(run->node);
  state.runs.erase(state.runs.begin(), end);
  --state.starts;
  ++stats_.dropped_starts;
}

// The sequence of the event that `skip to first v` or `to last v` skips to; 0 if v is not bound.
uint64_t Matcher::skip_target(NodeId match) const {
  uint64_t target = 0;
  for (NodeId at = match; at != kRootNode; at = buffer_.node(at).parent) {
    if (program_.places[buffer_.node(at).place].variable != program_.skip_variable) continue;
    target = buffer_.event(at).sequence;
    if (program_.skip == SkipKind::kToLast) break;
  }
  return target;
}

// Language page 3.7: candidates of this moment, earliest first event first, then by preference;
// each is emitted unless one emitted before excludes it.
void Matcher::select(KeyState& state, uint64_t now, std::span<const Value> key,
                     std::vector<Match>& matches) {
  std::sort(candidates_.begin(), candidates_.end(),
            [&](const Candidate& left, const Candidate& right) {
              if (left.start != right.start) return left.start < right.start;
              return buffer_.preferred(left.node, right.node);
            });
  const size_t first_match = matches.size();
  emitted_starts_.clear();
  uint64_t excluded_before = 0;  // first events with a smaller sequence
  for (const Candidate& candidate : candidates_) {
    const bool started_one = !emitted_starts_.empty() && emitted_starts_.back() == candidate.start;
    const bool excluded = program_.skip == SkipKind::kNone
                              ? started_one && is_repeated(candidate, matches, first_match)
                              : started_one || candidate.start < excluded_before;
    if (excluded || (program_.having && !program_.having->holds(context_of(candidate.node, key)))) {
      buffer_.release(candidate.node);
      continue;
    }
    matches.push_back({candidate.node});
    emitted_starts_.push_back(candidate.start);
    if (program_.skip == SkipKind::kPastLast) excluded_before = now + 1;
    if (program_.skip == SkipKind::kToFirst || program_.skip == SkipKind::kToLast) {
      excluded_before = std::max(excluded_before, skip_target(candidate.node));
    }
  }
  if (program_.skip != SkipKind::kNone && !emitted_starts_.empty()) {
    exclude(state, excluded_before);
  }
}

// Another way to the same bindings is the same match; only `skip none` lets both come here.
bool Matcher::is_repeated(const Candidate& candidate, const std::vector<Match>& matches,
                          size_t first_match) const {
  if (!program_.ambiguous) return false;
  for (size_t i = matches.size(); i-- > first_match;) {
    if (emitted_starts_[i - first_match] != candidate.start) return false;
    if (buffer_.same_bindings(matches[i].node, candidate.node)) return true;
  }
  return false;
}

void Matcher::exclude(KeyState& state, uint64_t before) {
  state.starts = 0;
  uint64_t last_start = 0;
  auto emitted = emitted_starts_.begin();
  const auto removed = [&](const Run& run) {
    while (emitted != emitted_starts_.end() && *emitted < run.start) ++emitted;
    if (run.start < before || (emitted != emitted_starts_.end() && *emitted == run.start)) {
      buffer_.release(run.node);
      return true;
    }
    if (run.start != last_start) ++state.starts;
    last_start = run.start;
    return false;
  };
  state.runs.erase(std::remove_if(state.runs.begin(), state.runs.end(), removed), state.runs.end());
}

void Matcher::expire(KeyState& state, Timestamp now) {
  state.starts = 0;
  uint64_t last_start = 0;
  const auto expired = [&](const Run& run) {
    if (run.deadline < now) {
      buffer_.release(run.node);
      return true;
    }
    if (run.start != last_start) ++state.starts;
    last_start = run.start;
    return false;
  };
  state.runs.erase(std::remove_if(state.runs.begin(), state.runs.end(), expired), state.runs.end());
}

Timestamp Matcher::next_deadline(const KeyState& state) const {
  Timestamp earliest = eventtime::kMaxTimestamp;
  for (const Run& run : state.runs) earliest = std::min(earliest, run.deadline);
  return earliest;
}

void Matcher::drop_all(KeyState& state) {
  for (const Run& run : state.runs) buffer_.release(run.node);
  state.runs.clear();
  state.starts = 0;
}

}  // namespace tocsin::nfa
