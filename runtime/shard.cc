#include "runtime/shard.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "nfa/stack_plan.h"
#include "nfa/start_plan.h"
#include "runtime/doors.h"
#include "runtime/run_operator.h"
#include "runtime/stack_operator.h"
#include "runtime/start_operator.h"

namespace tocsin::runtime {

using eventtime::Timestamp;
using patterns::Pattern;

namespace {

// So many look-ups are under way at once: enough to hide the memory's latency.
constexpr size_t kBlockEvents = 128;

// Rank of each pattern among the names: alerts of one time are sorted by it. Versions of one
// pattern in their order.
std::vector<uint32_t> ranks_by_name(const std::vector<Pattern>& patterns) {
  std::vector<uint32_t> order(patterns.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t left, uint32_t right) {
    return patterns[left].name < patterns[right].name;
  });
  std::vector<uint32_t> ranks(order.size());
  for (uint32_t rank = 0; rank < order.size(); ++rank) ranks[order[rank]] = rank;
  return ranks;
}

}  // namespace

// 0 for those that use input events only, else above all whose events they use. The binder refuses
// cycles.
PatternLevels::PatternLevels(const std::vector<Pattern>& patterns) : level_of(patterns.size()) {
  const auto feeds = [&](size_t from, size_t to) {
    const auto takes = [&](const std::optional<patterns::EmittedEvent>& event) {
      const auto& inputs = patterns[to].inputs;
      return event && std::binary_search(inputs.begin(), inputs.end(), event->type);
    };
    return takes(patterns[from].emitted_event) || takes(patterns[from].timeout_event);
  };
  std::vector<size_t> sources;
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].emitted_event || patterns[i].timeout_event) sources.push_back(i);
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t to = 0; to < patterns.size(); ++to) {
      for (const size_t from : sources) {
        if (level_of[to] > level_of[from] || !feeds(from, to)) continue;
        level_of[to] = level_of[from] + 1;
        changed = true;
      }
    }
  }
  for (const size_t level : level_of) count = std::max(count, level + 1);
}

Shard::Shard(KeyShare share, const patterns::PatternSet& patterns, const PatternLevels& levels,
             const EngineOptions& options,
             const std::vector<const eventtime::RecordFormat*>& formats, BatchHolder& shelf)
    : share_(share),
      patterns_(patterns),
      pattern_levels_(levels),
      options_(options),
      formats_(formats),
      shelf_(shelf),
      dispatcher_(patterns.catalog.types.size()),
      events_(patterns.catalog.types.size(), options.events == EventDetail::kFull),
      levels_(levels.count) {
  if (options.spill == nullptr) return;
  types_ = nfa::own_types(patterns.catalog);
  spill_.emplace(SpillParts{*options.spill, spill_writer_.emplace(*options.spill), types_});
}

void Shard::build(const std::vector<nfa::Program>& programs) {
  const std::vector<uint32_t> ranks = ranks_by_name(patterns_.patterns);
  std::vector<std::vector<Door>> doors;
  for (size_t i = 0; i < programs.size(); ++i) {
    keep_texts(programs[i]);
    Level& level = levels_[pattern_levels_.level_of[i]];
    doors.push_back(doors_of(patterns_.patterns[i], level));
    level.bits.resize(programs.size());
    level.bits[i] = bits_of(doors.back(), level);
  }
  const std::vector<PairGroup*> groups = make_groups(programs, doors);
  seats_.resize(programs.size());
  for (size_t i = 0; i < programs.size(); ++i) {
    operators_.push_back(make_operator(
        {programs[i], patterns_.patterns[i], static_cast<uint32_t>(i), ranks[i], events_,
         std::move(doors[i]), options_, groups[i] == nullptr && spill_ ? &*spill_ : nullptr, work_,
         groups[i] != nullptr ? &groups[i]->matcher_for(programs[i]) : nullptr},
        groups[i]));
    operators_.back()->concern(dispatcher_);
    if (groups[i] != nullptr) {
      seats_[i] = {groups[i], static_cast<PairOperator&>(*operators_[i]).number_in_group(), 0};
    }
  }
  take_seats();
}

// So that the dispatcher leads to groups without their patterns.
void Shard::take_seats() {
  std::map<const PairGroup*, uint32_t> numbers;
  for (uint32_t i = 0; i < groups_.size(); ++i) numbers[groups_[i].get()] = i;
  for (Level& level : levels_) level.group_bits.assign(groups_.size(), 0);
  for (uint32_t i = 0; i < seats_.size(); ++i) {
    Seat& seat = seats_[i];
    if (seat.group == nullptr) continue;
    seat.group_number = numbers[seat.group];
    Level& level = levels_[pattern_levels_.level_of[i]];
    level.group_bits[seat.group_number] = level.bits[i];
    dispatcher_.seat(i, {seat.group_number, seat.number});
  }
  dispatcher_.take_seats();
}

// Of each pattern its group, if there are others like it. Not of versions that begin or end at a
// place in the inputs.
std::vector<PairGroup*> Shard::make_groups(const std::vector<nfa::Program>& programs,
                                           const std::vector<std::vector<Door>>& doors) {
  std::vector<PairGroup*> groups(programs.size());
  if (options_.plan != PlanChoice::kBest) return groups;
  std::map<std::pair<const EventKeys*, nfa::PairKind>, std::vector<size_t>> alike;
  for (size_t i = 0; i < programs.size(); ++i) {
    const bool whole =
        options_.versions.empty() || (!options_.versions[i].since && !options_.versions[i].until);
    if (!whole || doors[i].size() != 1 || doors[i][0].variables.size() != 0) continue;
    const auto plan = nfa::plan_starts(programs[i]).plan;
    if (!plan) continue;
    if (const auto kind = nfa::pair_kind(programs[i], *plan)) {
      alike[{doors[i][0].keys, *kind}].push_back(i);
    }
  }
  for (const auto& [what, patterns] : alike) {
    if (patterns.size() < 2) continue;
    const nfa::Place& first = programs[patterns[0]].places[nfa::kFirstPlace];
    groups_.push_back(std::make_unique<PairGroup>(
        first, patterns_.catalog.types[first.type], patterns_.patterns[patterns[0]].by,
        what.second.life, events_, *doors[patterns[0]][0].keys, options_.max_starts));
    for (const size_t pattern : patterns) groups[pattern] = groups_.back().get();
  }
  return groups;
}

std::unique_ptr<PatternOperator> Shard::make_operator(OperatorParts parts, PairGroup* group) const {
  if (group != nullptr) return std::make_unique<PairOperator>(std::move(parts), *group);
  parts.takes_derived = pattern_levels_.level_of[parts.number] > 0;
  if (options_.plan == PlanChoice::kBest && nfa::plan_starts(parts.program).plan) {
    const nfa::TypeId type = parts.program.places[nfa::kFirstPlace].type;
    return std::make_unique<StartOperator>(std::move(parts), patterns_.catalog.types[type]);
  }
  if (options_.plan == PlanChoice::kBest && nfa::plan_stacks(parts.program).plan) {
    return std::make_unique<StackOperator>(std::move(parts), patterns_.catalog);
  }
  return std::make_unique<RunOperator>(std::move(parts));
}

std::vector<Door> Shard::doors_of(const Pattern& pattern, Level& level) const {
  std::vector<Door> doors;
  for (const DoorPlan& plan : plan_doors(pattern)) {
    Door door;
    door.keys = &keys_by(plan.by, level);
    if (!plan.variables.empty()) door.variables.reset(pattern.variables.size());
    for (const uint32_t variable : plan.variables) door.variables.set(variable);
    door.types.resize(patterns_.catalog.types.size());
    for (const eventtime::TypeId type : pattern.inputs) door.types[type] = plan.takes(type);
    doors.push_back(std::move(door));
  }
  return doors;
}

Shard::KeyBits Shard::bits_of(const std::vector<Door>& doors, const Level& level) {
  KeyBits bits = 0;
  for (size_t set = 0; set < level.keys.size(); ++set) {
    const auto leads_there = [&](const Door& door) { return door.keys == level.keys[set].get(); };
    if (std::any_of(doors.begin(), doors.end(), leads_there)) bits |= KeyBits{1} << (set % 64);
  }
  return bits;
}

EventKeys& Shard::keys_by(const std::vector<patterns::KeyPart>& by, Level& level) {
  for (const auto& keys : level.keys) {
    if (keys->join(by)) return *keys;
  }
  level.keys.push_back(std::make_unique<EventKeys>(by));
  return *level.keys.back();
}

void Shard::keep_texts(const nfa::Program& program) {
  for (const nfa::Place& place : program.places) {
    for (const nfa::SlotUpdate& update : place.updates) {
      if (update.column == nfa::kNoColumn) continue;
      const auto& fields = patterns_.catalog.types[place.type].fields;
      if (fields[update.column].type == eventtime::Type::kString) {
        events_.keep_text(place.type, update.column);
      }
    }
  }
}

// Block by block, so that a block is still near when the next pattern looks at it.
void Shard::match(size_t level, std::span<ReleasedEvent> events) {
  for (size_t begin = 0; begin < events.size(); begin += kBlockEvents) {
    const auto block = events.subspan(begin, std::min(kBlockEvents, events.size() - begin));
    for (const auto& keys : levels_[level].keys) keys->begin(block.size());
    match_block(level, block, {});
  }
}

void Shard::match(size_t level, std::span<const ReleasedEvent> events,
                  std::span<const EventRouter::Slice> slices) {
  const auto& keys = levels_[level].keys;
  for (const EventRouter::Slice& slice : slices) {
    const EventRouter::Portion& portion = slice.of(share_.number);
    const EventRouter::Key* key = portion.keys.data();
    for (const EventRouter::Event& event : portion.events) {
      if (copied_.size() == kBlockEvents) match_copied(level);
      if (copied_.empty()) {
        for (const auto& set : keys) set->begin_given(kBlockEvents);
      }
      KeyBits bits = 0;
      for (uint32_t i = 0; i < event.keys; ++i, ++key) {
        keys[key->set]->give(copied_.size(), slice.text(*key), key->tag);
        bits |= KeyBits{1} << (key->set % 64);
      }
      copied_.push_back(events[event.place]);
      copied_bits_.push_back(bits);
    }
  }
  if (!copied_.empty()) match_copied(level);
}

void Shard::match_copied(size_t number) {
  match_block(number, copied_, copied_bits_);
  copied_.clear();
  copied_bits_.clear();
}

void Shard::match_block(size_t number, std::span<ReleasedEvent> block,
                        std::span<const KeyBits> bits) {
  constexpr size_t kAhead = 4;
  Level& level = levels_[number];
  level.concerned.clear();
  for (size_t i = 0; i < block.size(); ++i) {
    ReleasedEvent& event = block[i];
    if (i + kAhead < block.size()) {
      const ReleasedEvent& next = block[i + kAhead];
      dispatcher_.prefetch(*next.loaded, next.row);
    }
    const KeyBits has = bits.empty() ? kAllKeys : bits[i];
    PairGroup* present = nullptr;  // that the event has entered last
    uint32_t present_number = 0;
    const auto route_to = [&](uint32_t pattern, bool may_begin) {
      if ((level.bits[pattern] & has) == 0) return;
      const bool routed = route(pattern, event, i, may_begin, level);
      if (routed && may_begin) dispatcher_.activate(pattern);  // for what comes behind it
    };
    const auto route_to_single = [&](uint32_t pattern, bool may_begin) {
      if ((level.bits[pattern] & has) == 0) return;
      PatternOperator& op = *operators_[pattern];  // route() without a look at seats
      const bool is_first = !op.has_events();
      if (!op.route(event, i, may_begin, share_)) return;
      if (is_first) level.concerned.push_back(&op);
      if (may_begin) dispatcher_.activate(pattern);
    };
    const auto route_to_group = [&](const Dispatcher::Seat& seat, uint32_t pattern, bool begins) {
      if (present == nullptr || present_number != seat.group) {
        if ((level.group_bits[seat.group] & has) == 0) return;
        PairGroup& group = *groups_[seat.group];
        const bool is_first = !group.has_events();
        if (!group.enter(event, i, share_)) return;
        if (is_first) level.concerned.push_back(operators_[pattern].get());
        present = &group;
        present_number = seat.group;
      }
      present->add(seat.number, begins);
      if (begins) dispatcher_.activate(pattern);
    };
    dispatcher_.visit(*event.loaded, event.row, route_to, route_to_single, route_to_group);
  }
  // Their order does not matter to alerts.
  for (PatternOperator* op : level.concerned) op->process(around(number));
  for (const ReleasedEvent& event : block) {
    if (event.tested.stored != nfa::kNoEvent) events_.release(event.tested.stored);
  }
}

bool Shard::route(uint32_t pattern, ReleasedEvent& event, size_t index, bool may_begin,
                  Level& level) {
  const auto take = [&](auto& taker, const auto& way) {
    const bool is_first = !taker.has_events();
    const bool routed = way();
    if (routed && is_first) level.concerned.push_back(operators_[pattern].get());
    return routed;
  };
  if (const Seat& seat = seats_[pattern]; seat.group != nullptr) {
    PairGroup& group = *seat.group;
    return take(group, [&] {
      const bool entered = group.enter(event, index, share_);
      if (entered) group.add(seat.number, may_begin);
      return entered;
    });
  }
  PatternOperator& op = *operators_[pattern];
  return take(op, [&] { return op.route(event, index, may_begin, share_); });
}

uint64_t Shard::memory() const {
  uint64_t bytes = events_.memory();
  for (const uint32_t pattern : dispatcher_.active()) {
    const PatternOperator& op = *operators_[pattern];
    bytes += op.memory();
    if (op.spilled() != nullptr) bytes += op.spilled()->memory();
  }
  return bytes;
}

// Each pattern gives its part. What memory is left when it has done so is seen then: keys differ in
// size, and an event goes when its last key does.
void Shard::keep_within(uint64_t bytes, Timestamp now) {
  constexpr uint64_t kRoom = 8;  // so that it is not done for each batch
  constexpr int kRounds = 8;
  if (memory() <= bytes) return;
  const uint64_t wanted = bytes - bytes / kRoom;
  for (int i = 0; i < kRounds; ++i) {
    const uint64_t used = memory();
    if (used <= wanted) return;
    if (!spill_part(1 - static_cast<double>(wanted) / static_cast<double>(used), now)) return;
  }
}

void Shard::stand_alone(uint32_t pattern) {
  PairGroup* group = seats_[pattern].group;
  if (group == nullptr) return;
  const uint32_t number = seats_[pattern].group_number;
  group->finish_restore(shelf_);
  nfa::RestoredEvents events(events_, types_);
  for (size_t i = 0; i < seats_.size(); ++i) {
    if (seats_[i].group != group) continue;
    const auto& member = static_cast<const PairOperator&>(*operators_[i]);
    auto alone = make_operator(member.parts(options_, spill_ ? &*spill_ : nullptr, work_), nullptr);
    member.move_to(*alone, events);
    operators_[i] = std::move(alone);
    seats_[i] = {};
  }
  for (Level& level : levels_) level.group_bits[number] = 0;
  dispatcher_.clear_seats(number);
  group->finish(shelf_);
}

// False: nothing could be written out.
bool Shard::spill_part(double part, Timestamp now) {
  bool any = false;
  for (const uint32_t pattern : dispatcher_.active()) {
    stand_alone(pattern);
    PatternOperator& op = *operators_[pattern];
    const auto keys = static_cast<double>(op.resident_keys());
    if (keys > 0) any |= op.spill(static_cast<size_t>(std::ceil(keys * part)), now, shelf_) > 0;
  }
  return any;
}

Timestamp Shard::pass_time(size_t level, Timestamp now, Timestamp end) {
  Timestamp until = now;
  const bool ends = now == eventtime::kMaxTimestamp;
  for (size_t i = 0; i < groups_.size(); ++i) {
    if (levels_[level].group_bits[i] == 0) continue;
    groups_[i]->advance(now, shelf_);
    if (ends) groups_[i]->finish(shelf_);
  }
  passed_.assign(dispatcher_.active().begin(), dispatcher_.active().end());
  for (const uint32_t pattern : passed_) {  // the others wait for nothing
    if (pattern_levels_.level_of[pattern] != level) continue;
    if (const Seat& seat = seats_[pattern]; seat.group != nullptr) {
      if (seat.group->is_idle(seat.number)) dispatcher_.deactivate(pattern);
      continue;
    }
    PatternOperator& op = *operators_[pattern];
    op.advance(now, around(level));
    if (ends) op.finish(end, around(level));
    if (op.is_idle()) dispatcher_.deactivate(pattern);
    until = std::min(until, op.held_from());
  }
  return until;
}

}  // namespace tocsin::runtime
