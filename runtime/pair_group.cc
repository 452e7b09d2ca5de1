#include "runtime/pair_group.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "eventtime/give_back.h"
#include "eventtime/prefetch.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

using eventtime::Timestamp;
using nfa::NodeId;
using patterns::SkipKind;

namespace {

// In first events looked at: what the index costs for one, and when a key gets it.
constexpr uint32_t kIndexCost = 8;
constexpr uint32_t kIndexedFrom = 1024;

constexpr uint32_t kSmallList = 4;

}  // namespace

PairGroup::PairGroup(const nfa::Place& first, const eventtime::EventSchema& schema,
                     const std::vector<patterns::KeyPart>& by,
                     std::optional<eventtime::Duration> life, nfa::EventStore& events,
                     EventKeys& keys, size_t max_starts)
    : life_(life),
      store_(events),
      keys_(keys),
      max_starts_(max_starts),
      held_(first, schema, events,
            {.values = StartLog::Values::kCounted, .marks = true, .wide = true}),
      log_(held_.log()),
      key_parts_(by) {}

PairGroup::~PairGroup() {
  log_.for_each_chain([&](uint32_t number) { delete[] log_.chain(number).list.items; });
}

nfa::Matcher& PairGroup::matcher_for(const nfa::Program& program) {
  std::unique_ptr<SharedMatcher>& shared = matchers_[nfa::pair_shape(program)];
  if (!shared) shared = std::make_unique<SharedMatcher>(program, store_, max_starts_);
  return shared->matcher;
}

bool PairGroup::claim(const nfa::Matcher& matcher) {
  for (const auto& [shape, shared] : matchers_) {
    if (&shared->matcher == &matcher) return !std::exchange(shared->claimed, true);
  }
  return false;
}

uint32_t PairGroup::join(PairOperator& pattern) {
  patterns_.push_back({&pattern});
  asked_.push_back(0);
  return static_cast<uint32_t>(patterns_.size() - 1);
}

bool PairGroup::enter_anew(ReleasedEvent& event, size_t index, const KeyShare& share) {
  if (refused_ == event.tested.sequence) return false;
  const EventKeys::Key& key = keys_.of(index, event.tested);
  if (key.is_null || !share.has(key.tag)) {
    refused_ = event.tested.sequence;
    return false;
  }
  log_.index().prefetch(key.tag);
  events_.push_back({&event, key.tag, static_cast<uint32_t>(index),
                     static_cast<uint32_t>(firsts_.size()),
                     static_cast<uint32_t>(seconds_.size())});
  entered_ = index;
  return true;
}

void PairGroup::process(const Surroundings& around) {
  held_.set_shelf(around.shelf);
  log_.make_room(firsts_.size());
  list_again_if_needed();
  ++changes_;
  by_key_ = {};
  prefetch();
  for (size_t i = 0; i < events_.size(); ++i) {
    const Event& event = events_[i];
    const bool last = i + 1 == events_.size();
    const size_t firsts_end = last ? firsts_.size() : events_[i + 1].firsts;
    const size_t seconds_end = last ? seconds_.size() : events_[i + 1].seconds;
    process_event(event, Patterns(firsts_).subspan(event.firsts, firsts_end - event.firsts),
                  Patterns(seconds_).subspan(event.seconds, seconds_end - event.seconds), around);
  }
  events_.clear();
  entered_ = SIZE_MAX;
  firsts_.clear();
  seconds_.clear();
}

void PairGroup::prefetch() const {
  for (const Event& event : events_) log_.prefetch_chain(log_.guess(event.tag));
  for (const Event& event : events_) {
    const uint32_t chain = log_.guess(event.tag);
    if (chain == kNone) continue;
    log_.prefetch_newest(chain);
    const StartLog::List& list = log_.chain(chain).list;
    if (list.size > 0) eventtime::prefetch_to_write(list.items + list.size);
  }
}

// Mixed as in XXH32's end.
uint32_t PairGroup::tag_of_pattern(uint32_t key_tag, uint32_t pattern) {
  uint32_t mixed = key_tag ^ (pattern + 1) * 2654435761U;
  mixed ^= mixed >> 15;
  mixed *= 2246822519U;
  mixed ^= mixed >> 13;
  return mixed;
}

void PairGroup::process_event(const Event& event, Patterns firsts, Patterns seconds,
                              const Surroundings& around) {
  const std::string_view key = keys_.of(event.index, event.event->tested).text();
  pass_time(event.event->tested.row->time);
  chain_ = log_.find(key, event.tag);
  if (chain_ != kNone && !seconds.empty()) {
    find_waiting(seconds);
    for (auto next = waiting_.begin(); next != waiting_.end();) {
      const uint32_t number = next->pattern;
      places_.clear();
      for (; next != waiting_.end() && next->pattern == number; ++next) {
        places_.push_back(next->place);
      }
      Pattern& pattern = patterns_[number];
      meet(pattern, event.event->tested.sequence);
      pattern.excluded_before = pattern.op->complete(places_, *event.event, around);
    }
  }
  for (const uint32_t pattern : firsts) begin(pattern, event, key);
}

// All live equally long, so that those that expire stand in front.
void PairGroup::pass_time(Timestamp now) {
  if (!life_) return;
  for (uint32_t place = log_.front(); place != kNone && log_.at(place).time + *life_ < now;
       place = log_.front()) {
    held_.prefetch_ahead();
    remove(place);
    ++changes_;
  }
}

// Of those that the event could complete, what waits for the key.
void PairGroup::find_waiting(Patterns seconds) {
  waiting_.clear();
  Chain& chain = log_.chain(chain_);
  if (is_indexed(chain) && seconds.size() < chain.count) return look_up(seconds);
  look_through(seconds);
  if (is_indexed(chain)) return;
  const size_t in_vain = chain.count - waiting_.size();
  chain.mark += static_cast<uint32_t>(std::min<size_t>(in_vain, kIndexed / 2));
  if (chain.mark > kIndexedFrom) index_all(chain);
}

void PairGroup::look_up(Patterns seconds) {
  const uint32_t tag = log_.chain(chain_).tag;
  for (const uint32_t pattern : seconds) {
    const uint32_t newest =
        log_.find_value(chain_, tag_of_pattern(tag, pattern),
                        [&](uint32_t place) { return held_.mark(place) == pattern; });
    if (newest == kNone) continue;
    for (uint32_t place = log_.newer_equal(newest);; place = log_.newer_equal(place)) {
      waiting_.push_back({pattern, chain_, place});
      if (place == newest) break;
    }
  }
}

void PairGroup::look_through(Patterns seconds) {
  ++questions_;
  for (const uint32_t pattern : seconds) asked_[pattern] = questions_;
  StartLog::List& list = log_.chain(chain_).list;
  const auto end = std::remove_if(list.items, list.items + list.size, [&](const Listed& each) {
    if (!log_.is_ahead(each.place)) return true;
    if (asked_[each.what] != questions_) return false;
    if (!log_.is_there(each.place)) return true;
    waiting_.push_back({each.what, chain_, each.place});
    return false;
  });
  list.size = static_cast<uint32_t>(end - list.items);
  std::stable_sort(waiting_.begin(), waiting_.end(), [](const Waiting& left, const Waiting& right) {
    return left.pattern < right.pattern;
  });
}

uint32_t PairGroup::add_chain(std::string_view key, uint32_t tag) {
  const uint32_t chain = log_.add_chain(key, tag);
  log_.chain(chain).list = {};
  return chain;
}

void PairGroup::meet(Pattern& pattern, uint64_t sequence) {
  if (pattern.met == sequence) return;
  pattern.met = sequence;
  pattern.excluded_before = 0;
  ++pattern.events;
}

void PairGroup::begin(uint32_t number, const Event& event, std::string_view key) {
  Pattern& pattern = patterns_[number];
  const uint64_t sequence = event.event->tested.sequence;
  meet(pattern, sequence);
  if (sequence < pattern.excluded_before) return;
  if (chain_ == kNone) chain_ = add_chain(key, event.tag);
  const uint32_t place = held_.add(chain_, *event.event);
  place_in(number, place);
  Chain& chain = log_.chain(chain_);
  if (chain.count <= max_starts_) return;
  if (!is_indexed(chain)) index_all(chain);
  if (log_.count_equal(place) <= max_starts_) return;
  if (chain.mark == kIndexedWithGaps) {
    chain.mark = kIndexed;
    log_.number_equal(chain_);
    if (log_.count_equal(place) <= max_starts_) return;
  }
  pattern.op->count_dropped_start();
  remove(log_.newer_equal(place));
}

void PairGroup::place_in(uint32_t pattern, uint32_t place) {
  held_.set_mark(place, pattern);
  ++patterns_[pattern].starts;
  Chain& chain = log_.chain(log_.at(place).chain);
  list(place);
  if (is_indexed(chain)) {
    index(place);
  } else {
    chain.mark -= std::min(chain.mark, kIndexCost);
  }
}

void PairGroup::list(uint32_t place) {
  Chain& chain = log_.chain(log_.at(place).chain);
  if (chain.list.size == chain.list.capacity) make_room(chain);
  chain.list.items[chain.list.size++] = {held_.mark(place), place};
}

// What is gone leaves the list; half of it stays free. Most of what is gone has expired, which the
// place alone tells.
void PairGroup::make_room(Chain& chain) {
  StartLog::List& list = chain.list;
  const auto keep = [&](const auto& stays) {
    const auto end = std::remove_if(list.items, list.items + list.size,
                                    [&](const Listed& each) { return !stays(each.place); });
    list.size = static_cast<uint32_t>(end - list.items);
    return list.size <= list.capacity / 2;
  };
  if (list.size > 0 && (keep([&](uint32_t place) { return log_.is_ahead(place); }) ||
                        keep([&](uint32_t place) { return log_.is_there(place); }))) {
    return;
  }
  const uint32_t capacity = std::max(kSmallList, list.capacity * 2);
  auto* items = new Listed[capacity];
  std::copy_n(list.items, list.size, items);
  delete[] list.items;
  list.items = items;
  list.capacity = capacity;
}

// Where places have moved; and before places are given anew that lists may still name.
void PairGroup::list_again_if_needed() {
  if (moves_ == log_.moves() && log_.added() - listed_ < StartLog::kPlaces / 4) return;
  moves_ = log_.moves();
  listed_ = log_.added();
  ++changes_;
  log_.for_each_chain([&](uint32_t number) {
    StartLog::List& list = log_.chain(number).list;
    delete[] list.items;
    list = {};
  });
  log_.for_each([&](uint32_t place) { list(place); });
}

// Makes a first event known by its pattern.
void PairGroup::index(uint32_t place) {
  const uint32_t pattern = held_.mark(place);
  log_.set_value(place, tag_of_pattern(log_.chain(log_.at(place).chain).tag, pattern),
                 [&](uint32_t other) { return held_.mark(other) == pattern; });
}

void PairGroup::index_all(Chain& chain) {
  chain.mark = kIndexed;
  for (uint32_t place = chain.oldest; place != kNone; place = log_.at(place).newer) index(place);
}

void PairGroup::remove(uint32_t place) {
  --patterns_[held_.mark(place)].starts;
  Chain& chain = log_.chain(log_.at(place).chain);
  if (chain.mark == kIndexed && !log_.is_oldest_equal(place)) chain.mark = kIndexedWithGaps;
  if (chain.count == 1) delete[] chain.list.items;
  const auto tag = [&] { return tag_of_pattern(chain.tag, held_.mark(place)); };
  if (!held_.remove(place, tag)) chain_ = kNone;
}

void PairGroup::advance(Timestamp now, BatchHolder& shelf) {
  held_.set_shelf(shelf);
  pass_time(now);
  held_.store_old();
  log_.shrink();
  list_again_if_needed();
}

void PairGroup::finish(BatchHolder& shelf) {
  held_.set_shelf(shelf);
  ++changes_;
  for (uint32_t place = log_.front(); place != kNone; place = log_.front()) remove(place);
  log_.shrink();  // nothing may come any more
  list_again_if_needed();
}

size_t PairGroup::memory(uint32_t pattern) const {
  const size_t each = log_.size() == 0 ? 0 : log_.memory() / log_.size();
  return (each + 2 * sizeof(Listed)) * patterns_[pattern].starts;
}

size_t PairGroup::light_events(uint32_t pattern) const {
  if (held_.light()) return patterns_[pattern].starts;
  return pattern == 0 ? held_.in_batches() : 0;  // only their sum is asked for
}

size_t PairGroup::keys(uint32_t pattern) const {
  if (counted_changes_ != changes_) {
    counted_changes_ = changes_;
    keys_of_.assign(patterns_.size(), 0);
    std::vector<uint32_t> chain_of(patterns_.size(), kNone);  // that was counted last
    log_.for_each_chain([&](uint32_t number) {
      for (uint32_t place = log_.chain(number).oldest; place != kNone;
           place = log_.at(place).newer) {
        const uint32_t at = held_.mark(place);
        if (std::exchange(chain_of[at], number) != number) ++keys_of_[at];
      }
    });
  }
  return keys_of_[pattern];
}

void PairGroup::for_each_key(uint32_t pattern, const VisitKey& visit) const {
  find_keys();
  const auto by_pattern = [](const Waiting& left, const Waiting& right) {
    return left.pattern < right.pattern;
  };
  const auto [begin, end] =
      std::equal_range(by_key_.begin(), by_key_.end(), Waiting{pattern}, by_pattern);
  std::vector<uint32_t> places;
  for (auto next = begin; next != end;) {
    const uint32_t chain = next->chain;
    places.clear();
    for (; next != end && next->chain == chain; ++next) places.push_back(next->place);
    visit(places);
  }
}

void PairGroup::find_keys() const {
  if (known_changes_ == changes_ && by_key_.size() == log_.size()) return;
  known_changes_ = changes_;
  by_key_.clear();
  log_.for_each(
      [&](uint32_t place) { by_key_.push_back({held_.mark(place), log_.at(place).chain, place}); });
  std::stable_sort(by_key_.begin(), by_key_.end(), [](const Waiting& left, const Waiting& right) {
    return std::tie(left.pattern, left.chain) < std::tie(right.pattern, right.chain);
  });
}

void PairGroup::restore(uint32_t pattern, std::string_view key, const HeldStarts::Saved& start) {
  if (saved_keys_.empty() || saved_keys_.back() != key) saved_keys_.emplace_back(key);
  saved_.push_back({start, static_cast<uint32_t>(saved_keys_.size() - 1), pattern});
}

// Of all patterns at once: the log is in the order of time.
void PairGroup::finish_restore(BatchHolder& shelf) {
  held_.set_shelf(shelf);
  if (saved_.empty()) return;
  ++changes_;
  std::sort(saved_.begin(), saved_.end(), [](const SavedStart& left, const SavedStart& right) {
    // Sequences are of levels, and a pattern's may be another now.
    return std::tie(left.start.time, left.start.sequence, left.pattern) <
           std::tie(right.start.time, right.start.sequence, right.pattern);
  });
  log_.make_room(saved_.size());
  moves_ = log_.moves();  // nothing has been listed
  listed_ = log_.added();
  for (const SavedStart& saved : saved_) {
    const std::string& key = saved_keys_[saved.key];
    const uint32_t tag = tag_of(key);
    uint32_t chain = log_.find(key, tag);
    if (chain == kNone) chain = add_chain(key, tag);
    place_in(saved.pattern, held_.add(chain, saved.start));
  }
  eventtime::give_back(saved_);
  eventtime::give_back(saved_keys_);
  held_.end_read();
}

// ---- one of the patterns ----

PairOperator::PairOperator(OperatorParts parts, PairGroup& group)
    : PatternOperator(std::move(parts)),
      plan_(*nfa::plan_starts(program_).plan),
      group_(group),
      number_in_group_(group.join(*this)) {
  counts_matcher_ = group.claim(matcher_);
  share_key_parts(group.key_parts());
}

OperatorParts PairOperator::parts(const EngineOptions& options, const SpillParts* spill,
                                  Workspace& work) const {
  return {program_, pattern(), number_, rank_,     events_,        doors_,
          options,  spill,     work,    &matcher_, counts_matcher_};
}

uint64_t PairOperator::complete(std::span<const uint32_t> starts, ReleasedEvent& released,
                                const Surroundings& around) {
  nfa::TestedEvent& event = released.tested;
  excluded_before_ = 0;
  matches_.clear();
  stay_.clear();
  const std::string key(group_.key_of(starts[0]));  // which may go with its first events
  if (reads_key_) read_key(key);
  for (const uint32_t place : starts) {
    if (complete_one(place, event)) {
      group_.remove(place);
    } else {
      stay_.push_back(place);
    }
  }
  for (const uint32_t place : stay_) {
    if (group_.held().sequence(place) < excluded_before_) group_.remove(place);
  }
  if (!matches_.empty()) emit(key, around);
  matcher_.scratch().clear();
  return excluded_before_;
}

bool PairOperator::complete_one(uint32_t place, nfa::TestedEvent& event) {
  if (group_.held().sequence(place) < excluded_before_) return true;
  const NodeId start = group_.held().bind(matcher_, nfa::kRootNode, 0, place);
  const NodeId node = matcher_.bind_event(start, plan_.second, plan_.exit_edge, event);
  matcher_.buffer().release(start);
  if (!match(node, event.row->time)) return !plan_.stays;
  excluded_before_ = std::max(excluded_before_, excluded_by(place, event.sequence));
  return !plan_.stays || program_.skip != SkipKind::kNone;
}

// Whether `having` does not refuse it.
bool PairOperator::match(NodeId node, Timestamp complete) {
  if (program_.having && !program_.having->holds(matcher_.context_of(node, key_values_))) {
    matcher_.buffer().release(node);
    return false;
  }
  matches_.push_back({node, complete, false, 0});
  return true;
}

// Language page 3.7: by a match from the first event at `place` to the one with `sequence`.
uint64_t PairOperator::excluded_by(uint32_t place, uint64_t sequence) const {
  switch (program_.skip) {
    case SkipKind::kPastLast:
      return sequence + 1;
    case SkipKind::kToFirst:
    case SkipKind::kToLast: {
      const uint16_t first = program_.places[nfa::kFirstPlace].variable;
      return program_.skip_variable == first ? group_.held().sequence(place) : sequence;
    }
    default:
      return 0;
  }
}

}  // namespace tocsin::runtime
