// The part of RunOperator that saves keys and restores them: those with runs, and those whose first
// events wait.
#include <algorithm>

#include "eventtime/give_back.h"
#include "runtime/run_operator.h"

namespace tocsin::runtime {

using eventtime::Decoder;
using eventtime::Encoder;

namespace {

constexpr uint64_t kRuns = 2;  // forms of a key's bytes; StartOperator's differs
constexpr uint64_t kWaiting = 3;

}  // namespace

void RunOperator::save(const PutKey& put) const {
  std::string bytes;
  for (uint32_t slot = 0; slot < keys_.slots(); ++slot) {
    const KeyEntry& entry = keys_.at(slot);
    if (entry.state.empty()) continue;
    save_entry(entry, bytes);
    put(entry.key, bytes);
  }
  const WaitingStarts& waiting = keys_.waiting();
  for (size_t i = 0; i < waiting.size(); ++i) {
    const WaitingStart* start = &waiting.at(waiting.place(i));
    uint32_t left = start->chain;
    if (left == 0) continue;  // gone, or not the oldest of its key
    bytes.clear();
    Encoder out(bytes);
    out.number(kWaiting);
    out.number(left);
    const std::string key(keys_.key_of(*start));
    for (; left > 0; --left) {
      const eventtime::Batch& batch = *start->loaded->batch;
      out.number(start->sequence);
      save_row(out, batch, batch.rows[start->row], events_.keeps_raw());
      if (left > 1) start = &waiting.at(start->next);
    }
    put(key, bytes);
  }
}

void RunOperator::save_entry(const KeyEntry& entry, std::string& bytes) const {
  bytes.clear();
  Encoder out(bytes);
  out.number(kRuns);
  matcher_.save(entry.state, out);
}

bool RunOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  const uint64_t form = from.number();
  if (form == kWaiting) return restore_waiting(key, from, with);
  return form == kRuns && restore_entry(key, tag_of(key), from, with.events);
}

// ---- to the disk and back ----

size_t RunOperator::memory() const {
  constexpr size_t kIndexBytes = 16;
  const size_t entry = sizeof(KeyEntry) + kIndexBytes;
  const size_t runs = keys_.slots() == 0 ? 0 : matcher_.buffer().live();
  return keys_.size() * entry + runs * (matcher_.buffer().node_bytes() + sizeof(nfa::Run)) +
         keys_.waiting().size() * sizeof(WaitingStart);
}

// Goes round the table: a key that was used since it came by last is passed over once (the clock of
// Corbato, "A Paging Experiment with the Multics System", 1968).
size_t RunOperator::spill(size_t keys, eventtime::Timestamp now, BatchHolder& shelf) {
  size_t spilled = 0;
  begin_waiting(shelf);
  for (size_t left = 2 * size_t{keys_.slots()}; left > 0 && spilled < keys; --left) {
    if (hand_ >= keys_.slots()) hand_ = 0;
    KeyEntry& entry = keys_.at(hand_++);
    if (entry.state.empty()) continue;
    if (entry.used) {
      entry.used = false;
    } else if (spill_entry(entry, now)) {
      ++spilled;
    }
  }
  return spilled;
}

bool RunOperator::spill_entry(KeyEntry& entry, eventtime::Timestamp now) {
  const nfa::KeyState& state = entry.state;
  // A match that is held back tells alerts of other patterns to wait, and must be known for that.
  if (matcher_.holds_match(state)) return false;
  SpilledRecord record;
  record.drops = !program_.timed && state.history == nullptr && program_.within.has_value();
  record.moment = matcher_.next_deadline(state);
  if (record.drops) {
    for (const nfa::Run& run : state.runs) record.moment = std::max(record.moment, run.deadline);
  }
  const bool ends = record.moment != eventtime::kMaxTimestamp;
  if (ends && spilled_->is_soon(record.moment, now)) return false;
  std::string bytes;
  save_entry(entry, bytes);
  record.key = entry.key;
  record.value = bytes;
  if (!spilled_->add(record, entry.tag)) return false;
  matcher_.drop_all(entry.state);
  keys_.erase(entry);
  return true;
}

bool RunOperator::can_thaw(std::string_view state) const {
  return Decoder(state).number() == kRuns;
}

bool RunOperator::thaw(std::string_view key, uint32_t tag, std::string_view state,
                       nfa::RestoredEvents& events) {
  Decoder from(state);
  return from.number() == kRuns && restore_entry(key, tag, from, events);
}

bool RunOperator::restore_entry(std::string_view key, uint32_t tag, Decoder& from,
                                nfa::RestoredEvents& events) {
  KeyEntry& entry = keys_.add(key, tag);
  const bool whole =
      matcher_.restore(entry.state, from, events) && from.is_complete() && !entry.state.empty();
  settle(entry);
  return whole;
}

bool RunOperator::restore_waiting(std::string_view key, Decoder& from, const Restoring& with) {
  saved_keys_.emplace_back(key);
  for (size_t left = from.count(); left > 0; --left) {
    const uint64_t sequence = from.number();
    std::optional<RestoredRows::Place> row;
    if (!with.rows.take(from, row) || !row) return false;
    saved_.push_back({sequence, *row, static_cast<uint32_t>(saved_keys_.size() - 1)});
  }
  return from.is_complete();
}

void RunOperator::finish_restore(const Restoring& with) {
  std::sort(saved_.begin(), saved_.end(), [](const SavedWait& left, const SavedWait& right) {
    return left.sequence < right.sequence;
  });
  for (const SavedWait& saved : saved_) {
    LoadedBatch& loaded = with.rows.loaded(saved.row);
    const std::string& key = saved_keys_[saved.key];
    const uint32_t tag = tag_of(key);
    WaitingStart start;
    start.time = loaded.batch->rows[saved.row.row].time;
    start.sequence = saved.sequence;
    start.loaded = &loaded;
    start.row = saved.row.row;
    with.shelf.hold(loaded);
    keys_.wait(keys_.find(key, tag), key, tag, start);
  }
  eventtime::give_back(saved_);
  eventtime::give_back(saved_keys_);
}

}  // namespace tocsin::runtime
