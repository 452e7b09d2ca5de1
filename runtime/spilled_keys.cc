#include "runtime/spilled_keys.h"

#include <algorithm>
#include <utility>

namespace tocsin::runtime {

using eventtime::Timestamp;

SpilledKeys::SpilledKeys(SpillFiles& files, SpillFiles::Writer& writer, std::string prefix,
                         eventtime::Duration span)
    : files_(files),
      writer_(writer),
      prefix_(std::move(prefix)),
      width_(std::max<int64_t>(span.micros / 64, 1000)) {}

// Rounded down, also before 1970.
int64_t SpilledKeys::bucket_of(Timestamp time) const {
  const int64_t bucket = time.micros / width_;
  return time.micros % width_ < 0 ? bucket - 1 : bucket;
}

bool SpilledKeys::add(const SpilledRecord& record, uint32_t tag) {
  name_ = prefix_;
  name_ += record.key;
  SpilledRecord named = record;
  named.key = name_;
  const SpillFiles::Place place = writer_.append(named);
  if (place == 0) return false;
  index_.insert(tag, place);
  set_timer(record, tag, place);
  return true;
}

void SpilledKeys::add_written(const SpilledRecord& record, uint32_t tag, SpillFiles::Place place) {
  index_.insert(tag, place);
  set_timer(record, tag, place);
}

void SpilledKeys::set_timer(const SpilledRecord& record, uint32_t tag, SpillFiles::Place place) {
  if (record.moment == eventtime::kMaxTimestamp) return;
  Buckets& buckets = record.drops ? over_ : due_;
  buckets[bucket_of(record.moment)].push_back({tag, place, files_.segment_of(place)});
  ++timers_;
}

bool SpilledKeys::is_there(const Timer& timer) const {
  return files_.segment_of(timer.place) == timer.segment &&
         index_.find(timer.tag, [&](uint32_t place) { return place == timer.place; }) !=
             KeyIndex::kNone;
}

void SpilledKeys::erase(uint32_t tag, SpillFiles::Place place) {
  index_.erase(tag, place);
  files_.drop(place);
}

std::optional<std::string_view> SpilledKeys::take(std::string_view key, uint32_t tag) {
  std::string_view state;
  const uint32_t place = index_.find(tag, [&](uint32_t each) {
    const std::optional<SpilledRecord> record = files_.read(each, bytes_);
    if (!record || without_prefix(record->key) != key) return false;
    state = record->value;
    return true;
  });
  if (place == KeyIndex::kNone) return std::nullopt;
  erase(tag, place);
  return state;
}

void SpilledKeys::take_due(Timestamp now, const Take& take) {
  const int64_t present = bucket_of(now);
  while (!due_.empty() && due_.begin()->first <= present) {
    const std::vector<Timer> timers = std::move(due_.begin()->second);
    due_.erase(due_.begin());
    timers_ -= timers.size();
    for (const Timer& timer : timers) {
      if (!is_there(timer)) continue;
      const std::optional<SpilledRecord> record = files_.read(timer.place, bytes_);
      if (!record) return;
      erase(timer.tag, timer.place);
      take(without_prefix(record->key), timer.tag, record->value);
    }
  }
  while (!over_.empty() && over_.begin()->first < present) {
    const std::vector<Timer> timers = std::move(over_.begin()->second);
    over_.erase(over_.begin());
    timers_ -= timers.size();
    for (const Timer& timer : timers) {
      if (is_there(timer)) erase(timer.tag, timer.place);
    }
  }
}

void SpilledKeys::take_all(size_t some, const Take& take, const std::function<void()>& pause) {
  std::vector<std::pair<SpillFiles::Place, uint32_t>> all;
  all.reserve(size());
  index_.for_each([&](uint32_t tag, uint32_t place) { all.emplace_back(place, tag); });
  std::sort(all.begin(), all.end());
  forget_all();
  for (size_t i = 0; i < all.size(); ++i) {
    const auto& [place, tag] = all[i];
    const std::optional<SpilledRecord> record = files_.read(place, bytes_);
    if (!record) return;
    take(without_prefix(record->key), tag, record->value);
    if ((i + 1) % some == 0) pause();
  }
}

void SpilledKeys::forget_all() {
  index_.for_each([&](uint32_t, uint32_t place) { files_.drop(place); });
  index_ = KeyIndex();
  due_.clear();
  over_.clear();
  timers_ = 0;
}

void SpilledKeys::for_each(
    const std::function<void(std::string_view key, std::string_view state)>& visit) const {
  std::vector<SpillFiles::Place> all;  // in the order of the files
  all.reserve(size());
  index_.for_each([&](uint32_t, uint32_t place) { all.push_back(place); });
  std::sort(all.begin(), all.end());
  for (const SpillFiles::Place place : all) {
    const std::optional<SpilledRecord> record = files_.read(place, bytes_);
    if (record) visit(record->key, record->value);
  }
}

void SpilledKeys::move(const SpilledRecord& record, uint32_t tag, SpillFiles::Place from) {
  const uint32_t known = index_.find(tag, [&](uint32_t place) { return place == from; });
  if (known == KeyIndex::kNone) return;
  const SpillFiles::Place to = writer_.append(record);
  if (to == 0) return;
  erase(tag, from);
  add_written(record, tag, to);
}

}  // namespace tocsin::runtime
