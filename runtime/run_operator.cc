#include "runtime/run_operator.h"

#include <algorithm>

#include "eventtime/prefetch.h"

namespace tocsin::runtime {
namespace {

constexpr size_t kTimersAhead = 16;  // of timers that fire

nfa::TestedEvent tested(const WaitingStart& start) {
  nfa::TestedEvent event;
  event.batch = start.loaded->batch.get();
  event.row = &event.batch->rows[start.row];
  event.sequence = start.sequence;
  return event;
}

}  // namespace

RunOperator::RunOperator(OperatorParts parts)
    : PatternOperator(std::move(parts)),
      keys_(pattern().by),
      timers_(program_.within.value_or(kUsualSpan)) {
  key_index_ = &keys_.index();
}

void RunOperator::process(const Surroundings& around) {
  look_up();
  for (Routed& routed : routed_) process_event(routed, around);
  routed_.clear();
}

void RunOperator::advance(eventtime::Timestamp now, const Surroundings& around) {
  if (now != eventtime::kMaxTimestamp) thaw_due(now);
  fire_moments(now, around);
  fire_timers(now, around);
  clean_up_waiting(now, around.shelf);
}

void RunOperator::finish(eventtime::Timestamp end, const Surroundings& around) {
  WaitingStarts& waiting = keys_.waiting();
  for (; !waiting.empty(); waiting.pop()) {
    KeyRef oldest = KeyRef::of_waiting(waiting.place(0));
    if (keys_.oldest(oldest).chain == 0) continue;
    while (oldest.waits()) {
      LoadedBatch& loaded = *keys_.oldest(oldest).loaded;
      oldest = keys_.take_oldest(oldest);
      around.shelf.release(loaded);
    }
  }
  finish_resident(end, around);
  thaw_all([&] {
    fire_moments(eventtime::kMaxTimestamp, around);
    finish_resident(end, around);
  });
}

void RunOperator::finish_resident(eventtime::Timestamp end, const Surroundings& around) {
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    KeyEntry& entry = keys_.at(slot);
    if (entry.state.empty()) continue;
    read_key(entry.key);
    matches_.clear();
    matcher_.finish(entry.state, end, key_values_, matches_);
    if (!matches_.empty()) emit(entry.key, around);
    keys_.erase(entry);
  }
}

// Finds the keys of the events; asks for the memory that they will need.
void RunOperator::look_up() {
  to_bind_.clear();
  unite_doors();
  thaw_routed();
  for (const Routed& routed : routed_) keys_.prefetch(keys_.guess(routed.tag));
  for (const Routed& routed : routed_) prefetch_state(routed);
  for (const nfa::TestedEvent& event : to_bind_) matcher_.prefetch(event);
}

// The node of each run; of first events that are about to become runs, the row in the old batch,
// and what it leads to in the round after.
void RunOperator::prefetch_state(const Routed& routed) {
  const KeyRef found = keys_.guess(routed.tag);
  if (found.is_none()) return;
  if (!found.waits()) {
    for (const nfa::Run& run : keys_.at(found.slot()).state.runs) matcher_.prefetch(run);
    to_bind_.push_back(routed.event->tested);
    return;
  }
  const WaitingStart& start = keys_.oldest(found);
  if (has_expired(start, routed.event->tested.row->time) || !may_follow(*routed.event)) return;
  to_bind_.push_back(routed.event->tested);  // it will probably be bound after it
  to_bind_.push_back(tested(start));
  eventtime::prefetch(to_bind_.back().row);
}

void RunOperator::process_event(Routed& routed, const Surroundings& around) {
  ReleasedEvent& event = *routed.event;
  KeyEntry* entry = entry_for(routed, around.shelf);
  if (entry == nullptr) return;
  if (by_step_) {
    read_key(entry->key);
  } else {
    const eventtime::Row& row = *event.tested.row;
    key_values_.clear();
    for (const patterns::KeyPart& part : pattern().by) {
      const eventtime::Column& column = event.tested.table().columns[*part.field_by_type[row.type]];
      key_values_.push_back(column.value(row.table_row));
      // Both zeros are one key, which reads 0.0 wherever it is shown.
      if (column.type() == eventtime::Type::kFloat) key_values_.back().cell.number += 0.0;
    }
  }
  matches_.clear();
  event.tested.variables = routed.variables;
  event.tested.may_begin = routed.may_begin;
  matcher_.on_event(entry->state, event.tested, event.loaded->predicates, key_values_, matches_);
  event.tested.variables = nullptr;
  event.tested.may_begin = true;
  if (!matches_.empty()) emit(entry->key, around);
  entry->used = true;
  settle(*entry);
}

KeyEntry* RunOperator::entry_for(const Routed& routed, BatchHolder& shelf) {
  const ReleasedEvent& event = *routed.event;
  KeyRef found = keys_.find(routed.key, routed.tag);
  if (found.waits()) found = drop_expired(found, event.tested.row->time, shelf);
  if (found.waits()) {
    const bool begins = routed.may_begin && may_begin(event);
    // At the limit of live first events it is the matcher that drops the oldest.
    const bool full = begins && keys_.oldest(found).chain >= max_starts_;
    if (full || may_follow(event)) return &begin_key(found, shelf);
    if (begins) wait(routed, found, shelf);
    return nullptr;
  }
  if (!found.is_none()) return &keys_.at(found.slot());
  if (!routed.may_begin || !may_begin(event)) return nullptr;
  if (!program_.starts_wait) return &keys_.add(routed.key, routed.tag);
  wait(routed, found, shelf);
  return nullptr;
}

void RunOperator::wait(const Routed& routed, KeyRef found, BatchHolder& shelf) {
  const ReleasedEvent& event = *routed.event;
  WaitingStart start;
  start.time = event.tested.row->time;
  start.sequence = event.tested.sequence;
  start.loaded = event.loaded;
  start.row = event.row;
  shelf.hold(*event.loaded);
  keys_.wait(found, routed.key, routed.tag, start);
}

// Makes runs of the first events that wait at a key, in their order.
KeyEntry& RunOperator::begin_key(KeyRef waiting, BatchHolder& shelf) {
  uint32_t place = waiting.place();
  uint32_t left = keys_.oldest(waiting).chain;
  KeyEntry& entry = keys_.begin(waiting);
  for (; left > 0; --left) {
    const WaitingStart& start = keys_.waiting().at(place);
    nfa::TestedEvent event = tested(start);
    matcher_.start(entry.state, event, start.loaded->predicates);
    if (event.stored != nfa::kNoEvent) events_.release(event.stored);
    shelf.release(*start.loaded);
    place = start.next;
  }
  return entry;
}

void RunOperator::begin_waiting(BatchHolder& shelf) {
  WaitingStarts& waiting = keys_.waiting();
  for (; !waiting.empty(); waiting.pop()) {
    const KeyRef oldest = KeyRef::of_waiting(waiting.place(0));
    if (keys_.oldest(oldest).chain != 0) settle(begin_key(oldest, shelf));
  }
}

bool RunOperator::has_expired(const WaitingStart& start, eventtime::Timestamp now) const {
  return program_.within && start.time + *program_.within < now;
}

// Returns what is left of the key.
KeyRef RunOperator::drop_expired(KeyRef waiting, eventtime::Timestamp now, BatchHolder& shelf) {
  while (waiting.waits() && has_expired(keys_.oldest(waiting), now)) {
    LoadedBatch& loaded = *keys_.oldest(waiting).loaded;
    waiting = keys_.take_oldest(waiting);
    shelf.release(loaded);
  }
  return waiting;
}

// Drops first events that have expired alone, and makes runs of those whose batch has become old: a
// few that wait long must not keep whole batches in memory.
void RunOperator::clean_up_waiting(eventtime::Timestamp now, BatchHolder& shelf) {
  WaitingStarts& waiting = keys_.waiting();
  for (; !waiting.empty(); waiting.pop()) {
    if (waiting.size() > kTimersAhead) {
      keys_.index().prefetch(waiting.at(waiting.place(kTimersAhead)).tag);
    }
    const KeyRef oldest = KeyRef::of_waiting(waiting.place(0));
    const WaitingStart& start = keys_.oldest(oldest);
    if (start.chain == 0) continue;
    if (has_expired(start, now)) {
      drop_expired(oldest, now, shelf);
    } else if (start.loaded->number + kBatchesKept < shelf.added()) {
      settle(begin_key(oldest, shelf));
    } else {
      return;
    }
  }
}

// Forgets a key with nothing pending; else sees to it that its runs expire though no event comes.
void RunOperator::settle(KeyEntry& entry) {
  if (entry.state.empty()) {
    keys_.erase(entry);
    return;
  }
  const eventtime::Timestamp moment = entry.state.next_moment;
  if (moment < entry.moment) {
    entry.moment = moment;
    moments_.push({moment, entry.slot});
  }
  if (entry.has_timer || moment < eventtime::kMaxTimestamp) return;
  const eventtime::Timestamp deadline = matcher_.next_deadline(entry.state);
  if (deadline == eventtime::kMaxTimestamp) return;
  entry.has_timer = true;
  timers_.set(deadline, entry.slot);
}

// A key that has gone since may have left its moment behind: then it finds nothing to do.
void RunOperator::fire_moments(eventtime::Timestamp now, const Surroundings& around) {
  while (!moments_.empty() && moments_.top().first < now) {
    KeyEntry& entry = keys_.at(moments_.top().second);
    moments_.pop();
    entry.moment = eventtime::kMaxTimestamp;
    if (!entry.state.empty()) pass_time(entry, now, around);
  }
}

void RunOperator::fire_timers(eventtime::Timestamp now, const Surroundings& around) {
  due_.clear();
  timers_.take_due(now, due_);
  for (size_t i = 0; i < due_.size(); ++i) {
    if (i + 2 * kTimersAhead < due_.size()) {
      keys_.prefetch_entry(due_[i + 2 * kTimersAhead]);
    }
    if (i + kTimersAhead < due_.size()) {
      for (const nfa::Run& run : keys_.at(due_[i + kTimersAhead]).state.runs) {
        matcher_.prefetch(run);
      }
    }
    KeyEntry& entry = keys_.at(due_[i]);
    entry.has_timer = false;
    if (entry.state.empty()) continue;  // the place is free, or its key waits otherwise
    pass_time(entry, now, around);
  }
}

void RunOperator::pass_time(KeyEntry& entry, eventtime::Timestamp now, const Surroundings& around) {
  if (program_.timed) read_key(entry.key);
  matches_.clear();
  matcher_.advance(entry.state, now, key_values_, matches_);
  if (!matches_.empty()) emit(entry.key, around);
  settle(entry);
}

}  // namespace tocsin::runtime
