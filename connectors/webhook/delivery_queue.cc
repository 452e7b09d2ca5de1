#include "connectors/webhook/delivery_queue.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "connectors/state/digest.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;
using runtime::StoredFile;

namespace {

constexpr std::string_view kSegmentPrefix = "alerts-";
constexpr size_t kBufferBytes = size_t{256} << 10;
// A user who has lost the folder on purpose makes this file in a new one.
constexpr std::string_view kLostMark = "lost";

std::string segment_name(uint64_t first) {
  return fmt::format("{}{:020}", kSegmentPrefix, first);
}

bool parse_number(std::string_view text, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// It becomes a header: one that cannot is replaced by its hash.
std::string header_id(std::string_view id) {
  constexpr size_t kLongest = 128;
  const bool is_plain = !id.empty() && id.size() <= kLongest &&
                        std::all_of(id.begin(), id.end(), [](char c) { return c > 32 && c < 127; });
  return is_plain ? std::string(id) : to_hex(XXH3_128bits(id.data(), id.size()));
}

XXH128_hash_t fingerprint(std::string_view id, std::string_view json) {
  const XXH64_hash_t seed = XXH3_64bits(id.data(), id.size());
  return XXH3_128bits_withSeed(json.data(), json.size(), seed);
}

}  // namespace

Result<std::unique_ptr<DeliveryQueue>> DeliveryQueue::open(runtime::Storage& storage,
                                                           uint64_t segment_bytes) {
  std::unique_ptr<DeliveryQueue> queue(new DeliveryQueue(storage, segment_bytes));
  const Result<void> loaded = queue->load();
  if (!loaded) return Unexpected<Error>{loaded.error()};
  return queue;
}

Result<void> DeliveryQueue::load() {
  const Result<std::vector<StoredFile>> files = storage_.list();
  if (!files) return Unexpected<Error>{files.error()};
  std::vector<Segment> segments;
  for (const StoredFile& file : *files) {
    const std::string_view name = file.name;
    uint64_t first = 0;
    if (!name.starts_with(kSegmentPrefix) ||
        !parse_number(name.substr(kSegmentPrefix.size()), first))
      continue;
    segments.push_back({first, first, file.bytes});
  }
  std::sort(segments.begin(), segments.end(),
            [](const Segment& left, const Segment& right) { return left.first < right.first; });
  for (size_t i = 0; i + 1 < segments.size(); ++i) segments[i].end = segments[i + 1].first;
  if (!segments.empty()) {
    const Result<void> measured = measure(segments.back());
    if (!measured) return measured;
    in_.reset();  // the file may be made anew
    flushed_ = next_ = synced_ = segments.back().end;
  }
  segments_ = std::move(segments);
  return {};
}

// Behind the last whole alert. A damaged one is not the end if a whole one follows.
Result<void> DeliveryQueue::measure(Segment& segment) {
  const Result<runtime::ReadableFile*> file = file_of(segment.first);
  if (!file) return Unexpected<Error>{file.error()};
  Result<void> checked = check_segment_header(**file, segment_name(segment.first));
  if (!checked) return checked;
  segment.bytes = kSegmentHeaderBytes;
  SegmentPlace place{segment.first, kSegmentHeaderBytes};
  QueuedAlert alert;
  while (true) {
    const Result<Found> found = read_queued(**file, place, alert);
    if (!found) return Unexpected<Error>{found.error()};
    if (*found == Found::kEnd) return checked;
    if (*found != Found::kAlert) continue;
    segment.end = place.number;
    segment.bytes = place.offset;
  }
}

Result<void> DeliveryQueue::resume(std::string_view position) {
  uint64_t from = 0;
  if (!position.empty() && !parse_number(position, from)) {
    return eventtime::world_error(fmt::format(
        "the state has a place in the queue '{}' that is none: '{}'", storage_.name(), position));
  }
  if (from > next_) {
    const Result<std::vector<StoredFile>> files = storage_.list();
    if (!files) return Unexpected<Error>{files.error()};
    const bool is_lost = std::any_of(files->begin(), files->end(),
                                     [](const StoredFile& file) { return file.name == kLostMark; });
    if (!is_lost) {
      return eventtime::world_error(fmt::format(
          "the queue '{}' ends with alert {}, but the state stands behind alert {}: put the folder "
          "back, or, if what it held is lost, make an empty file '{}' in it to go on without",
          storage_.name(), next_, from, kLostMark));
    }
    const Result<void> removed = storage_.remove(std::string(kLostMark));
    if (!removed) return removed;
    flushed_ = next_ = from;
  }
  synced_ = from;
  return learn(from);
}

Result<void> DeliveryQueue::learn(uint64_t from) {
  known_from_ = from;
  from = std::max(from, begin());
  if (from >= end()) return {};
  Result<Place> place = find(from);
  if (!place) return Unexpected<Error>{place.error()};
  while (true) {
    const uint64_t number = place->at.number;
    const Result<Entry> entry = read(*place);
    if (!entry) return Unexpected<Error>{entry.error()};
    if (entry->found == Found::kEnd) return {};
    if (entry->found == Found::kDamaged || entry->alert.is_copy) continue;
    known_.emplace(fingerprint(entry->alert.id, entry->alert.json), number);
    known_until_ = std::max(known_until_, entry->alert.complete);
  }
}

// In the order of numbers: one that was passed over does not come any more.
bool DeliveryQueue::is_copy(const runtime::OutgoingAlert& alert) {
  if (known_.empty()) return false;
  if (alert.complete > known_until_) {
    known_.clear();
    return false;
  }
  const auto found = known_.find(fingerprint(header_id(alert.id), alert.json));
  if (found == known_.end()) return false;
  known_from_ = std::max(known_from_, found->second + 1);
  known_.erase(found);
  return true;
}

Result<void> DeliveryQueue::append(const runtime::OutgoingAlert& alert,
                                   eventtime::Timestamp queued) {
  const bool copy = is_copy(alert);
  append_queued(buffer_, next_++,
                {queued, alert.complete, copy, header_id(alert.id), std::string(alert.json)});
  return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> DeliveryQueue::begin_segment() {
  constexpr size_t kMaxUnsynced = 16;
  if (unsynced_.size() == kMaxUnsynced) {
    const Result<void> synced = unsynced_.front()->sync();
    if (!synced) return synced;
    unsynced_.erase(unsynced_.begin());
  }
  if (out_) unsynced_.push_back(std::move(out_));
  auto created = storage_.create(segment_name(flushed_));
  if (!created) return Unexpected<Error>{created.error()};
  out_ = *std::move(created);
  Result<void> written = out_->write(segment_header(flushed_));
  if (!written) return written;
  const std::lock_guard lock(mutex_);
  // One that holds no whole alert has the same name.
  if (!segments_.empty() && segments_.back().first == flushed_) segments_.pop_back();
  if (!segments_.empty()) segments_.back().end = flushed_;
  segments_.push_back({flushed_, flushed_, kSegmentHeaderBytes});
  return written;
}

bool DeliveryQueue::is_full() const {
  const std::lock_guard lock(mutex_);
  return segments_.back().bytes > segment_bytes_;
}

Result<void> DeliveryQueue::flush() {
  if (buffer_.empty()) return {};
  if (!out_ || is_full()) {
    const Result<void> begun = begin_segment();
    if (!begun) return begun;
  }
  Result<void> written = out_->write(buffer_);
  if (!written) return written;
  const std::lock_guard lock(mutex_);
  segments_.back().end = flushed_ = next_;
  segments_.back().bytes += buffer_.size();
  buffer_.clear();
  return written;
}

Result<void> DeliveryQueue::sync() {
  Result<void> done = flush();
  while (done && !unsynced_.empty()) {
    done = unsynced_.front()->sync();
    if (done) unsynced_.erase(unsynced_.begin());
  }
  if (done && out_) done = out_->sync();
  if (!done) return done;
  const std::lock_guard lock(mutex_);
  covered_ = synced_;
  synced_ = known_.empty() ? next_ : known_from_;
  return done;
}

std::string DeliveryQueue::position() const {
  return std::to_string(known_.empty() ? next_ : known_from_);
}

uint64_t DeliveryQueue::begin() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? 0 : segments_.front().first;
}

uint64_t DeliveryQueue::end() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? 0 : segments_.back().end;
}

Result<runtime::ReadableFile*> DeliveryQueue::file_of(uint64_t first) {
  if (in_ && in_first_ == first) return in_.get();
  auto opened = storage_.open(segment_name(first));
  if (!opened) return Unexpected<Error>{opened.error()};
  in_ = *std::move(opened);
  in_first_ = first;
  return in_.get();
}

DeliveryQueue::Segment DeliveryQueue::segment_of(uint64_t file, Place& next) const {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < segments_.size(); ++i) {
    if (segments_[i].first < file) continue;
    const Segment& segment = segments_[i];
    if (i + 1 < segments_.size()) {
      const uint64_t first = segments_[i + 1].first;
      next = {first, {first, kSegmentHeaderBytes}};
    } else {
      next = {segment.first, {segment.end, segment.bytes}};
    }
    return segment;
  }
  TOCSIN_CHECK(segments_.empty(), "a place is in a file that is there, or before all");
  next = {};
  return {};
}

Result<DeliveryQueue::Entry> DeliveryQueue::read(Place& place) {
  while (true) {
    Place next;
    const Segment segment = segment_of(place.file, next);
    // Before the first alert was queued, or in a file that has gone.
    if (place.file != segment.first || place.at.offset < kSegmentHeaderBytes) {
      place = {segment.first, {segment.first, kSegmentHeaderBytes}};
    }
    if (place.at.number >= segment.end) {
      if (next.file == segment.first) return Entry{};
      place = next;
      continue;
    }
    const Result<runtime::ReadableFile*> file = file_of(segment.first);
    if (!file) return Unexpected<Error>{file.error()};
    Entry entry;
    const uint64_t number = place.at.number;
    const Result<Found> found = read_queued(**file, place.at, entry.alert);
    if (!found) return Unexpected<Error>{found.error()};
    entry.found = *found == Found::kAlert ? Found::kAlert : Found::kDamaged;
    if (*found == Found::kEnd) place = next;
    if (entry.found == Found::kDamaged) entry.lost = place.at.number - number;
    return entry;
  }
}

Result<DeliveryQueue::Place> DeliveryQueue::find(uint64_t number) {
  Place place;
  {
    const std::lock_guard lock(mutex_);
    for (const Segment& segment : segments_) {
      if (segment.first > number && place.at.offset > 0) break;
      place = {segment.first, {segment.first, kSegmentHeaderBytes}};
    }
  }
  while (place.at.number < number) {
    const Result<Entry> entry = read(place);
    if (!entry) return Unexpected<Error>{entry.error()};
    if (entry->found == Found::kEnd) break;
  }
  return place;
}

void DeliveryQueue::remove_before(uint64_t number, bool all) {
  const std::lock_guard lock(mutex_);
  const uint64_t limit = all ? number : std::min(number, covered_);
  while (segments_.size() > 1 && segments_.front().end <= limit) {
    // One that cannot be removed now is found by the next run.
    (void)storage_.remove(segment_name(segments_.front().first));
    segments_.erase(segments_.begin());
  }
}

}  // namespace tocsin::connectors
