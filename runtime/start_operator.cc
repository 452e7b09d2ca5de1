#include "runtime/start_operator.h"

#include <algorithm>

namespace tocsin::runtime {

using eventtime::Timestamp;
using nfa::NodeId;
using patterns::SkipKind;

namespace {

constexpr size_t kPrefetchDistance = 16;  // of first events that expire

bool contains(const std::vector<uint32_t>& list, uint32_t item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

}  // namespace

StartOperator::StartOperator(OperatorParts parts, const eventtime::EventSchema& schema)
    : PatternOperator(std::move(parts)),
      plan_(*nfa::plan_starts(program_).plan),
      cells_(program_.places[nfa::kFirstPlace], schema),
      log_(cells_.words()),
      clear_slots_(program_.layout.words()),
      slots_(clear_slots_.size()) {
  program_.layout.clear(clear_slots_.data());
  const nfa::Place& first = program_.places[nfa::kFirstPlace];
  for (size_t i = 0; i < first.updates.size(); ++i) {
    const uint32_t slot = first.updates[i].slot;
    bool read =
        plan_.second != nfa::kEndPlace && contains(program_.places[plan_.second].reads, slot);
    for (const uint16_t kill : plan_.kills) {
      read = read || contains(program_.tests[kill].reads, slot);
    }
    if (read) updates_read_.push_back(i);
  }
}

void StartOperator::process(const Surroundings& around) {
  find_keys();
  log_.make_room(routed_.size());
  for (const Routed& routed : routed_) log_.prefetch(log_.guess(routed.tag));
  for (Routed& routed : routed_) process_event(routed, around);
  routed_.clear();
}

void StartOperator::process_event(Routed& routed, const Surroundings& around) {
  const Timestamp now = routed.event->tested.row->time;
  uint32_t oldest = log_.find(routed.key, routed.tag);
  if (oldest != kNone) oldest = pass_time(oldest, now, around);
  const bool begins = fits(routed, nfa::kFirstPlace);
  if (oldest == kNone && !begins) return;
  matcher_.count_event();
  matches_.clear();
  key_ = routed.key;
  key_is_read_ = false;
  excluded_before_ = 0;
  if (oldest != kNone && plan_.second != nfa::kEndPlace && fits(routed, plan_.second)) {
    oldest = follow(oldest, routed);
  }
  if (oldest != kNone && !plan_.kills.empty()) oldest = kill(oldest, routed);
  if (begins) oldest = begin(oldest, routed);
  if (begins && plan_.kind == Kind::kLoop) oldest = complete_loops(oldest, now);
  if (oldest != kNone && excluded_before_ != 0) exclude(oldest);
  if (!matches_.empty()) emit(routed.key, around);
}

bool StartOperator::fits(const Routed& routed, eventtime::TypeId type, uint32_t variable,
                         nfa::StepPredicate local) const {
  const eventtime::Row& row = *routed.event->tested.row;
  return type == row.type && routed.event->loaded->predicates.holds(local, row.table_row) &&
         (routed.variables == nullptr || variable == nfa::kNoVariable ||
          routed.variables->test(variable));
}

bool StartOperator::fits(const Routed& routed, uint16_t place) const {
  const nfa::Place& step = program_.places[place];
  return fits(routed, step.type, step.variable, step.local);
}

// What is over before `now`.
uint32_t StartOperator::pass_time(uint32_t oldest, Timestamp now, const Surroundings& around) {
  while (oldest != kNone && has_expired(log_.at(oldest), now)) {
    if (plan_.kind == Kind::kAbsence) fire(oldest, around);
    oldest = remove(oldest, oldest);
  }
  return oldest;
}

// An absence is complete.
void StartOperator::fire(uint32_t oldest, const Surroundings& around) {
  const StartLog::Start& start = log_.at(oldest);
  const std::string key(StartLog::key_of(start));
  key_ = key;
  key_is_read_ = false;
  matches_.clear();
  match(matcher_.bind_start(nfa::kRootNode, 0, start.event, cells_, log_.words(oldest)),
        start.time + *plan_.life);
  if (!matches_.empty()) emit(key, around);
}

uint32_t StartOperator::remove(uint32_t oldest, uint32_t place) {
  events_.release(log_.at(place).event);
  return log_.remove(oldest, place);
}

bool StartOperator::test(const nfa::Code& condition, uint32_t place,
                         const nfa::TestedEvent& event) {
  std::copy(clear_slots_.begin(), clear_slots_.end(), slots_.begin());
  matcher_.fill_slots(slots_.data(), updates_read_, cells_, log_.words(place), log_.at(place).time);
  return matcher_.holds(condition, slots_.data(), event);
}

// A match whose node is the caller's, unless having refuses it.
void StartOperator::match(NodeId node, Timestamp complete) {
  if (!key_is_read_) read_key(key_);
  key_is_read_ = true;
  if (program_.having && !program_.having->holds(matcher_.context_of(node, key_values_))) {
    matcher_.buffer().release(node);
    return;
  }
  matches_.push_back({node, complete, false, 0});
}

// Language page 3.7: what the match from `start`, whose last first-step event is `last`, excludes.
// `sequence`: of the present event.
void StartOperator::note_match(uint32_t start, uint32_t last, uint64_t sequence) {
  const bool of_first = is_of_first(program_.skip_variable);
  uint64_t before = 0;
  if (program_.skip == SkipKind::kPastLast) before = sequence + 1;
  if (program_.skip == SkipKind::kToFirst) before = of_first ? this->sequence(start) : sequence;
  if (program_.skip == SkipKind::kToLast) before = of_first ? this->sequence(last) : sequence;
  excluded_before_ = std::max(excluded_before_, before);
}

// The last step's event: of each first event that it can complete, in their order, unless a match
// before has excluded it.
uint32_t StartOperator::follow(uint32_t oldest, const Routed& routed) {
  nfa::TestedEvent& event = routed.event->tested;
  const nfa::Place& second = program_.places[plan_.second];
  const bool loop = plan_.kind == Kind::kLoopThen;
  uint32_t left = log_.at(oldest).count;
  for (uint32_t place = oldest; place != kNone && left >= plan_.minimum; --left) {
    const uint32_t next = log_.at(place).newer;
    if (excluded_before_ >= event.sequence) break;
    const bool excluded = excluded_before_ != 0 && sequence(place) < excluded_before_;
    const bool taken = second.correlated ? test(*second.correlated, place, event) : true;
    bool emitted = false;
    if (taken && !excluded) {
      uint32_t last = place;
      const NodeId start = bind_loop(place, loop ? std::min(left, plan_.maximum) : 1, last);
      const size_t before = matches_.size();
      match(matcher_.bind_event(start, plan_.second, plan_.exit_edge, event), event.row->time);
      matcher_.buffer().release(start);
      emitted = matches_.size() > before;
      if (emitted) note_match(place, last, event.sequence);
    }
    const bool leaves = (taken && !plan_.stays) || (emitted && program_.skip != SkipKind::kNone);
    if (leaves) oldest = remove(oldest, place);
    place = next;
  }
  return oldest;
}

// The nodes of a start, and of the rounds that follow it, `count` in all.
NodeId StartOperator::bind_loop(uint32_t place, uint32_t count, uint32_t& last) {
  NodeId node = nfa::kRootNode;
  uint16_t edge = 0;
  for (; count > 0; --count) {
    const NodeId parent = node;
    node = matcher_.bind_start(parent, edge, log_.at(place).event, cells_, log_.words(place));
    if (parent != nfa::kRootNode) matcher_.buffer().release(parent);
    edge = plan_.loop_edge;
    last = place;
    place = log_.at(place).newer;
  }
  return node;
}

uint32_t StartOperator::kill(uint32_t oldest, const Routed& routed) {
  for (const uint16_t number : plan_.kills) {
    const nfa::Test& negation = program_.tests[number];
    if (!fits(routed, negation.type, negation.variable, negation.local)) continue;
    for (uint32_t place = oldest; place != kNone;) {
      const uint32_t next = log_.at(place).newer;
      if (!negation.correlated || test(*negation.correlated, place, routed.event->tested)) {
        oldest = remove(oldest, place);
      }
      place = next;
    }
    if (oldest == kNone) break;
  }
  return oldest;
}

uint32_t StartOperator::begin(uint32_t oldest, const Routed& routed) {
  nfa::TestedEvent& event = routed.event->tested;
  const nfa::EventId stored = events_.store(event);
  const uint32_t place = log_.add(oldest, routed.key, routed.tag, event.row->time, stored);
  cells_.write(log_.words(place), event, events_);
  if (oldest == kNone) return place;
  if (log_.at(oldest).count > max_starts_) {
    matcher_.count_dropped_start();
    oldest = remove(oldest, oldest);
  }
  return oldest;
}

// Of a pattern that is nothing but a loop: each first event that enough others follow.
uint32_t StartOperator::complete_loops(uint32_t oldest, Timestamp now) {
  while (oldest != kNone && log_.at(oldest).count >= plan_.minimum) {
    const uint32_t newest = log_.at(oldest).last;
    uint32_t last = oldest;
    match(bind_loop(oldest, plan_.minimum, last), now);
    if (!matches_.empty()) note_match(oldest, last, sequence(newest));
    oldest = remove(oldest, oldest);
    if (excluded_before_ != 0) break;
  }
  return oldest;
}

uint32_t StartOperator::exclude(uint32_t oldest) {
  while (oldest != kNone && sequence(oldest) < excluded_before_) oldest = remove(oldest, oldest);
  return oldest;
}

void StartOperator::advance(Timestamp now, const Surroundings& around) {
  if (!plan_.life) return;
  for (uint32_t place = log_.front(); place != kNone && has_expired(log_.at(place), now);
       place = log_.front()) {
    if (const uint32_t ahead = log_.ahead(kPrefetchDistance); ahead != kNone) {
      log_.prefetch_index(log_.at(ahead).tag);
    }
    if (plan_.kind == Kind::kAbsence) fire(place, around);
    remove(place, place);
  }
}

void StartOperator::finish(Timestamp /*end*/, const Surroundings& around) {
  for (uint32_t place = log_.front(); place != kNone; place = log_.front()) {
    if (plan_.kind == Kind::kAbsence) fire(place, around);
    remove(place, place);
  }
}

}  // namespace tocsin::runtime
