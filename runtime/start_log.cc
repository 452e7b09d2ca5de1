#include "runtime/start_log.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "eventtime/check.h"

namespace tocsin::runtime {

static_assert(sizeof(StartLog::Start) == nfa::kStartBytes);

StartLog::StartLog(size_t words) : stride_(kStartWords + words) {
  ring_.resize(kMinSize * stride_);
  mask_ = kMinSize - 1;
}

StartLog::~StartLog() {
  for (uint64_t i = begin_; i != end_; ++i) {
    Start& each = at(static_cast<uint32_t>(i) & kPlaceMask);
    if (each.event != nfa::kNoEvent && each.count > 0) drop_key(each);
  }
}

std::string_view StartLog::long_key(const Start& oldest) {
  const char* data = nullptr;
  std::memcpy(&data, oldest.key, sizeof(data));
  return {data, oldest.key_size};
}

void StartLog::set_key(Start& oldest, std::string_view key) {
  oldest.key_size = static_cast<uint32_t>(key.size());
  if (key.size() <= kKeyBytes) {
    std::copy(key.begin(), key.end(), oldest.key);
    return;
  }
  char* data = new char[key.size()];
  std::copy(key.begin(), key.end(), data);
  std::memcpy(oldest.key, &data, sizeof(data));
}

void StartLog::drop_key(Start& oldest) {
  if (oldest.key_size > kKeyBytes) delete[] long_key(oldest).data();
  oldest.key_size = 0;
}

uint32_t StartLog::add(uint32_t oldest, std::string_view key, uint32_t tag,
                       eventtime::Timestamp time, nfa::EventId event) {
  TOCSIN_CHECK(end_ - begin_ <= mask_, "make_room() was called");
  const auto place = static_cast<uint32_t>(end_++) & kPlaceMask;
  __builtin_prefetch(storage(static_cast<uint32_t>(end_ + 2)), 1);
  Start& added = *new (storage(place)) Start();
  added.time = time;
  added.event = event;
  ++live_;
  if (oldest != kNone) {
    Start& first = at(oldest);
    added.older = first.last;
    at(first.last).newer = place;
    first.last = place;
    ++first.count;
    return place;
  }
  added.count = 1;
  added.last = place;
  added.tag = tag;
  set_key(added, key);
  index_.insert(tag, kNumber | place);
  return place;
}

uint32_t StartLog::remove(uint32_t oldest, uint32_t place) {
  Start& gone = at(place);
  Start& first = at(oldest);
  gone.event = nfa::kNoEvent;
  --live_;
  if (place != oldest) {
    --first.count;
    at(gone.older).newer = gone.newer;
    if (gone.newer == kNone) {
      first.last = gone.older;
    } else {
      at(gone.newer).older = gone.older;
    }
    return oldest;
  }
  if (gone.newer == kNone) {
    index_.erase(gone.tag, kNumber | place);
    drop_key(gone);
    return kNone;
  }
  Start& next = at(gone.newer);
  next.older = kNone;
  next.count = gone.count - 1;
  next.last = gone.last;
  next.tag = gone.tag;
  next.key_size = gone.key_size;
  std::copy(std::begin(gone.key), std::end(gone.key), next.key);
  index_.replace(gone.tag, kNumber | place, kNumber | gone.newer);
  return gone.newer;
}

uint32_t StartLog::front() {
  for (; begin_ != end_; ++begin_) {
    const auto place = static_cast<uint32_t>(begin_) & kPlaceMask;
    if (at(place).event != nfa::kNoEvent) return place;
  }
  return kNone;
}

void StartLog::make_room(size_t more) {
  front();
  if (end_ - begin_ + more <= size_t{mask_} + 1) return;
  // Half of the ring stays free, so that moving costs less than adding.
  const size_t size = std::bit_ceil((live_ + more) * 2);
  TOCSIN_CHECK(size < kNumber, "fewer than 1 G first events wait at once");
  move_all(std::max(size, size_t{mask_} + 1));
}

// Into a ring of `size`, without what was removed.
void StartLog::move_all(size_t size) {
  Words from = std::move(ring_);
  const uint32_t from_mask = mask_;
  ring_ = Words(size * stride_);
  mask_ = static_cast<uint32_t>(size - 1);
  moved_.assign(end_ - begin_, kNone);
  index_ = {};
  const uint64_t to_begin = end_;
  uint64_t to = end_;
  const auto old_start = [&](uint64_t i) {
    return from.data() + (static_cast<uint32_t>(i) & from_mask) * stride_;
  };
  for (uint64_t i = begin_; i != end_; ++i) {
    const uint64_t* words = old_start(i);
    if (reinterpret_cast<const Start*>(words)->event == nfa::kNoEvent) continue;
    const auto place = static_cast<uint32_t>(to++) & kPlaceMask;
    moved_[i - begin_] = place;
    std::copy(words, words + stride_, storage(place));
  }
  const auto follow = [&](uint32_t& link) {
    if (link != kNone) link = moved_[(link - static_cast<uint32_t>(begin_)) & kPlaceMask];
  };
  for (uint64_t i = to_begin; i != to; ++i) {
    const auto place = static_cast<uint32_t>(i) & kPlaceMask;
    Start& each = at(place);
    follow(each.newer);
    follow(each.older);
    if (each.older != kNone) continue;
    follow(each.last);
    index_.insert(each.tag, kNumber | place);
  }
  begin_ = to_begin;
  end_ = to;
}

}  // namespace tocsin::runtime
