// The part of StartOperator that saves first events and restores them.
#include <algorithm>

#include "runtime/key_table.h"
#include "runtime/start_operator.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;

namespace {

constexpr uint64_t kForm = 1;  // of a key's bytes; RunOperator's differ

}  // namespace

void StartOperator::save(const PutKey& put) const {
  std::string bytes;
  log_.for_each_chain([&](uint32_t number) {
    save_chain(bytes, number);
    put(StartLog::key_of(log_.chain(number)), bytes);
  });
}

void StartOperator::save_chain(std::string& bytes, uint32_t number) const {
  const StartLog::Chain& chain = log_.chain(number);
  bytes.clear();
  Encoder out(bytes);
  out.number(kForm);
  out.number(light_ ? 1 : 0);
  out.number(chain.count);
  for (uint32_t place = chain.oldest; place != kNone; place = log_.at(place).newer) {
    save_start(out, place);
  }
}

void StartOperator::save_start(Encoder& out, uint32_t place) const {
  const StartLog::Start& start = log_.at(place);
  const Origin& from = origin(place);
  out.time(start.time);
  out.number(from.sequence);
  if (light_) {
    out.number(from.record);
    out.number(from.input);
  } else if (start.event == kInBatch) {
    nfa::save_event(out, events_, in_batch(place));
  } else {
    nfa::save_event(out, events_, start.event);
  }
  cells_.save(out, log_.words(place));
  out.number(is_spent(place) ? 1 : 0);
}

bool StartOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  saved_keys_.emplace_back(key);
  return read_chain(from, static_cast<uint32_t>(saved_keys_.size() - 1), with.events);
}

bool StartOperator::read_chain(Decoder& from, uint32_t key, nfa::RestoredEvents& events) {
  if (from.number() != kForm || from.flag() != light_) return false;
  for (size_t left = from.count(); left > 0; --left) {
    SavedStart start;
    start.key = key;
    start.time = from.time();
    start.sequence = from.number();
    start.event = kLightEvent;
    if (light_) {
      start.record = from.number();
      start.input = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
    } else {
      start.event = events.take(from, program_.places[nfa::kFirstPlace].type);
      if (start.event == nfa::kNoEvent) return false;
    }
    start.words = saved_words_.size();
    saved_words_.resize(start.words + cells_.words());
    cells_.restore(from, saved_words_.data() + start.words, events_, start.event);
    start.spent = from.flag();
    if (from.failed()) return false;
    saved_.push_back(start);
  }
  return from.is_complete();
}

void StartOperator::finish_restore(const Restoring& with) {
  shelf_ = &with.shelf;
  std::sort(saved_.begin(), saved_.end(), [](const SavedStart& left, const SavedStart& right) {
    return left.sequence < right.sequence;
  });
  for (const SavedStart& start : saved_) {
    const std::string& key = saved_keys_[start.key];
    place(start, key, tag_of(key));
  }
  chain_ = kNone;
  saved_ = {};
  saved_keys_ = {};
  saved_words_ = {};
}

void StartOperator::place(const SavedStart& start, std::string_view key, uint32_t tag) {
  log_.make_room(1);
  chain_ = log_.find(key, tag);
  if (chain_ == kNone) chain_ = log_.add_chain(key, tag);
  const uint32_t place = log_.add(chain_, start.time, start.event);
  Origin& from = *new (&origin(place)) Origin();
  from.sequence = start.sequence;
  from.record = start.record;
  from.input = start.input;
  std::copy_n(saved_words_.data() + start.words, cells_.words(), log_.words(place));
  index(place);
  if (start.spent && keeps_spent_) spent(place) = 1;
}

// ---- to the disk and back ----

size_t StartOperator::spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) {
  shelf_ = &shelf;
  size_t spilled = 0;
  while (spilled < keys) {
    const uint32_t newest = log_.next_newest();
    if (newest == kNone) break;
    if (spill_chain(log_.at(newest).chain, now)) ++spilled;
  }
  return spilled;
}

bool StartOperator::spill_chain(uint32_t number, eventtime::Timestamp now) {
  const StartLog::Chain& chain = log_.chain(number);
  const bool is_absence = plan_.kind == Kind::kAbsence;
  SpilledRecord record;
  record.drops = !is_absence;
  if (plan_.life) {
    record.moment = log_.at(is_absence ? chain.oldest : chain.newest).time + *plan_.life;
    if (spilled_->is_soon(record.moment, now)) return false;
  }
  std::string state;
  save_chain(state, number);
  record.key = StartLog::key_of(chain);
  record.value = state;
  if (!spilled_->add(record, chain.tag)) return false;
  chain_ = number;
  while (chain_ != kNone) remove(log_.chain(number).oldest);
  return true;
}

bool StartOperator::can_thaw(std::string_view state) const {
  Decoder from(state);
  return from.number() == kForm && from.flag() == light_ && !from.failed();
}

bool StartOperator::thaw(std::string_view key, uint32_t tag, std::string_view state,
                         nfa::RestoredEvents& events) {
  Decoder from(state);
  if (!read_chain(from, 0, events)) return false;
  for (const SavedStart& start : saved_) place(start, key, tag);
  set_timer(chain_);
  chain_ = kNone;
  saved_.clear();
  saved_words_.clear();
  return true;
}

}  // namespace tocsin::runtime
