// The parts of StackOperator that save stacks and restore them, to the disk and back, and that tell
// what is pending.
#include <algorithm>

#include "nfa/saved_events.h"
#include "runtime/key_table.h"
#include "runtime/stack_operator.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;
using nfa::InstanceStack;
using nfa::StackPlan;

namespace {

constexpr uint64_t kStacksForm = 4;  // of a key's bytes; those of other operators differ

}  // namespace

void StackOperator::save(const PutKey& put) const {
  std::string bytes;
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    const StackEntry& entry = keys_.at(slot);
    if (!entry.is_there()) continue;
    save_entry(entry, bytes);
    put(entry.key, bytes);
  }
}

void StackOperator::save_entry(const StackEntry& entry, std::string& bytes) const {
  bytes.clear();
  Encoder out(bytes);
  out.number(kStacksForm);
  out.number(entry.consumed);
  for (size_t number = 0; number < plan_.stacks(); ++number) {
    const InstanceStack& stack = entry.stacks[number];
    out.number(stack.dropped());
    out.number(stack.size());
    for (size_t i = 0; i < stack.size(); ++i) {
      const Instance& instance = stack.at(i);
      out.time(instance.time);
      out.number(instance.sequence);
      if (instance.event == kInBatch) {
        nfa::save_event(out, events_, in_batch(instance));
      } else {
        nfa::save_event(out, events_, instance.event);
      }
      cells_[number].save(out, stack.words(i));
    }
  }
}

bool StackOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  return restore_entry(key, tag_of(key), from, with.events);
}

bool StackOperator::restore_entry(std::string_view key, uint32_t tag, Decoder& from,
                                  nfa::RestoredEvents& events) {
  if (from.number() != kStacksForm) return false;
  StackEntry& entry = keys_.add(key, tag);
  entry.consumed = from.number();
  bool whole = true;
  for (size_t number = 0; whole && number < plan_.stacks(); ++number) {
    whole = restore_stack(entry.stacks[number], number, from, events);
  }
  whole = whole && from.is_complete() && entry.is_there();
  settle(entry);
  return whole;
}

bool StackOperator::restore_stack(InstanceStack& stack, size_t number, Decoder& from,
                                  nfa::RestoredEvents& events) {
  stack.set_dropped(from.number());
  for (size_t left = from.count(); left > 0; --left) {
    Instance instance;
    instance.time = from.time();
    instance.sequence = from.number();
    if (from.failed() || instance.sequence <= stack.newest()) return false;
    instance.event = events.take(from, program_.places[StackPlan::place_of(number)].type);
    if (instance.event == nfa::kNoEvent) return false;
    stack.push(instance);
    ++instances_;
    cells_[number].restore(from, stack.words(stack.size() - 1), events_, instance.event);
  }
  return !from.failed();
}

void StackOperator::save_match(const PendingAlert& alert, Encoder& out) const {
  out.number(alert.set != nullptr ? 1 : 0);
  if (alert.set == nullptr) return PatternOperator::save_match(alert, out);
  sets_.save(*alert.set, out);
}

bool StackOperator::restore_match(PendingAlert& alert, Decoder& from, const Restoring& with) {
  if (!from.flag()) return PatternOperator::restore_match(alert, from, with);
  alert.set = std::make_unique<nfa::MatchSet>();
  if (!sets_.restore(*alert.set, from, with.events)) return false;
  alert.matches = sets_.count(*alert.set);
  alert.rank = rank_;
  return true;
}

// ---- to the disk and back ----

size_t StackOperator::memory() const {
  constexpr size_t kInstance = sizeof(Instance) + 2 * sizeof(uint64_t);  // with usual fields
  return keys_.size() * keys_.key_bytes() + 2 * instances_ * kInstance;
}

// Goes round the table, as RunOperator does.
size_t StackOperator::spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) {
  shelf_ = &shelf;
  size_t spilled = 0;
  std::string bytes;
  for (size_t left = 2 * size_t{keys_.slots()}; left > 0 && spilled < keys; --left) {
    if (hand_ >= keys_.slots()) hand_ = 0;
    StackEntry& entry = keys_.at(hand_++);
    if (!entry.is_there()) continue;
    if (entry.used) {
      entry.used = false;
      continue;
    }
    SpilledRecord record;
    record.drops = program_.within.has_value();
    if (record.drops) {
      const InstanceStack& starts = entry.stacks.front();
      record.moment = starts.at(starts.size() - 1).time + *program_.within;
      if (spilled_->is_soon(record.moment, now)) continue;
    }
    save_entry(entry, bytes);
    record.key = entry.key;
    record.value = bytes;
    if (!spilled_->add(record, entry.tag)) continue;
    drop_all(entry);
    keys_.erase(entry);
    ++spilled;
  }
  return spilled;
}

bool StackOperator::can_thaw(std::string_view state) const {
  return Decoder(state).number() == kStacksForm;
}

bool StackOperator::thaw(std::string_view key, uint32_t tag, std::string_view state,
                         nfa::RestoredEvents& events) {
  Decoder from(state);
  return restore_entry(key, tag, from, events);
}

// ---- what is pending ----

// A partial match for each first event, one that has come furthest: there may be very many.
void StackOperator::describe(const VisitPending& visit) const {
  std::vector<PendingMatch> matches;
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    const StackEntry& entry = keys_.at(slot);
    if (!entry.is_there()) continue;
    matches.clear();
    const InstanceStack& starts = entry.stacks.front();
    for (size_t i = 0; i < starts.size(); ++i) {
      const Bound bound = bound_from(entry, i);
      PendingMatch& match = matches.emplace_back();
      add_furthest(entry, bound, match);
      add_next(entry, bound, match);
      if (program_.within) match.expires = starts.at(i).time + *program_.within;
    }
    visit(entry.key, matches);
  }
}

// What partial matches have bound that begin with this first event.
StackOperator::Bound StackOperator::bound_from(const StackEntry& entry, size_t start) const {
  Bound bound;
  for (size_t stack = 0; stack < plan_.stacks(); ++stack) {
    const size_t size = entry.stacks[stack].size();
    bound.by_stack.emplace_back(size);
    bound.first.push_back(size);
    for (size_t i = 0; i < size; ++i) {
      Binding& binding = bound.by_stack[stack][i];
      binding.is_bound = stack == 0 && i == start;
      for (const StackPlan::Way& way : plan_.sources[stack]) {
        if (!binding.is_bound) binding = binding_by(entry, bound, way, i);
      }
      if (binding.is_bound) bound.first[stack] = std::min(bound.first[stack], i);
    }
  }
  return bound;
}

// Whether a bound event leads to the target's `i`th, and the first that does.
StackOperator::Binding StackOperator::binding_by(const StackEntry& entry, const Bound& bound,
                                                 const StackPlan::Way& way, size_t i) const {
  const InstanceStack& source = entry.stacks[way.source];
  const InstanceStack& target = entry.stacks[way.target];
  const uint64_t before = i == 0 ? target.dropped() : target.at(i - 1).sequence;
  const size_t oldest = way.any || before == 0 ? 0 : source.behind(before - 1);
  const size_t end = source.behind(target.at(i).sequence - 1);
  for (size_t at = std::max(oldest, bound.first[way.source]); at < end; ++at) {
    if (bound.by_stack[way.source][at].is_bound) return {true, way.source, at};
  }
  return {};
}

void StackOperator::add_furthest(const StackEntry& entry, const Bound& bound,
                                 PendingMatch& match) const {
  size_t stack = plan_.stacks() - 1;
  while (bound.first[stack] == entry.stacks[stack].size()) --stack;
  size_t at = bound.first[stack];
  while (true) {
    const Instance& instance = entry.stacks[stack].at(at);
    const std::string_view variable = program_.places[StackPlan::place_of(stack)].text.variable;
    match.events.push_back(
        instance.event == kInBatch
            ? pending_event(*static_cast<LoadedBatch*>(instance.batch), instance.row, variable)
            : pending_event(events_.at(instance.event), variable));
    if (stack == 0) break;
    const Binding& binding = bound.by_stack[stack][at];
    stack = binding.stack;
    at = binding.at;
  }
  std::reverse(match.events.begin(), match.events.end());
}

void StackOperator::add_next(const StackEntry& entry, const Bound& bound,
                             PendingMatch& match) const {
  for (size_t target = 1; target <= plan_.stacks(); ++target) {
    const bool is_last = target == plan_.stacks();
    const uint64_t newest = is_last ? entry.consumed : entry.stacks[target].newest();
    const std::vector<StackPlan::Way>& ways = plan_.sources[target];
    const bool waits = std::any_of(ways.begin(), ways.end(), [&](const StackPlan::Way& way) {
      const std::vector<Binding>& from = bound.by_stack[way.source];
      const size_t first = way.any || way.source == target || newest == 0
                               ? 0
                               : entry.stacks[way.source].behind(newest - 1);
      return std::any_of(from.begin() + static_cast<std::ptrdiff_t>(first), from.end(),
                         [](const Binding& binding) { return binding.is_bound; });
    });
    if (waits) match.next.emplace_back(program_.places[StackPlan::place_of(target)].text.variable);
  }
}

}  // namespace tocsin::runtime
