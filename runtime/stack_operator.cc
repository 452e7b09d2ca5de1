#include "runtime/stack_operator.h"

#include <algorithm>

#include "eventtime/give_back.h"
#include "eventtime/prefetch.h"

namespace tocsin::runtime {

using eventtime::Timestamp;
using nfa::InstanceStack;
using nfa::NodeId;
using nfa::StackPlan;
using patterns::SkipKind;

namespace {

std::vector<nfa::StartCells> cells_of(const nfa::Program& program,
                                      const eventtime::Catalog& catalog) {
  std::vector<nfa::StartCells> cells;
  for (size_t i = 1; i < program.places.size(); ++i) {
    const nfa::Place& place = program.places[i];
    cells.emplace_back(place, catalog.types[place.type]);
  }
  return cells;
}

std::vector<size_t> words_of(const std::vector<nfa::StartCells>& cells) {
  std::vector<size_t> words;
  for (size_t stack = 0; stack + 1 < cells.size(); ++stack) words.push_back(cells[stack].words());
  return words;
}

}  // namespace

StackOperator::StackOperator(OperatorParts parts, const eventtime::Catalog& catalog)
    : PatternOperator(std::move(parts)),
      plan_(*nfa::plan_stacks(program_).plan),
      cells_(cells_of(program_, catalog)),
      sets_(plan_, cells_, matcher_, events_),
      keeps_sets_(program_.skip == SkipKind::kNone && !program_.having && !pattern().suppress &&
                  !pattern().emitted_event),
      takes_all_(program_.skip == SkipKind::kNone),
      keys_(words_of(cells_)),
      timers_(program_.within.value_or(kUsualSpan)),
      awaited_(plan_.stacks()) {
  key_index_ = &keys_.index();
}

void StackOperator::process(const Surroundings& around) {
  shelf_ = &around.shelf;
  unite_doors();
  thaw_routed();
  for (const Routed& routed : routed_) {
    if (const StackEntry* entry = keys_.guess(routed.tag)) eventtime::prefetch(entry);
  }
  for (Routed& routed : routed_) {
    routed.event->tested.variables = routed.variables;
    process_event(routed, around);
    routed.event->tested.variables = nullptr;
  }
  routed_.clear();
}

void StackOperator::process_event(Routed& routed, const Surroundings& around) {
  StackEntry* entry = keys_.find(routed.key, routed.tag);
  if (entry != nullptr) expire(*entry, routed.event->tested.row->time);
  const bool is_there = entry != nullptr && entry->is_there();
  const bool begins = routed.may_begin && fits(routed, nfa::kFirstPlace);
  if (is_there || begins) {
    if (entry == nullptr) entry = &keys_.add(routed.key, routed.tag);
    entry->used = true;
    closed_ = false;
    matcher_.count_event();
    if (is_there && fits(routed, plan_.last())) complete(*entry, routed, around);
    take(*entry, routed);
  }
  if (entry != nullptr) settle(*entry);
}

bool StackOperator::fits(const Routed& routed, uint16_t place) const {
  const nfa::Place& step = program_.places[place];
  return matcher_.fits(step.type, step.variable, step.local, routed.event->tested,
                       routed.event->loaded->predicates);
}

// The event is one that the last step takes.
void StackOperator::complete(StackEntry& entry, const Routed& routed, const Surroundings& around) {
  nfa::TestedEvent& event = routed.event->tested;
  matches_.clear();
  if (sets_.find(entry.stacks, entry.consumed)) {
    sets_.for_each_found([&](size_t stack, size_t i) { store(entry, stack, i); });
    auto set = std::make_unique<nfa::MatchSet>();
    sets_.make(entry.stacks, event, *set);
    if (keeps_sets_) {
      const uint64_t matches = sets_.count(*set);
      emit_set(entry.key, event.row->time, std::move(set), matches, around);
    } else {
      read_key(entry.key);
      select(entry, *set, event.sequence);
      sets_.release(*set);
      if (!matches_.empty()) emit(entry.key, around);
      matcher_.scratch().clear();
    }
  }
  entry.consumed = event.sequence;
  prune(entry);
}

// Language page 3.7: first events in order, of each its preferred match, unless a match before
// excludes it; without a strategy all matches. What is excluded goes.
void StackOperator::select(StackEntry& entry, nfa::MatchSet& set, uint64_t sequence) {
  const Timestamp complete = events_.at(set.events.back()).time;
  const bool all = program_.skip == SkipKind::kNone;
  uint64_t excluded_before = 0;  // first events with a smaller sequence
  uint64_t gone_before = 0;      // the same with those that have matched
  for (uint32_t start = 0; start < nfa::MatchSets::starts(set); ++start) {
    const uint64_t first = events_.at(set.events[start]).sequence;
    if (first < excluded_before) continue;
    sets_.visit(set, start, [&](NodeId node) {
      if (program_.having && !program_.having->holds(matcher_.context_of(node, key_values_))) {
        matcher_.buffer().release(node);
        return true;
      }
      matches_.push_back({node, complete, false, 0});
      if (all) return true;
      const SkipKind skip = program_.skip;
      uint64_t before = 0;
      if (skip == SkipKind::kPastLast) before = sequence + 1;
      if (skip == SkipKind::kToFirst || skip == SkipKind::kToLast) {
        before = matcher_.skip_target(node);
      }
      excluded_before = std::max(excluded_before, before);
      gone_before = std::max(first + 1, excluded_before);
      return false;
    });
  }
  drop_starts(entry, gone_before);
  closed_ = excluded_before > sequence;
}

// Puts the event on the stacks of the steps that wait for it.
void StackOperator::take(StackEntry& entry, const Routed& routed) {
  for (size_t stack = 1; stack < plan_.stacks(); ++stack) {
    awaited_[stack] = fits(routed, StackPlan::place_of(stack)) && is_awaited(entry, stack);
  }
  awaited_[0] = routed.may_begin && !closed_ && fits(routed, nfa::kFirstPlace);
  for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
    if (awaited_[stack]) push(entry, stack, routed);
  }
  if (entry.stacks.front().size() <= max_starts_) return;
  matcher_.count_dropped_start();
  pop(entry, 0);
  prune(entry);
}

// Under a strategy the preferred match of a first event goes by the oldest that it can go by; a
// younger one serves only who is younger than the older. Whatever ends at the younger one ends at
// the older one before, or at the same time.
bool StackOperator::is_awaited(const StackEntry& entry, size_t stack) const {
  const InstanceStack& target = entry.stacks[stack];
  const std::vector<StackPlan::Way>& ways = plan_.sources[stack];
  return std::any_of(ways.begin(), ways.end(), [&](const StackPlan::Way& way) {
    const InstanceStack& source = entry.stacks[way.source];
    if (source.empty()) return false;
    return (takes_all_ && way.any) || way.source == stack || source.newest() >= target.newest();
  });
}

void StackOperator::push(StackEntry& entry, size_t stack, const Routed& routed) {
  nfa::TestedEvent& event = routed.event->tested;
  Instance instance;
  instance.sequence = event.sequence;
  instance.time = event.row->time;
  if (event.stored != nfa::kNoEvent) {
    instance.event = events_.store(event);
  } else {
    instance.event = kInBatch;
    instance.row = routed.event->row;
    instance.batch = routed.event->loaded;
    shelf_->hold(*routed.event->loaded);
    unstored_.push_back(
        {entry.slot, static_cast<uint32_t>(stack), event.sequence, routed.event->loaded->number});
    ++in_batches_;
  }
  InstanceStack& to = entry.stacks[stack];
  to.push(instance);
  cells_[stack].write(to.words(to.size() - 1), event, events_);
  ++instances_;
}

// ---- what is over ----

void StackOperator::expire(StackEntry& entry, Timestamp now) {
  bool any = false;
  for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
    const InstanceStack& instances = entry.stacks[stack];
    while (!instances.empty() && has_expired(instances.at(0), now)) {
      pop(entry, stack);
      any = true;
    }
  }
  if (any) prune(entry);
}

void StackOperator::drop_starts(StackEntry& entry, uint64_t before) {
  const InstanceStack& starts = entry.stacks.front();
  while (!starts.empty() && starts.at(0).sequence < before) pop(entry, 0);
}

// Drops what no match can use any more: it stands in front of its stack.
void StackOperator::prune(StackEntry& entry) {
  for (size_t stack = plan_.stacks(); stack-- > 0;) {
    while (!entry.stacks[stack].empty() && is_dead(entry, stack)) pop(entry, stack);
  }
  for (size_t stack = 1; stack < plan_.stacks(); ++stack) {
    while (!entry.stacks[stack].empty() && !is_reachable(entry, stack)) pop(entry, stack);
  }
}

// The first of the stack: whatever it waited for has come, and led nowhere.
bool StackOperator::is_dead(const StackEntry& entry, size_t stack) const {
  const uint64_t sequence = entry.stacks[stack].at(0).sequence;
  const std::vector<StackPlan::Way>& ways = plan_.ways[stack];
  return std::all_of(ways.begin(), ways.end(), [&](const StackPlan::Way& way) {
    if (way.any || way.target == stack) return false;
    const bool to_last = way.target == plan_.stacks();
    return sequence < (to_last ? entry.consumed : entry.stacks[way.target].dropped());
  });
}

// The first of the stack: something is before it that it can follow.
bool StackOperator::is_reachable(const StackEntry& entry, size_t stack) const {
  const uint64_t sequence = entry.stacks[stack].at(0).sequence;
  const std::vector<StackPlan::Way>& ways = plan_.sources[stack];
  return std::any_of(ways.begin(), ways.end(), [&](const StackPlan::Way& way) {
    const InstanceStack& source = entry.stacks[way.source];
    return way.source != stack && !source.empty() && source.at(0).sequence < sequence;
  });
}

void StackOperator::pop(StackEntry& entry, size_t stack) {
  const Instance& instance = entry.stacks[stack].at(0);
  if (instance.event == kInBatch) {
    shelf_->release(*static_cast<LoadedBatch*>(instance.batch));
    --in_batches_;
  } else {
    events_.release(instance.event);
  }
  entry.stacks[stack].pop_front();
  --instances_;
}

void StackOperator::drop_all(StackEntry& entry) {
  for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
    while (!entry.stacks[stack].empty()) pop(entry, stack);
  }
}

// Forgets a key with nothing pending; else sees to it that it is looked at when no event comes.
void StackOperator::settle(StackEntry& entry) {
  if (!entry.is_there()) {
    drop_all(entry);
    keys_.erase(entry);
  } else if (!entry.has_timer && program_.within) {
    entry.has_timer = true;
    timers_.set(entry.stacks.front().at(0).time + *program_.within, entry.slot);
  }
}

void StackOperator::advance(Timestamp now, const Surroundings& around) {
  shelf_ = &around.shelf;
  if (now != eventtime::kMaxTimestamp) thaw_due(now);
  due_.clear();
  timers_.take_due(now, due_);
  for (const uint32_t slot : due_) {
    StackEntry& entry = keys_.at(slot);
    entry.has_timer = false;
    if (!entry.is_there()) continue;  // the place is free
    expire(entry, now);
    settle(entry);
  }
  store_old();
  if (!keys_.shrink()) return;
  eventtime::give_back(due_);
  timers_ = CleanUpTimers(program_.within.value_or(kUsualSpan));
  unstored_ = {};
  hand_ = 0;
}

void StackOperator::finish(Timestamp /*end*/, const Surroundings& around) {
  shelf_ = &around.shelf;
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    StackEntry& entry = keys_.at(slot);
    if (!entry.is_there()) continue;
    drop_all(entry);
    keys_.erase(entry);
  }
  if (spilled_) spilled_->forget_all();
}

// ---- events in their batches ----

nfa::TestedEvent StackOperator::in_batch(const Instance& instance) const {
  nfa::TestedEvent event;
  event.batch = static_cast<LoadedBatch*>(instance.batch)->batch.get();
  event.row = &event.batch->rows[instance.row];
  event.sequence = instance.sequence;
  return event;
}

// Takes an event out of its batch.
void StackOperator::store(StackEntry& entry, size_t stack, size_t i) {
  Instance& instance = entry.stacks[stack].at(i);
  if (instance.event != kInBatch) return;
  nfa::TestedEvent event = in_batch(instance);
  instance.event = events_.store(event);
  cells_[stack].write(entry.stacks[stack].words(i), event, events_);
  events_.release(event.stored);
  shelf_->release(*static_cast<LoadedBatch*>(instance.batch));
  --in_batches_;
}

// A few that wait long must not keep whole batches in memory.
void StackOperator::store_old() {
  for (; !unstored_.empty(); unstored_.pop_front()) {
    const Unstored& oldest = unstored_.front();
    if (in_batches_ > 0 && oldest.batch + kBatchesKept >= shelf_->added()) return;
    if (!keys_.at(oldest.slot).is_there()) continue;
    StackEntry& entry = keys_.at(oldest.slot);
    const InstanceStack& stack = entry.stacks[oldest.stack];
    const size_t i = stack.behind(oldest.sequence - 1);
    if (i < stack.size() && stack.at(i).sequence == oldest.sequence) store(entry, oldest.stack, i);
  }
}

void StackOperator::visit_matches(const PendingAlert& alert, const VisitMatch& visit) {
  if (alert.set == nullptr) {
    PatternOperator::visit_matches(alert, visit);
    return;
  }
  for (uint32_t start = 0; start < nfa::MatchSets::starts(*alert.set); ++start) {
    sets_.visit(*alert.set, start, [&](NodeId node) {
      visit(node);
      matcher_.buffer().release(node);
      return true;
    });
  }
}

void StackOperator::release_match(const PendingAlert& alert) {
  if (alert.set == nullptr) return PatternOperator::release_match(alert);
  sets_.release(*alert.set);
}

}  // namespace tocsin::runtime
