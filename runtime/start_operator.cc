#include "runtime/start_operator.h"

// In line: values are short, and a call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>

namespace tocsin::runtime {

using eventtime::Timestamp;
using eventtime::Type;
using eventtime::Value;
using nfa::NodeId;
using patterns::CaptureKind;
using patterns::SkipKind;

namespace {

// Sums are kept by adding and subtracting, which is not exact; it decides only what is clear.
constexpr double kSumError = 1e-9;      // of all that was added and subtracted
constexpr double kSumTolerance = 1e-3;  // of the bound: beyond it the sum is computed again

bool contains(const std::vector<uint32_t>& list, uint32_t item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

size_t update_of(const nfa::Place& place, uint32_t slot) {
  const auto update = std::find_if(place.updates.begin(), place.updates.end(),
                                   [&](const auto& each) { return each.slot == slot; });
  return static_cast<size_t>(update - place.updates.begin());
}

// Hashes of values with their key's; 0 of null, which is not looked for.
uint32_t hash_of(uint32_t key, const eventtime::Text& text) {
  const std::string_view bytes = text.view();
  return static_cast<uint32_t>(XXH3_64bits_withSeed(bytes.data(), bytes.size(), key));
}

uint32_t hash_of(uint32_t key, double number) {
  if (number == 0) number = 0;  // there are two
  return static_cast<uint32_t>(XXH3_64bits_withSeed(&number, sizeof(number), key));
}

uint32_t hash_of(uint32_t key, int64_t integer) {
  return static_cast<uint32_t>(XXH3_64bits_withSeed(&integer, sizeof(integer), key));
}

uint32_t hash_of(uint32_t key, const Value& value) {
  if (value.is_null()) return 0;
  if (value.type == Type::kString) return hash_of(key, value.cell.text);
  if (value.type == Type::kFloat) return hash_of(key, value.cell.number);
  return hash_of(key, value.cell.integer);
}

uint32_t hash_of(uint32_t key, const eventtime::Column& column, uint32_t row) {
  if (column.is_null(row)) return 0;
  if (column.type() == Type::kString) return hash_of(key, column.text(row));
  if (column.type() == Type::kFloat) return hash_of(key, column.number(row));
  return hash_of(key, column.integer(row));
}

// Of one type and not null.
bool equal(const Value& left, const Value& right) {
  if (left.type == Type::kString) return left.cell.text == right.cell.text;
  if (left.type == Type::kFloat) return left.cell.number == right.cell.number;
  return left.cell.integer == right.cell.integer;
}

}  // namespace

StartOperator::StartOperator(OperatorParts parts, const eventtime::EventSchema& schema)
    : PatternOperator(std::move(parts)),
      plan_(*nfa::plan_starts(program_).plan),
      expires_in_front_(plan_.kind == Kind::kLoop),
      keeps_spent_(plan_.sum.has_value() || drains()),
      held_(program_.places[nfa::kFirstPlace], schema, events_,
            {.values = plan_.value_slot ? StartLog::Values::kFound : StartLog::Values::kNone,
             .marks = keeps_spent_,
             .wide = takes_derived()}),
      log_(held_.log()),
      clear_slots_(program_.layout.words()),
      slots_(clear_slots_.size()) {
  key_index_ = &log_.index();
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
  if (plan_.value_slot) {
    value_update_ = update_of(first, *plan_.value_slot);
    value_column_ = first.updates[value_update_].column;
    counts_values_ = program_.layout.slot(*plan_.value_slot).kind == CaptureKind::kDistinct;
  }
  if (plan_.equal_column) {
    equal_type_ = plan_.kill_by_value ? program_.tests[plan_.kills[0]].type
                                      : program_.places[plan_.second].type;
  }
  if (plan_.sum) sum_update_ = update_of(first, plan_.sum->slot);
  if (plan_.order) order_update_ = update_of(first, plan_.order->slot);
}

void StartOperator::process(const Surroundings& around) {
  held_.set_shelf(around.shelf);
  unite_doors();
  thaw_routed();
  log_.make_room(routed_.size());
  if (plan_.value_slot) find_value_tags();
  prefetch_starts();
  if (plan_.value_slot && log_.has_many_values()) prefetch_values();
  chain_ = kNone;  // the last block's may have gone, or have another number
  for (size_t i = 0; i < routed_.size(); ++i) {
    Routed& routed = routed_[i];
    routed.event->tested.variables = routed.variables;
    if (expires_in_front_) expire_front(expired_before(routed.event->tested.row->time), around);
    if (!is_present_key(routed)) chain_ = log_.find(guessed_[i], routed.key, routed.tag);
    process_event(routed, plan_.value_slot ? value_tags_[i] : ValueTags(), around);
    routed.event->tested.variables = nullptr;
  }
  routed_.clear();
}

// Of all of the block before any is needed. Each asks for its line of the index before the next is
// made: memory answers a few questions at a time.
void StartOperator::find_value_tags() {
  value_tags_.resize(routed_.size());
  ValueTags* of_event = value_tags_.data();
  const uint32_t first_type = program_.places[nfa::kFirstPlace].type;
  const bool many = log_.has_many_values();
  for (const Routed& routed : routed_) {
    const nfa::TestedEvent& event = routed.event->tested;
    const std::vector<eventtime::Column>& columns = event.table().columns;
    const uint32_t row = event.row->table_row;
    const bool may_be_first = event.row->type == first_type;
    ValueTags& tags = *of_event++;
    tags = {};
    if (may_be_first) tags.first = hash_of(routed.tag, columns[value_column_], row);
    if (many) log_.prefetch_value(tags.first);
    if (!plan_.equal_column || event.row->type != equal_type_) continue;
    const bool same = may_be_first && *plan_.equal_column == value_column_;
    tags.later = same ? tags.first : hash_of(routed.tag, columns[*plan_.equal_column], row);
    if (many && !same) log_.prefetch_value(tags.later);
  }
}

// In the order of the log, so that what comes next is known ahead, and nothing of a key is looked
// at to see that it still waits.
void StartOperator::expire_front(Timestamp expired, const Surroundings& around) {
  uint32_t place = log_.front();
  if (place == kNone || log_.at(place).time >= expired) return;
  const uint32_t present = chain_;
  do {
    held_.prefetch_ahead();
    expire(place, around);
    place = log_.front();
  } while (place != kNone && log_.at(place).time < expired);
  chain_ = present != kNone && log_.is_chain(present) ? present : kNone;
}

// The first events that the block will look at: the newest of each key, and, if its own events see
// to what is over, the oldest with what stands behind it.
void StartOperator::prefetch_starts() {
  guessed_.resize(routed_.size());
  for (size_t i = 0; i < routed_.size(); ++i) {
    if (i > 0 && routed_[i].tag == routed_[i - 1].tag) {
      guessed_[i] = guessed_[i - 1];
    } else {
      guessed_[i] = log_.guess(routed_[i].tag);
      log_.prefetch_chain(guessed_[i]);
    }
  }
  const auto is_new = [&](size_t i) { return i == 0 || guessed_[i] != guessed_[i - 1]; };
  for (size_t i = 0; i < guessed_.size(); ++i) {
    if (guessed_[i] == kNone || !is_new(i)) continue;
    if (expires_in_front_) {
      log_.prefetch_newest(guessed_[i]);
    } else {
      log_.prefetch_starts(guessed_[i]);
    }
  }
  if (!plan_.life || expires_in_front_) return;
  for (size_t i = 0; i < guessed_.size(); ++i) {
    if (guessed_[i] == kNone || !is_new(i) || log_.chain(guessed_[i]).count == 1) continue;
    const StartLog::Start& oldest = log_.at(log_.chain(guessed_[i]).oldest);
    const Timestamp expired = expired_before(routed_[i].event->tested.row->time);
    if (oldest.time < expired && oldest.newer != kNone) log_.prefetch_place(oldest.newer);
  }
}

// What the block will find by values, where no event before has been near.
void StartOperator::prefetch_values() const {
  for (const ValueTags& tags : value_tags_) {
    log_.prefetch_with_value(plan_.equal_column ? tags.later : tags.first);
  }
}

inline void StartOperator::process_event(Routed& routed, const ValueTags& tags,
                                         const Surroundings& around) {
  nfa::TestedEvent& event = routed.event->tested;
  const Timestamp now = event.row->time;
  if (chain_ != kNone && (!expires_in_front_ || chain().mark != 0)) pass_time(now, around);
  const bool begins = takes_first(routed);
  if (chain_ == kNone && !begins) return;
  ++counts_.events;
  matches_.clear();
  key_ = routed.key;
  key_is_read_ = false;
  excluded_before_ = 0;
  if (chain_ != kNone && plan_.second != nfa::kEndPlace && fits(*routed.event, plan_.second)) {
    follow(event, tags.later);
  }
  if (chain_ != kNone && !plan_.kills.empty()) kill(routed, tags.later);
  if (begins) begin(routed, tags.first);
  const uint32_t too_many =
      begins && chain_ != kNone && chain().count > max_starts_ ? chain().oldest : kNone;
  if (begins && chain_ != kNone && plan_.kind == Kind::kLoop) complete_loops(now);
  if (too_many != kNone) enforce_limit(too_many);
  if (chain_ != kNone && excluded_before_ != 0) exclude();
  drop_spent();
  if (!matches_.empty()) emit(routed.key, around);
  matcher_.scratch().clear();
}

// Whether it is a first event; of a loop that begins no more, another round.
inline bool StartOperator::takes_first(const Routed& routed) const {
  const bool round = plan_.kind == Kind::kLoop || plan_.kind == Kind::kLoopThen;
  if (!routed.may_begin && !(round && chain_ != kNone)) return false;
  return fits(*routed.event, nfa::kFirstPlace);
}

inline bool StartOperator::fits(const ReleasedEvent& event, uint16_t place) const {
  const nfa::Place& step = program_.places[place];
  return matcher_.fits(step.type, step.variable, step.local, event.tested,
                       event.loaded->predicates);
}

// What of the present key is over before `now`.
inline void StartOperator::pass_time(Timestamp now, const Surroundings& around) {
  const Timestamp expired = expired_before(now);
  while (chain_ != kNone) {
    const uint32_t oldest = chain().oldest;
    if (log_.at(oldest).time >= expired) break;
    if (plan_.kind == Kind::kAbsence) fire(oldest, around);
    remove(oldest);
  }
  drop_spent();
}

// An absence is complete.
void StartOperator::fire(uint32_t place, const Surroundings& around) {
  const StartLog::Start& start = log_.at(place);
  const std::string key(StartLog::key_of(log_.chain(start.chain)));
  key_ = key;
  key_is_read_ = false;
  matches_.clear();
  match(held_.bind(matcher_, nfa::kRootNode, 0, place), start.time + *plan_.life);
  if (!matches_.empty()) emit(key, around);
  matcher_.scratch().clear();
}

void StartOperator::remove(uint32_t place) {
  if (plan_.sum) move_sum(place, false);
  if (is_spent(place)) --spent_;
  if (held_.remove(place, [&] { return value_tag(place); })) return;
  if (!orders_.empty()) orders_.erase(chain_);
  chain_ = kNone;
}

bool StartOperator::test(const nfa::Code& condition, uint32_t place,
                         const nfa::TestedEvent& event) {
  std::copy(clear_slots_.begin(), clear_slots_.end(), slots_.begin());
  matcher_.fill_slots(slots_.data(), updates_read_, held_.cells(), log_.words(place),
                      log_.at(place).time);
  return matcher_.holds(condition, slots_.data(), event);
}

bool StartOperator::match(NodeId node, Timestamp complete) {
  if (reads_key_ && !key_is_read_) {
    read_key(key_);
    key_is_read_ = true;
  }
  if (program_.having && !program_.having->holds(matcher_.context_of(node, key_values_))) {
    matcher_.buffer().release(node);
    return false;
  }
  matches_.push_back({node, complete, false, 0});
  return true;
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
void StartOperator::follow(nfa::TestedEvent& event, uint32_t value_tag) {
  if (plan_.equal_column && !plan_.kill_by_value) {
    find_equal(event, value_tag);
    for (const uint32_t place : equal_) {
      if (!follow_one(place, 1, event)) return;
    }
    return;
  }
  if (plan_.order && chain().count >= kOrderedFrom) return follow_in_order(event);
  uint32_t left = chain().count;
  for (uint32_t place = chain().oldest; place != kNone && left >= plan_.minimum; --left) {
    const uint32_t next = log_.at(place).newer;
    if (!is_spent(place) && !follow_one(place, left, event)) return;
    place = next;
  }
}

// `left`: so many first events stand from this one on. False: all others are excluded.
bool StartOperator::follow_one(uint32_t place, uint32_t left, nfa::TestedEvent& event) {
  if (excluded_before_ >= event.sequence) return false;
  const std::optional<nfa::Code>& condition = program_.places[plan_.second].correlated;
  if (condition && !test(*condition, place, event)) return true;
  bool emitted = false;
  if (excluded_before_ == 0 || sequence(place) >= excluded_before_) {
    uint32_t last = place;
    const bool loop = plan_.kind == Kind::kLoopThen;
    const NodeId start = bind_loop(place, loop ? std::min(left, plan_.maximum) : 1, last);
    const NodeId node = matcher_.bind_event(start, plan_.second, plan_.exit_edge, event);
    matcher_.buffer().release(start);
    emitted = match(node, event.row->time);
    if (emitted) note_match(place, last, event.sequence);
  }
  if (!plan_.stays || (emitted && program_.skip != SkipKind::kNone)) remove(place);
  return true;
}

// The nodes of a start, and of the rounds that follow it, `count` in all.
NodeId StartOperator::bind_loop(uint32_t place, uint32_t count, uint32_t& last) {
  const uint32_t first = place;
  NodeId node = nfa::kRootNode;
  uint16_t edge = 0;
  for (; count > 0; --count) {
    const NodeId parent = node;
    std::optional<nfa::Matcher::KnownDistinct> known;
    if (counts_values_) known = {*plan_.value_slot, log_.is_first_equal(place, first)};
    node = held_.bind(matcher_, parent, edge, place, known);
    if (parent != nfa::kRootNode) matcher_.buffer().release(parent);
    edge = plan_.loop_edge;
    last = place;
    place = log_.at(place).newer;
  }
  return node;
}

void StartOperator::kill(const Routed& routed, uint32_t value_tag) {
  const nfa::TestedEvent& event = routed.event->tested;
  for (const uint16_t number : plan_.kills) {
    const nfa::Test& negation = program_.tests[number];
    if (!matcher_.fits(negation.type, negation.variable, negation.local, event,
                       routed.event->loaded->predicates)) {
      continue;
    }
    const auto kill_one = [&](uint32_t place) {
      if (!negation.correlated || test(*negation.correlated, place, event)) remove(place);
    };
    if (plan_.kill_by_value) {
      find_equal(event, value_tag);
      for (const uint32_t place : equal_) kill_one(place);
    } else {
      for (uint32_t place = chain().oldest; place != kNone;) {
        const uint32_t next = log_.at(place).newer;
        kill_one(place);
        place = next;
      }
    }
    if (chain_ == kNone) return;
  }
}

inline void StartOperator::begin(const Routed& routed, uint32_t value_tag) {
  if (!routed.may_begin && chain_ == kNone) return;  // there is nothing to be a round of any more
  if (chain_ == kNone) chain_ = log_.add_chain(routed.key, routed.tag);
  const uint32_t place = held_.add(chain_, *routed.event);
  index(place, value_tag);
  if (!routed.may_begin) spend(place);
}

// Makes a first event known by its value and to the sum of its key.
void StartOperator::index(uint32_t place, uint32_t value_tag) {
  if (plan_.value_slot) index_value(place, value_tag);
  if (!orders_.empty()) put_in_order(place);
  if (plan_.sum) move_sum(place, true);
}

// `oldest`: of a key that has one first event too many. What the event completes does not count.
void StartOperator::enforce_limit(uint32_t oldest) {
  if (!log_.is_there(oldest)) return;
  ++counts_.dropped_starts;
  remove(oldest);
}

// Of a pattern that is nothing but a loop: each first event that enough others follow. Nearly
// always the oldest alone; where a sum falls or overflows, perhaps another.
void StartOperator::complete_loops(Timestamp now) {
  if (!may_hold()) return;
  const uint64_t newest = sequence(chain().newest);
  uint32_t left = chain().count;
  const bool sums = plan_.sum && left > 1;
  if (sums) find_sums();
  const double error = chain().sums.moved * kSumError;
  for (uint32_t place = chain().oldest; place != kNone && left >= plan_.minimum; --left) {
    if (excluded_before_ > newest) break;
    const uint32_t next = log_.at(place).newer;
    const bool done = sequence(place) < excluded_before_ || is_spent(place);
    if (!done && !(sums && sums_[left - 1] + error < plan_.sum->bound)) {
      const bool emitted = complete_loop(place, left, now);
      if (emitted && (chain_ == kNone || !may_hold())) break;
    }
    place = next;
  }
}

bool StartOperator::complete_loop(uint32_t place, uint32_t left, Timestamp now) {
  uint32_t last = place;
  const uint32_t rounds = plan_.maximum == UINT32_MAX ? left : plan_.minimum;
  const uint64_t newest = sequence(chain().newest);
  const bool emitted = match(bind_loop(place, rounds, last), now);
  if (emitted) note_match(place, last, newest);
  if (emitted && plan_.sum && place != chain().oldest) {
    spend(place);  // it is a round of older ones, which may still come true
  } else if (emitted || plan_.maximum == 1) {
    remove(place);
  }
  return emitted;
}

void StartOperator::spend(uint32_t place) {
  held_.set_mark(place, 1);
  ++spent_;
}

inline void StartOperator::drop_spent() {
  while (spent_ > 0 && chain_ != kNone && is_spent(chain().oldest)) remove(chain().oldest);
}

// False: having does not hold for the oldest first event, and so for none.
bool StartOperator::may_hold() const {
  const StartLog::Chain& key = chain();
  return std::all_of(plan_.growing.begin(), plan_.growing.end(), [&](const nfa::GrowingTerm& term) {
    if (term.kind == CaptureKind::kSum) {
      return term.slot != plan_.sum->slot || key.negatives > 0 ||
             !(key.sums.total + key.sums.moved * kSumError <
               term.bound);  // not a number: cannot tell
    }
    const bool indexed = plan_.value_slot == term.slot;
    return static_cast<double>(indexed ? key.values : key.count) >= term.bound;
  });
}

void StartOperator::exclude() {
  while (chain_ != kNone && sequence(chain().oldest) < excluded_before_) remove(chain().oldest);
}

// The first events of the key whose value the event's field has.
void StartOperator::find_equal(const nfa::TestedEvent& event, uint32_t tag) {
  equal_.clear();
  const Value wanted = event.table().columns[*plan_.equal_column].value(event.row->table_row);
  if (wanted.is_null()) return;
  const auto has_it = [&](uint32_t place) { return equal(value_of(place), wanted); };
  const uint32_t newest = log_.find_value(chain_, tag, has_it);
  if (newest == kNone) return;
  for (uint32_t place = log_.newer_equal(newest);; place = log_.newer_equal(place)) {
    equal_.push_back(place);
    if (place == newest) return;
  }
}

uint32_t StartOperator::value_tag(uint32_t place) const {
  return hash_of(log_.chain(log_.at(place).chain).tag, value_of(place));
}

void StartOperator::index_value(uint32_t place, uint32_t tag) {
  if (tag == 0 && value_of(place).is_null()) return;
  log_.set_value(place, tag,
                 [&](uint32_t other) { return equal(value_of(other), value_of(place)); });
}

double StartOperator::summand(uint32_t place) const {
  const Value value = held_.cells().read(log_.words(place), sum_update_);
  if (value.is_null()) return 0;
  return value.type == Type::kFloat ? value.cell.number : static_cast<double>(value.cell.integer);
}

// A first event comes or goes.
void StartOperator::move_sum(uint32_t place, bool in) {
  const double value = summand(place);
  StartLog::Chain& key = log_.chain(log_.at(place).chain);
  key.sums.total += in ? value : -value;
  key.sums.moved += std::abs(value);
  if (value < 0) key.negatives += in ? 1U : UINT32_MAX;
  if (!in || key.sums.moved * kSumError <= std::abs(plan_.sum->bound) * kSumTolerance) return;
  key.sums = {};
  for (uint32_t at = key.oldest; at != kNone; at = log_.at(at).newer) {
    key.sums.total += summand(at);
    key.sums.moved += std::abs(summand(at));
  }
}

void StartOperator::find_sums() {
  sums_.clear();
  double sum = 0;
  for (uint32_t place = chain().newest;; place = log_.at(place).older) {
    sum += summand(place);
    sums_.push_back(sum);
    if (place == chain().oldest) return;
  }
}

void StartOperator::advance(Timestamp now, const Surroundings& around) {
  held_.set_shelf(around.shelf);
  if (now != eventtime::kMaxTimestamp) thaw_due(now);
  expire_front(expired_before(now), around);
  fire_timers(now, around);
  held_.store_old();
  if (log_.shrink()) find_timers();
}

void StartOperator::expire(uint32_t place, const Surroundings& around) {
  if (plan_.kind == Kind::kAbsence) fire(place, around);
  chain_ = log_.at(place).chain;
  remove(place);
  drop_spent();
}

// Of a chain whose first events stand behind newer ones of other chains.
void StartOperator::set_timer(uint32_t number) {
  if (!plan_.life) return;
  StartLog::Chain& chain = log_.chain(number);
  if (++last_timer_ == 0) ++last_timer_;
  chain.mark = last_timer_;
  timers_.push({log_.at(chain.oldest).time + *plan_.life, chain.mark, number});
}

void StartOperator::fire_timers(Timestamp now, const Surroundings& around) {
  while (!timers_.empty() && timers_.top().time < now) {
    const Timer due = timers_.top();
    timers_.pop();
    if (!log_.is_chain(due.chain) || log_.chain(due.chain).mark != due.number) continue;
    chain_ = due.chain;
    while (chain_ != kNone && log_.at(chain().oldest).time < expired_before(now)) {
      expire(chain().oldest, around);
    }
    if (chain_ != kNone) set_timer(chain_);
  }
}

// Chains have other numbers now.
void StartOperator::find_timers() {
  orders_.clear();
  timers_ = {};
  log_.for_each_chain([&](uint32_t number) {
    if (log_.chain(number).mark != 0) set_timer(number);
  });
}

void StartOperator::finish(Timestamp /*end*/, const Surroundings& around) {
  held_.set_shelf(around.shelf);
  finish_resident(around);
  if (plan_.kind == Kind::kAbsence) {
    thaw_all([&] { finish_resident(around); });
  } else if (spilled_) {
    spilled_->forget_all();
  }
}

void StartOperator::finish_resident(const Surroundings& around) {
  for (uint32_t place = log_.front(); place != kNone; place = log_.front()) {
    if (plan_.kind == Kind::kAbsence) fire(place, around);
    chain_ = log_.at(place).chain;
    remove(place);
  }
}

}  // namespace tocsin::runtime
