// The part of RunOperator that saves keys and restores them: those with runs, and those whose first
// events wait.
#include <algorithm>

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
    bytes.clear();
    Encoder out(bytes);
    out.number(kRuns);
    matcher_.save(entry.state, out);
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

bool RunOperator::restore(std::string_view key, Decoder& from, const Restoring& with) {
  const uint64_t form = from.number();
  if (form == kWaiting) return restore_waiting(key, from, with);
  if (form != kRuns) return false;
  KeyEntry& entry = keys_.add(key, tag_of(key));
  const bool whole = matcher_.restore(entry.state, from, with.events) && from.is_complete() &&
                     !entry.state.empty();
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
  saved_ = {};
  saved_keys_ = {};
}

}  // namespace tocsin::runtime
