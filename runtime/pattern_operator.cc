#include "runtime/pattern_operator.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {

constexpr size_t kPrefetchDistance = 16;               // of timers that fire
constexpr uint64_t kBatchesKept = 64;                  // for first events that wait
constexpr eventtime::Duration kUsualSpan{60'000'000};  // of timers, where there is no `within`

void add_once(std::vector<nfa::StepPredicate>& list, nfa::StepPredicate predicate) {
  if (std::find(list.begin(), list.end(), predicate) == list.end()) list.push_back(predicate);
}

bool any_holds(const std::vector<nfa::StepPredicate>& predicates, const ReleasedEvent& event) {
  return std::any_of(predicates.begin(), predicates.end(), [&](nfa::StepPredicate predicate) {
    return event.loaded->predicates.holds(predicate, event.tested.row->table_row);
  });
}

nfa::TestedEvent tested(const WaitingStart& start) {
  nfa::TestedEvent event;
  event.batch = start.loaded->batch.get();
  event.row = &event.batch->rows[start.row];
  event.sequence = start.sequence;
  return event;
}

}  // namespace

PatternOperator::PatternOperator(nfa::Program program, const patterns::Pattern& pattern,
                                 uint32_t number, uint32_t rank, nfa::EventStore& events,
                                 std::vector<Door> doors, const EngineOptions& options)
    : program_(std::move(program)),
      format_(pattern, options.events),
      number_(number),
      rank_(rank),
      events_(events),
      doors_(std::move(doors)),
      max_starts_(options.max_starts),
      matcher_(program_, events, options.max_starts),
      keys_(pattern.by),
      timers_(program_.within.value_or(kUsualSpan)) {
  const size_t types = pattern.inputs.empty() ? 0 : size_t{pattern.inputs.back()} + 1;
  takes_.resize(types);
  steps_.resize(types);
  first_steps_.resize(types);
  later_steps_.resize(types);
  for (const eventtime::TypeId type : pattern.inputs) takes_[type] = true;
  for (const nfa::Edge& edge : program_.places[nfa::kStartPlace].edges) {
    const nfa::Place& place = program_.places[edge.target];
    add_once(first_steps_[place.type], place.local);
  }
  for (size_t i = 1; i < program_.places.size(); ++i) {
    add_once(steps_[program_.places[i].type], program_.places[i].local);
    for (const nfa::Edge& edge : program_.places[i].edges) {
      if (edge.target == nfa::kEndPlace) continue;
      const nfa::Place& place = program_.places[edge.target];
      add_once(later_steps_[place.type], place.local);
    }
  }
  for (const nfa::Test& test : program_.tests) {
    add_once(steps_[test.type], test.local);
    add_once(later_steps_[test.type], test.local);
  }
  // A look-back must know of events that come when the key has no state yet.
  for (const nfa::LookBack& look_back : program_.look_backs) {
    const nfa::Test& test = program_.tests[look_back.test];
    add_once(first_steps_[test.type], test.local);
  }
  by_step_ = std::any_of(pattern.by.begin(), pattern.by.end(),
                         [](const auto& part) { return !part.by_variable.empty(); });
  if (by_step_) program_.starts_wait = false;  // what waits does not say by which door it came
  if (pattern.suppress) {
    for (const patterns::Expr& by : pattern.suppress->by) {
      suppress_by_.push_back(nfa::Code::compile(by));
    }
  }
}

bool PatternOperator::may_begin(const ReleasedEvent& event) const {
  return any_holds(first_steps_[event.tested.row->type], event);
}

bool PatternOperator::may_follow(const ReleasedEvent& event) const {
  return program_.sees_every_event || any_holds(later_steps_[event.tested.row->type], event);
}

void PatternOperator::concern(Dispatcher& dispatcher) const {
  for (eventtime::TypeId type = 0; type < takes_.size(); ++type) {
    if (!takes_[type]) continue;
    if (program_.sees_every_event) {
      dispatcher.add_all(number_, type);
    } else {
      dispatcher.add(number_, type, steps_[type]);
    }
  }
}

void PatternOperator::process(std::span<const eventtime::RecordFormat* const> formats,
                              BatchShelf& shelf, std::vector<PendingAlert>& alerts) {
  look_up();
  for (Routed& routed : routed_) process_event(routed, formats, shelf, alerts);
  routed_.clear();
}

void PatternOperator::advance(eventtime::Timestamp now,
                              std::span<const eventtime::RecordFormat* const> formats,
                              BatchShelf& shelf, std::vector<PendingAlert>& alerts) {
  fire_moments(now, formats, alerts);
  fire_timers(now, formats, alerts);
  clean_up_waiting(now, shelf);
}

void PatternOperator::finish(eventtime::Timestamp end,
                             std::span<const eventtime::RecordFormat* const> formats,
                             BatchShelf& shelf, std::vector<PendingAlert>& alerts) {
  WaitingStarts& waiting = keys_.waiting();
  for (; !waiting.empty(); waiting.pop()) {
    KeyRef oldest = KeyRef::of_waiting(waiting.place(0));
    if (keys_.oldest(oldest).chain == 0) continue;
    while (oldest.waits()) {
      LoadedBatch& loaded = *keys_.oldest(oldest).loaded;
      oldest = keys_.take_oldest(oldest);
      shelf.release(loaded);
    }
  }
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    KeyEntry& entry = keys_.at(slot);
    if (entry.state.empty()) continue;
    decode_key(entry.key, pattern().by, key_values_, key_text_);
    matches_.clear();
    matcher_.finish(entry.state, end, key_values_, matches_);
    if (!matches_.empty()) emit(entry, formats, alerts);
    keys_.erase(entry);
  }
}

bool PatternOperator::route(ReleasedEvent& event, size_t index) {
  const bool first = routed_.empty();
  for (uint32_t number = 0; number < doors_.size(); ++number) {
    const Door& door = doors_[number];
    if (!door.types[event.tested.row->type]) continue;
    const EventKeys::Key& key = door.keys->of(index, event.tested);
    if (key.is_null) continue;
    keys_.prefetch_index(key.tag);
    routed_.push_back({&event,
                       {},
                       key.tag,
                       static_cast<uint32_t>(index),
                       number,
                       door.variables.size() == 0 ? nullptr : &door.variables});
  }
  return first && !routed_.empty();
}

// Finds the keys of the events; asks for the memory that they will need.
void PatternOperator::look_up() {
  to_bind_.clear();
  // The text of the keys stays where it is from here on.
  for (Routed& routed : routed_) {
    EventKeys& keys = *doors_[routed.door].keys;
    routed.key = keys.text(keys.of(routed.index, routed.event->tested));
    keys_.prefetch(keys_.guess(routed.tag));
  }
  if (doors_.size() > 1) merge_doors();
  for (const Routed& routed : routed_) prefetch_state(routed);
  for (const nfa::TestedEvent& event : to_bind_) matcher_.prefetch(event);
}

// An event that enters one key by several doors enters it once, for the steps of all of them.
void PatternOperator::merge_doors() {
  size_t kept = 0;
  for (size_t i = 0; i < routed_.size(); ++i) {
    size_t same = kept;
    for (size_t j = kept; j > 0 && routed_[j - 1].event == routed_[i].event; --j) {
      if (routed_[j - 1].key == routed_[i].key) same = j - 1;
    }
    if (same < kept) {
      routed_[same].variables = united(routed_[same].variables, routed_[i].variables);
    } else {
      routed_[kept++] = routed_[i];
    }
  }
  routed_.resize(kept);
}

const eventtime::BitSet* PatternOperator::united(const eventtime::BitSet* left,
                                                 const eventtime::BitSet* right) {
  const auto [entry, is_new] = united_doors_.try_emplace({left, right}, *left);
  if (is_new) {
    const auto more = right->words();
    for (size_t i = 0; i < more.size(); ++i) entry->second.words()[i] |= more[i];
  }
  return &entry->second;
}

// The node of each run; of first events that are about to become runs, the row in the old batch,
// and what it leads to in the round after.
void PatternOperator::prefetch_state(const Routed& routed) {
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
  __builtin_prefetch(to_bind_.back().row);
}

void PatternOperator::process_event(Routed& routed,
                                    std::span<const eventtime::RecordFormat* const> formats,
                                    BatchShelf& shelf, std::vector<PendingAlert>& alerts) {
  ReleasedEvent& event = *routed.event;
  KeyEntry* entry = entry_for(routed, shelf);
  if (entry == nullptr) return;
  if (by_step_) {
    decode_key(entry->key, pattern().by, key_values_, key_text_);
  } else {
    const eventtime::Row& row = *event.tested.row;
    key_values_.clear();
    for (const patterns::KeyPart& part : pattern().by) {
      key_values_.push_back(
          event.tested.table().columns[*part.field_by_type[row.type]].value(row.table_row));
    }
  }
  matches_.clear();
  event.tested.variables = routed.variables;
  matcher_.on_event(entry->state, event.tested, event.loaded->predicates, key_values_, matches_);
  event.tested.variables = nullptr;
  if (!matches_.empty()) emit(*entry, formats, alerts);
  settle(*entry);
}

KeyEntry* PatternOperator::entry_for(const Routed& routed, BatchShelf& shelf) {
  const ReleasedEvent& event = *routed.event;
  KeyRef found = keys_.find(routed.key, routed.tag);
  if (found.waits()) found = drop_expired(found, event.tested.row->time, shelf);
  if (found.waits()) {
    const bool begins = may_begin(event);
    // At the limit of live first events it is the matcher that drops the oldest.
    const bool full = begins && keys_.oldest(found).chain >= max_starts_;
    if (full || may_follow(event)) return &begin_waiting(found, shelf);
    if (begins) wait(routed, found);
    return nullptr;
  }
  if (!found.is_none()) return &keys_.at(found.slot());
  if (!may_begin(event)) return nullptr;
  if (!program_.starts_wait) return &keys_.add(routed.key, routed.tag);
  wait(routed, found);
  return nullptr;
}

void PatternOperator::emit(const KeyEntry& entry,
                           std::span<const eventtime::RecordFormat* const> formats,
                           std::vector<PendingAlert>& alerts) {
  for (const nfa::Match& match : matches_) {
    PendingAlert alert;
    alert.complete = match.complete;
    alert.pattern = number_;
    alert.rank = rank_;
    alert.timeout = match.timeout;
    alert.start = match.start;
    alert.key = entry.key;
    alert.node = match.node;
    const auto& event = match.timeout ? pattern().timeout_event : pattern().emitted_event;
    const nfa::EvalContext context = matcher_.context_of(match.node, key_values_);
    if (event) {
      const auto& codes = match.timeout ? program_.timeout_emit : program_.emit;
      const uint64_t id = described(alert, key_values_, formats).id().high;
      alert.derived =
          std::make_unique<DerivedEvent>(derive(*event, codes, context, match.complete, id));
    }
    if (pattern().suppress && suppress_by_.empty()) alert.group = entry.key;
    for (const nfa::Code& by : suppress_by_) append_value(alert.group, by.evaluate(context));
    matcher_.scratch().clear();
    alerts.push_back(std::move(alert));
  }
}

Alert PatternOperator::described(const PendingAlert& alert, std::span<const eventtime::Value> key,
                                 std::span<const eventtime::RecordFormat* const> formats) {
  return Alert({format_, matcher_, events_, formats, alert.key, key}, alert.node, alert.complete,
               alert.timeout, alert.suppressed);
}

void PatternOperator::give_out(const PendingAlert& alert,
                               std::span<const eventtime::RecordFormat* const> formats,
                               const std::function<void(const Alert&)>& on_alert) {
  if (on_alert) {
    decode_key(alert.key, pattern().by, key_values_, key_text_);
    on_alert(described(alert, key_values_, formats));
  }
  matcher_.buffer().release(alert.node);
}

void PatternOperator::wait(const Routed& routed, KeyRef found) {
  const ReleasedEvent& event = *routed.event;
  WaitingStart start;
  start.time = event.tested.row->time;
  start.sequence = event.tested.sequence;
  start.loaded = event.loaded;
  start.row = static_cast<uint32_t>(event.tested.row - event.loaded->batch->rows.data());
  BatchShelf::hold(*event.loaded);
  keys_.wait(found, routed.key, routed.tag, start);
}

// Makes runs of the first events that wait at a key, in their order.
KeyEntry& PatternOperator::begin_waiting(KeyRef waiting, BatchShelf& shelf) {
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

bool PatternOperator::has_expired(const WaitingStart& start, eventtime::Timestamp now) const {
  return program_.within && start.time + *program_.within < now;
}

// Returns what is left of the key.
KeyRef PatternOperator::drop_expired(KeyRef waiting, eventtime::Timestamp now, BatchShelf& shelf) {
  while (waiting.waits() && has_expired(keys_.oldest(waiting), now)) {
    LoadedBatch& loaded = *keys_.oldest(waiting).loaded;
    waiting = keys_.take_oldest(waiting);
    shelf.release(loaded);
  }
  return waiting;
}

// Drops first events that have expired alone, and makes runs of those whose batch has become old: a
// few that wait long must not keep whole batches in memory.
void PatternOperator::clean_up_waiting(eventtime::Timestamp now, BatchShelf& shelf) {
  WaitingStarts& waiting = keys_.waiting();
  for (; !waiting.empty(); waiting.pop()) {
    if (waiting.size() > kPrefetchDistance) {
      keys_.prefetch_index(waiting.at(waiting.place(kPrefetchDistance)).tag);
    }
    const KeyRef oldest = KeyRef::of_waiting(waiting.place(0));
    const WaitingStart& start = keys_.oldest(oldest);
    if (start.chain == 0) continue;
    if (has_expired(start, now)) {
      drop_expired(oldest, now, shelf);
    } else if (start.loaded->number + kBatchesKept < shelf.added()) {
      settle(begin_waiting(oldest, shelf));
    } else {
      return;
    }
  }
}

// Forgets a key with nothing pending; else sees to it that its runs expire though no event comes.
void PatternOperator::settle(KeyEntry& entry) {
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
void PatternOperator::fire_moments(eventtime::Timestamp now,
                                   std::span<const eventtime::RecordFormat* const> formats,
                                   std::vector<PendingAlert>& alerts) {
  while (!moments_.empty() && moments_.top().first < now) {
    KeyEntry& entry = keys_.at(moments_.top().second);
    moments_.pop();
    entry.moment = eventtime::kMaxTimestamp;
    if (!entry.state.empty()) pass_time(entry, now, formats, alerts);
  }
}

void PatternOperator::fire_timers(eventtime::Timestamp now,
                                  std::span<const eventtime::RecordFormat* const> formats,
                                  std::vector<PendingAlert>& alerts) {
  due_.clear();
  timers_.take_due(now, due_);
  for (size_t i = 0; i < due_.size(); ++i) {
    if (i + 2 * kPrefetchDistance < due_.size()) {
      keys_.prefetch_entry(due_[i + 2 * kPrefetchDistance]);
    }
    if (i + kPrefetchDistance < due_.size()) {
      for (const nfa::Run& run : keys_.at(due_[i + kPrefetchDistance]).state.runs) {
        matcher_.prefetch(run);
      }
    }
    KeyEntry& entry = keys_.at(due_[i]);
    entry.has_timer = false;
    if (entry.state.empty()) continue;  // the place is free, or its key waits otherwise
    pass_time(entry, now, formats, alerts);
  }
}

void PatternOperator::pass_time(KeyEntry& entry, eventtime::Timestamp now,
                                std::span<const eventtime::RecordFormat* const> formats,
                                std::vector<PendingAlert>& alerts) {
  if (program_.timed) decode_key(entry.key, pattern().by, key_values_, key_text_);
  matches_.clear();
  matcher_.advance(entry.state, now, key_values_, matches_);
  if (!matches_.empty()) emit(entry, formats, alerts);
  settle(entry);
}

}  // namespace tocsin::runtime
