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

void apply(const std::vector<CounterAction>& actions, std::span<uint32_t> counters) {
  for (const CounterAction& action : actions) {
    uint32_t& counter = counters[action.counter];
    switch (action.op) {
      case CounterOp::kSet:
        counter = action.value;
        break;
      case CounterOp::kIncrement:
        counter = std::min(counter + 1, action.saturation);
        break;
      case CounterOp::kAddBits:
        counter |= action.value;
        break;
    }
  }
}

}  // namespace

bool Matcher::guards_hold(const Edge& edge, std::span<const uint32_t> counters) {
  return std::all_of(edge.guards.begin(), edge.guards.end(), [&](const CounterGuard& guard) {
    const uint32_t seen = counters[guard.counter] & guard.mask;
    return seen >= guard.minimum && seen <= guard.maximum;
  });
}

Matcher::Matcher(const Program& program, EventStore& events, size_t max_starts)
    : program_(program),
      events_(events),
      buffer_(program, events),
      max_starts_(max_starts),
      exact_(program.skip == SkipKind::kNone || program.reports_timeout || !program.logs.empty()),
      merges_(!exact_ || program.ambiguous),
      domination_window_(
          std::clamp(2 * program.places.size(), kMinDominationWindow, kMaxDominationWindow)),
      concerns_(program.places.size()) {
  for (const LookBack& look_back : program.look_backs) past_tables_.emplace_back(look_back);
  for (const LookBack& log : program.logs) log_tables_.emplace_back(log);
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

const Matcher::Concern& Matcher::concern(uint16_t index, const TestedEvent& event,
                                         const PredicateResults& predicates) {
  Concern& concern = concerns_[index];
  if (concern.stamp == stamp_) return concern;
  const Place& place = program_.places[index];
  concern = {0, 0, stamp_};
  for (size_t i = 0; i < place.edges.size(); ++i) {
    if (place.edges[i].target == kEndPlace) continue;
    const Place& target = program_.places[place.edges[i].target];
    if (fits(target.type, target.variable, target.local, event, predicates)) {
      concern.edges |= bit(i);
    }
  }
  for (size_t i = 0; i < place.watches.size(); ++i) {
    const Test& test = program_.tests[place.watches[i].test];
    if (fits(test.type, test.variable, test.local, event, predicates)) concern.watches |= bit(i);
  }
  return concern;
}

bool Matcher::holds(const std::optional<Code>& correlated, NodeId node, const TestedEvent& event) {
  if (!correlated) return true;
  EvalContext context = context_of(node, {});
  context.table = &event.table();
  context.row = event.row->table_row;
  context.time = event.row->time;
  return correlated->holds(context);
}

void Matcher::on_event(KeyState& state, TestedEvent& event, const PredicateResults& predicates,
                       std::span<const Value> key, std::vector<Match>& matches) {
  ++stats_.events;
  if (state.next_moment < event.row->time) advance(state, event.row->time, key, matches);
  ++stamp_;
  state_ = &state;
  predicates_ = &predicates;
  key_ = key;
  candidates_.clear();
  if (!program_.logs.empty()) log(state, event, predicates);
  const auto touched = [&](const Run& run) {
    const Concern& now = concern(run.place, event, predicates);
    const uint64_t concerned = now.edges | program_.places[run.place].strict_edges;
    return (run.alive & concerned) != 0 || now.watches != 0 || run.deadline < event.row->time ||
           (run.flags & Run::kFresh) != 0;
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
        step(run, concern(run.place, event, predicates), event, group);
      }
    }
    if (group < next_.size()) ++state.starts;
    state.runs.assign(next_.begin(), next_.end());
  }
  if (event.may_begin) begin(state, event, predicates);
  if (!candidates_.empty()) select(state, key, matches);
  if (program_.leftmost) decide_leftmost(state, matches);
  if (program_.timed) find_next_moment(state);
  if (!program_.logs.empty() && state.runs.empty()) drop_logs(state);
  if (!program_.look_backs.empty() && event.may_begin) remember(state, event, predicates);
  scratch_.clear();
}

// What the event means for the ways that a run has, besides being the next step.
Matcher::Verdict Matcher::watch(const Run& run, uint64_t watches, const TestedEvent& event) {
  const Place& place = program_.places[run.place];
  const bool fresh = (run.flags & Run::kFresh) != 0;
  Verdict verdict;
  for (; watches != 0; watches &= watches - 1) {
    const Watch& watch = place.watches[static_cast<size_t>(std::countr_zero(watches))];
    const bool next = watch.kind == WatchKind::kNext || watch.kind == WatchKind::kReachNext ||
                      watch.kind == WatchKind::kLateNext;
    if (next && !fresh) continue;
    if ((run.flags & watch.only_if) != watch.only_if) continue;
    if (watch.kind == WatchKind::kAbsence &&
        event.row->time - buffer_.event(run.node).time > watch.span) {
      continue;
    }
    if (!holds(program_.tests[watch.test].correlated, run.node, event)) continue;
    // A final negation looks as far as the window; a final absence has its own end.
    const bool too_late = watch.kind != WatchKind::kAbsence && event.row->time > window_end(run);
    const uint64_t edges = too_late ? watch.edges & ~place.end_edges : watch.edges;
    switch (watch.kind) {
      case WatchKind::kBetween:
      case WatchKind::kAbsence:
      case WatchKind::kLate:
        verdict.behind |= edges;
        break;
      case WatchKind::kReach:
        verdict.behind |= edges;
        verdict.seen |= watch.flag;
        break;
      case WatchKind::kNext:
      case WatchKind::kLateNext:
      case WatchKind::kUntil:
        verdict.before |= edges;
        break;
      case WatchKind::kWithout:
        verdict.seen |= Run::kBarred;
        break;
      case WatchKind::kReachNext:
        verdict.before |= edges;
        verdict.seen |= watch.flag;
        break;
      case WatchKind::kWithoutRange:
        verdict.seen |= watch.flag;
        break;
    }
  }
  return verdict;
}

// Takes the edges that the event fits, most preferred first, and keeps what waits on.
void Matcher::step(const Run& run, const Concern& concern, TestedEvent& event, size_t group) {
  const Place& place = program_.places[run.place];
  Run rest = run;
  Verdict verdict;
  if (concern.watches != 0) verdict = watch(run, concern.watches, event);
  rest.alive &= ~verdict.before;
  rest.flags = static_cast<uint16_t>(rest.flags | verdict.seen);
  uint64_t taken = takes(rest, rest.alive & concern.edges, event);
  const bool barred = (rest.flags & Run::kBarred) != 0;
  for (; taken != 0 && !barred; taken &= taken - 1) {
    spawn(rest, static_cast<size_t>(std::countr_zero(taken)), event, group);
  }
  rest.alive &= ~verdict.behind;
  rest.flags = static_cast<uint16_t>(rest.flags & ~Run::kFresh);
  for (uint64_t strict = rest.alive & place.strict_edges; strict != 0; strict &= strict - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(strict));
    const std::optional<Duration>& after = place.edges[index].after;
    const bool over = !after || event.row->time - buffer_.event(run.node).time > *after;
    if (over) rest.alive &= ~bit(index);
  }
  if ((rest.alive & place.pending_edges) != 0) complete_if_decided(rest, event);
  if (barred && (rest.alive & place.pending_edges) == 0) rest.alive = 0;
  if (rest.alive != 0) {
    keep(rest, group);
  } else {
    buffer_.release(run.node);
  }
}

// Of the edges in `hit` those that the event takes. An edge that waited for the first event of its
// kind has seen it, and a loop that can go on is not left.
uint64_t Matcher::takes(Run& run, uint64_t hit, const TestedEvent& event) {
  const Place& place = program_.places[run.place];
  const bool spent = (run.flags & Run::kSpent) != 0;
  uint64_t taken = 0;
  for (; hit != 0; hit &= hit - 1) {
    const auto index = static_cast<size_t>(std::countr_zero(hit));
    const Edge& edge = place.edges[index];
    if (edge.after && event.row->time - buffer_.event(run.node).time <= *edge.after) continue;
    const bool ends_by_until = edge.longest != 0 && !edge.untils.empty();
    if (ends_by_until && spent) continue;
    if (!holds(program_.places[edge.target].correlated, run.node, event)) continue;
    const bool may = may_take(run, edge, event);
    if (may) taken |= bit(index);
    if (edge.contiguity != Contiguity::kRelaxed) continue;
    const bool in_time = !edge.in || event.row->time - buffer_.event(run.node).time <= *edge.in;
    if (!may && in_time && ends_by_until && (edge.longest & place.pending_edges) != 0) {
      run.flags |= Run::kSpent;
    } else {
      run.alive &= ~bit(index);
    }
  }
  uint64_t dead = 0;
  for (uint64_t rest = taken; rest != 0; rest &= rest - 1) {
    dead |= place.edges[static_cast<size_t>(std::countr_zero(rest))].longest;
  }
  run.alive &= ~dead;
  return taken & ~dead;
}

// The bounds of the step that the event satisfies.
bool Matcher::may_take(const Run& run, const Edge& edge, const TestedEvent& event) {
  if (edge.in && run.place != kStartPlace &&
      event.row->time - buffer_.event(run.node).time > *edge.in) {
    return false;
  }
  return std::none_of(edge.untils.begin(), edge.untils.end(), [&](uint16_t index) {
    const Test& test = program_.tests[index];
    return fits(test.type, test.variable, test.local, event, *predicates_) &&
           holds(test.correlated, run.node, event);
  });
}

void Matcher::spawn(const Run& from, size_t edge_index, TestedEvent& event, size_t group) {
  const Edge& edge = program_.places[from.place].edges[edge_index];
  const Place& place = program_.places[edge.target];
  Run run;
  const bool begins = from.place == kStartPlace;
  run.start = begins ? event.sequence : from.start;
  run.started = begins ? event.row->time : from.started;
  run.place = edge.target;
  run.flags = static_cast<uint16_t>(from.flags & edge.kept_flags);
  pass_ranges(run.flags, place.variable);
  if (place.minds_next) run.flags |= Run::kFresh;
  run.node = buffer_.add(from.node, edge.target, static_cast<uint16_t>(edge_index), event);
  ++stats_.runs;
  apply(edge.actions, buffer_.counters(run.node));
  bind(run.node, place, event);
  if (begins && !program_.look_backs.empty() &&
      !looks_back_clear(*state_, run.node, event.row->time)) {
    buffer_.release(run.node);
    return;
  }
  for (size_t i = 0; i < place.edges.size(); ++i) {
    if (guards_hold(place.edges[i], buffer_.counters(run.node))) run.alive |= bit(i);
  }
  for (const Watch& watch : place.watches) {
    const bool reaches = watch.kind == WatchKind::kReach || watch.kind == WatchKind::kReachNext;
    if (reaches && (run.flags & watch.flag) != 0) run.alive &= ~watch.edges;
    const bool late = watch.kind == WatchKind::kLate || watch.kind == WatchKind::kLateNext;
    if (late && !is_late_clear(*state_, run, watch)) run.alive &= ~watch.edges;
  }
  const bool broken = breaks_range(run.flags);
  if (broken) run.alive &= ~place.end_edges;
  // What having refuses is no match, and nothing to wait for.
  if ((run.alive & place.pending_edges) != 0 && program_.having &&
      !program_.having->holds(context_of(run.node, key_))) {
    run.alive &= ~place.pending_edges;
  }
  if (!broken && (program_.reports_timeout || program_.leftmost)) note(*state_, run);
  complete_at_once(run, place, event.row->time);
  if (run.alive == 0) {
    buffer_.release(run.node);
    return;
  }
  run.deadline = deadline_of(run);
  keep(run, group);
}

// Keeps the flags of each `without x between a and b` when an event is bound. A range that was
// broken is whole again when a comes after b: it is empty then.
void Matcher::pass_ranges(uint16_t& flags, uint32_t variable) const {
  for (const RangeFlags& range : program_.ranges) {
    const auto open = static_cast<uint16_t>(1U << range.open);
    const auto broken = static_cast<uint16_t>(1U << range.broken);
    const auto closed = static_cast<uint16_t>(1U << range.closed);
    if (variable == range.before && (flags & closed) == 0) {
      flags = static_cast<uint16_t>((flags | closed) & ~open);
    }
    if (variable == range.after) {
      if ((flags & closed) == 0) flags |= open;
      flags = static_cast<uint16_t>(flags & ~broken);
    }
  }
}

bool Matcher::breaks_range(uint16_t flags) const {
  return std::any_of(program_.ranges.begin(), program_.ranges.end(), [&](const RangeFlags& range) {
    return (flags >> range.closed & flags >> range.broken & 1U) != 0;
  });
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
    bind_value(node, slot, value, event.row->time);
  }
}

void Matcher::bind_value(NodeId node, const Slot& slot, const Value& value, Timestamp time) {
  uint64_t* words = buffer_.slots(node);
  if (slot.kind != CaptureKind::kDistinct) {
    update_slot(slot, words, value, time, stats_.arithmetic_errors);
  } else if (!value.is_null() && is_new_value(node, slot, value)) {
    ++words[slot.word];
  }
}

NodeId Matcher::bind_cells(NodeId parent, uint16_t place, uint16_t edge, EventId stored,
                           const StartCells& cells, const uint64_t* words,
                           std::optional<KnownDistinct> known) {
  events_.retain(stored);
  const NodeId node = buffer_.add_stored(parent, place, edge, stored);
  const std::vector<SlotUpdate>& updates = program_.places[place].updates;
  if (updates.empty()) return node;
  const Timestamp time = events_.at(stored).time;
  for (size_t i = 0; i < updates.size(); ++i) {
    const Slot& slot = program_.layout.slot(updates[i].slot);
    const Value value = cells.read(words, i);
    if (known && known->slot == updates[i].slot) {
      if (known->is_new && !value.is_null()) ++buffer_.slots(node)[slot.word];
    } else {
      bind_value(node, slot, value, time);
    }
  }
  return node;
}

NodeId Matcher::bind_event(NodeId parent, uint16_t place, uint16_t edge, TestedEvent& event) {
  const NodeId node = buffer_.add(parent, place, edge, event);
  bind(node, program_.places[place], event);
  return node;
}

void Matcher::fill_slots(uint64_t* slots, std::span<const size_t> updates, const StartCells& cells,
                         const uint64_t* words, Timestamp time) {
  for (const size_t i : updates) {
    const Slot& slot = program_.layout.slot(program_.places[kFirstPlace].updates[i].slot);
    const Value value = cells.read(words, i);
    if (slot.kind == CaptureKind::kDistinct) {
      slots[slot.word] = value.is_null() ? 0 : 1;
    } else {
      update_slot(slot, slots, value, time, stats_.arithmetic_errors);
    }
  }
}

bool Matcher::holds(const Code& condition, const uint64_t* slots, const TestedEvent& event) {
  EvalContext context;
  context.slots = slots;
  context.layout = &program_.layout;
  context.scratch = &scratch_;
  context.arithmetic_errors = &stats_.arithmetic_errors;
  context.table = &event.table();
  context.row = event.row->table_row;
  context.time = event.row->time;
  return condition.holds(context);
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

void Matcher::start(KeyState& state, TestedEvent& event, const PredicateResults& predicates) {
  ++stamp_;
  state_ = &state;
  candidates_.clear();
  begin(state, event, predicates);
  TOCSIN_CHECK(candidates_.empty(), "a first event completes nothing");
}

void Matcher::prefetch(const TestedEvent& event) const {
  events_.prefetch(event);
  if (event.row->type >= bound_columns_.size()) return;  // of a negation
  for (const uint32_t column : bound_columns_[event.row->type]) {
    EventStore::prefetch(event.table().columns[column], event.row->table_row);
  }
}

// Runs that begin with this event.
void Matcher::begin(KeyState& state, TestedEvent& event, const PredicateResults& predicates) {
  const uint64_t hit = concern(kStartPlace, event, predicates).edges;
  if (hit == 0) return;
  next_.clear();
  predicates_ = &predicates;
  Run nothing;
  nothing.alive = hit;
  for (uint64_t taken = takes(nothing, hit, event); taken != 0; taken &= taken - 1) {
    spawn(nothing, static_cast<size_t>(std::countr_zero(taken)), event, 0);
  }
  if (next_.empty()) return;
  state.runs.insert(state.runs.end(), next_.begin(), next_.end());
  ++state.starts;
  const size_t noted = state.history != nullptr ? state.history->starts.size() : 0;
  if (std::max(state.starts, noted) > max_starts_) enforce_limit(state);
}

// Drops the oldest first event.
void Matcher::enforce_limit(KeyState& state) {
  uint64_t oldest = state.runs.front().start;
  if (state.history != nullptr && !state.history->starts.empty()) {
    oldest = std::min(oldest, state.history->starts.front().sequence);
  }
  const auto end = std::find_if(state.runs.begin(), state.runs.end(),
                                [&](const Run& run) { return run.start != oldest; });
  for (auto run = state.runs.begin(); run != end; ++run) buffer_.release(run->node);
  if (end != state.runs.begin()) --state.starts;
  state.runs.erase(state.runs.begin(), end);
  ++stats_.dropped_starts;
  if (state.history == nullptr) return;
  std::erase_if(state.history->starts, [&](Start& start) {
    if (start.sequence != oldest) return false;
    drop_start(start);
    return true;
  });
}

}  // namespace tocsin::nfa
