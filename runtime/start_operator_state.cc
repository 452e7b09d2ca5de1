// The part of StartOperator that saves first events and restores them.
#include <algorithm>

#include "eventtime/give_back.h"
#include "runtime/key_table.h"
#include "runtime/start_operator.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;

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
  held_.save_count(out, chain.count);
  for (uint32_t place = chain.oldest; place != kNone; place = log_.at(place).newer) {
    held_.save(out, place);
    out.number(is_spent(place) ? 1 : 0);
  }
}

bool StartOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  saved_keys_.emplace_back(key);
  return read_chain(from, static_cast<uint32_t>(saved_keys_.size() - 1), with.events);
}

bool StartOperator::read_chain(Decoder& from, uint32_t key, nfa::RestoredEvents& events) {
  size_t count = 0;
  if (!held_.read_count(from, count)) return false;
  for (; count > 0; --count) {
    const std::optional<HeldStarts::Saved> start = held_.read(from, events);
    if (!start) return false;
    saved_.push_back({*start, key, from.flag()});
  }
  return from.is_complete();
}

void StartOperator::finish_restore(const Restoring& with) {
  held_.set_shelf(with.shelf);
  std::sort(saved_.begin(), saved_.end(), [](const SavedStart& left, const SavedStart& right) {
    return left.start.sequence < right.start.sequence;
  });
  for (const SavedStart& start : saved_) {
    const std::string& key = saved_keys_[start.key];
    place(start, key, tag_of(key));
  }
  chain_ = kNone;
  eventtime::give_back(saved_);
  eventtime::give_back(saved_keys_);
  held_.end_read();
}

void StartOperator::place(const SavedStart& start, std::string_view key, uint32_t tag) {
  log_.make_room(1);
  chain_ = log_.find(key, tag);
  if (chain_ == kNone) chain_ = log_.add_chain(key, tag);
  const uint32_t place = held_.add(chain_, start.start);
  index(place, plan_.value_slot ? value_tag(place) : 0);
  if (start.spent && keeps_spent_) spend(place);
}

// ---- to the disk and back ----

size_t StartOperator::spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) {
  held_.set_shelf(shelf);
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
  size_t count = 0;
  return held_.read_count(from, count);
}

bool StartOperator::thaw(std::string_view key, uint32_t tag, std::string_view state,
                         nfa::RestoredEvents& events) {
  Decoder from(state);
  if (!read_chain(from, 0, events)) return false;
  for (const SavedStart& start : saved_) place(start, key, tag);
  set_timer(chain_);
  chain_ = kNone;
  saved_.clear();
  held_.end_read();
  return true;
}

}  // namespace tocsin::runtime
