#include "runtime/event_router.h"

#include <algorithm>

#include "runtime/key_table.h"
#include "runtime/shard.h"

namespace tocsin::runtime {

using eventtime::TypeId;

EventRouter::EventRouter(const Shard& built, const PatternLevels& levels, uint32_t shards)
    : shards_(shards), levels_(levels.count) {
  const Dispatcher& dispatcher = built.dispatcher();
  const auto types = static_cast<TypeId>(dispatcher.types());
  for (size_t number = 0; number < levels_.size(); ++number) {
    Level& level = levels_[number];
    level.by_type.resize(types);
    level.by_predicate.resize(dispatcher.predicates().size());
    for (const auto& keys : built.keys(number)) level.keys.push_back(keys.get());
  }
  const auto add = [&](uint32_t pattern, TypeId type, auto&& sets_of) {
    Level& level = levels_[levels.level_of[pattern]];
    Sets& sets = sets_of(level);
    for (const Door& door : built.operators()[pattern]->doors()) {
      const auto found = std::find(level.keys.begin(), level.keys.end(), door.keys);
      const auto set = static_cast<uint32_t>(found - level.keys.begin());
      if (!door.types[type] || std::find(sets.begin(), sets.end(), set) != sets.end()) continue;
      sets.push_back(set);
    }
  };
  dispatcher.for_each_condition([&](nfa::StepPredicate predicate, uint32_t pattern) {
    add(pattern, dispatcher.predicates().type(predicate),
        [=](Level& level) -> Sets& { return level.by_predicate[predicate]; });
  });
  for (TypeId type = 0; type < types; ++type) {
    for (const uint32_t pattern : dispatcher.wanting_all(type)) {
      add(pattern, type, [=](Level& level) -> Sets& { return level.by_type[type]; });
    }
  }
}

void EventRouter::begin(size_t slices) {
  count_ = slices;
  if (slices_.size() < slices) slices_.resize(slices);
}

void EventRouter::fill(size_t number, std::span<const ReleasedEvent> events, size_t slice_number) {
  Slice& slice = slices_[slice_number];
  slice.portions_.resize(shards_);
  for (Portion& portion : slice.portions_) {
    portion.events.clear();
    portion.keys.clear();
  }
  slice.texts_.clear();
  const Level& level = levels_[number];
  slice.met_.resize(std::max(slice.met_.size(), level.keys.size()));
  const size_t end = events.size() * (slice_number + 1) / count_;
  for (size_t i = events.size() * slice_number / count_; i < end; ++i) {
    const ReleasedEvent& event = events[i];
    const auto place = static_cast<uint32_t>(i);
    ++slice.event_;
    take(level, level.by_type[event.tested.row->type], event, place, slice);
    for (const nfa::StepPredicate predicate : event.loaded->hits_of(event.row)) {
      take(level, level.by_predicate[predicate], event, place, slice);
    }
  }
}

void EventRouter::take(const Level& level, const Sets& sets, const ReleasedEvent& event,
                       uint32_t place, Slice& slice) const {
  for (const uint32_t set : sets) {
    if (slice.met_[set] == slice.event_) continue;
    slice.met_[set] = slice.event_;
    const auto begin = static_cast<uint32_t>(slice.texts_.size());
    if (!level.keys[set]->encode(slice.texts_, event.tested)) {
      slice.texts_.resize(begin);
      continue;
    }
    const auto size = static_cast<uint32_t>(slice.texts_.size()) - begin;
    const uint32_t tag = tag_of({slice.texts_.data() + begin, size});
    Portion& portion = slice.portions_[KeyShare::group_of(tag) % shards_];
    if (portion.events.empty() || portion.events.back().place != place) {
      portion.events.push_back({place, 0});
    }
    ++portion.events.back().keys;
    portion.keys.push_back({set, tag, begin, size});
  }
}

}  // namespace tocsin::runtime
