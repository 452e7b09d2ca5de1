#include "runtime/start_log.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

#include "eventtime/check.h"
#include "eventtime/give_back.h"
#include "eventtime/prefetch.h"

namespace tocsin::runtime {

static_assert(sizeof(StartLog::Start) + sizeof(StartLog::Chain) == nfa::kStartBytes);

namespace {

// Less than this is kept for what comes.
constexpr size_t kMuch = 4096;
constexpr size_t kLittle = 8;  // one part of so many

// Sizes of segments, by bits: a log has about so many of them before they become larger.
constexpr uint32_t kSizes[] = {4, 7, 10, 13, 15};
constexpr size_t kMany = 8;

uint32_t best_size(size_t places) {
  for (const uint32_t bits : kSizes) {
    if (places <= kMany << bits) return bits;
  }
  return kSizes[std::size(kSizes) - 1];
}

}  // namespace

StartLog::Segments& StartLog::Segments::operator=(Segments&& other) noexcept {
  std::swap(stride_, other.stride_);
  std::swap(bits_, other.bits_);
  std::swap(inside_, other.inside_);
  std::swap(table_, other.table_);
  std::swap(mask_, other.mask_);
  std::swap(begin_, other.begin_);
  std::swap(end_, other.end_);
  std::swap(spare_, other.spare_);
  return *this;
}

StartLog::Segments::~Segments() {
  for (; begin_ != end_; ++begin_) free(table_[begin_ & mask_]);
  for (uint64_t* segment : spare_) free(segment);
}

uint64_t* StartLog::Segments::allocate() {
  if (spare_.empty()) return eventtime::HugePageAllocator<uint64_t>().allocate(words());
  uint64_t* segment = spare_.back();
  spare_.pop_back();
  return segment;
}

void StartLog::Segments::free(uint64_t* segment) {
  eventtime::HugePageAllocator<uint64_t>().deallocate(segment, words());
}

void StartLog::Segments::cover(uint64_t begin, uint64_t end) {
  const size_t kept = 1 + (end_ - begin_) / kLittle;
  if (begin_ == end_) begin_ = end_ = begin >> bits_;
  for (; begin_ < begin >> bits_ && begin_ != end_; ++begin_) {
    uint64_t* segment = table_[begin_ & mask_];
    if (spare_.size() < kept) {
      spare_.push_back(segment);
    } else {
      free(segment);
    }
  }
  if (begin_ == end_) begin_ = end_ = begin >> bits_;
  while (this->end() < end) {
    if (end_ - begin_ == table_.size()) {
      std::vector<uint64_t*> larger(table_.size() * 2);
      for (uint64_t i = begin_; i != end_; ++i) larger[i & (larger.size() - 1)] = table_[i & mask_];
      table_ = std::move(larger);
      mask_ = static_cast<uint32_t>(table_.size() - 1);
    }
    table_[end_++ & mask_] = allocate();
  }
}

StartLog::StartLog(size_t words, Values values)
    : has_values_(values != Values::kNone),
      is_counted_(values == Values::kCounted),
      stride_(kStartWords + words + words_of(values)),
      segments_(stride_, kSmallest) {}

StartLog::~StartLog() {
  for (const Chain& chain : chains_) {
    if (chain.key_size > kKeyBytes) delete[] long_key(chain).data();
  }
}

std::string_view StartLog::long_key(const Chain& chain) {
  const char* data = nullptr;
  std::memcpy(&data, chain.key, sizeof(data));
  return {data, chain.key_size};
}

uint32_t StartLog::add_chain(std::string_view key, uint32_t tag) {
  auto number = static_cast<uint32_t>(chains_.size());
  if (free_chains_.empty()) {
    chains_.emplace_back();
  } else {
    number = free_chains_.back();
    free_chains_.pop_back();
    if (!free_chains_.empty()) eventtime::prefetch_to_write(&chains_[free_chains_.back()]);
  }
  Chain& added = chains_[number];
  added = {};
  added.tag = tag;
  added.key_size = static_cast<uint32_t>(key.size());
  constexpr size_t kHalf = kKeyBytes / 2;
  if (key.size() - kHalf <= kHalf) {  // most: two halves that may overlap
    std::memcpy(added.key, key.data(), kHalf);
    std::memcpy(added.key + key.size() - kHalf, key.data() + key.size() - kHalf, kHalf);
  } else if (key.size() < kHalf) {
    std::copy(key.begin(), key.end(), added.key);
  } else {
    char* data = new char[key.size()];
    std::copy(key.begin(), key.end(), data);
    std::memcpy(added.key, &data, sizeof(data));
  }
  index_.insert(tag, kNumber | number);
  return number;
}

void StartLog::remove_chain(uint32_t number) {
  Chain& gone = chains_[number];
  index_.erase(gone.tag, kNumber | number);
  if (gone.key_size > kKeyBytes) delete[] long_key(gone).data();
  gone.key_size = 0;
  free_chains_.push_back(number);
}

void StartLog::erase_value(uint32_t place, uint32_t tag) {
  by_value_.erase(tag, kNumber | place);
}

void StartLog::replace_value(uint32_t place, uint32_t tag, uint32_t by) {
  by_value_.replace(tag, kNumber | place, kNumber | by);
}

void StartLog::number_equal(uint32_t chain) {
  for (uint32_t place = chains_[chain].oldest; place != kNone; place = at(place).newer) {
    if (links(place).older == kNone) continue;
    const uint32_t older = links(place).older;
    count_of(storage(place)) = is_oldest_equal(place) ? 0 : count_of(storage(older)) + 1;
  }
}

uint32_t StartLog::unmarked() {
  for (marked_ = std::max(marked_, begin_); marked_ != end_; ++marked_) {
    const auto place = static_cast<uint32_t>(marked_) & kPlaceMask;
    if (at(place).chain != kNone) return place;
  }
  return kNone;
}

uint32_t StartLog::next_newest() {
  for (hand_ = std::max(hand_, begin_); hand_ != end_; ++hand_) {
    const auto place = static_cast<uint32_t>(hand_) & kPlaceMask;
    const Start& start = at(place);
    if (start.chain == kNone || start.newer != kNone) continue;
    ++hand_;
    return place;
  }
  hand_ = begin_;
  return kNone;
}

void StartLog::make_room(size_t more) {
  front();
  if (has_values_ && end_ - cleared_ > kPlaces / 4) {
    cleared_ = end_;
    by_value_.clear_away(ring());
  }
  const uint64_t extent = end_ - begin_;
  // Where more than half has gone, moving costs less than adding did.
  const bool sparse = extent > 2 * (live_ + (size_t{1} << segments_.bits()));
  const uint32_t best = best_size(live_);
  if (sparse || best > segments_.bits()) move_all(best);
  TOCSIN_CHECK(end_ - begin_ + more < kPlaceMask / 2, "fewer than 1 G first events wait at once");
  segments_.cover(begin_, end_ + more);
}

bool StartLog::shrink() {
  front();
  if (segments_.places() > kMuch && live_ < segments_.places() / kLittle &&
      (live_ < (end_ - begin_) / 2 || best_size(live_) < segments_.bits())) {
    move_all(best_size(live_));
    eventtime::give_back(moved_);
  }
  const bool few = chains_.size() > kMuch && chains() < chains_.size() / kLittle;
  if (few) renumber_chains();
  return few;
}

void StartLog::renumber_chains() {
  decltype(chains_) kept;
  kept.reserve(chains() * 2);
  std::vector<uint32_t> moved(chains_.size());  // by old number
  index_ = {};
  for (uint64_t i = begin_; i != end_; ++i) {
    Start& each = at(static_cast<uint32_t>(i) & kPlaceMask);
    if (each.chain == kNone) continue;
    if (!is_oldest(static_cast<uint32_t>(i) & kPlaceMask)) {
      each.chain = moved[each.chain];
      continue;
    }
    moved[each.chain] = static_cast<uint32_t>(kept.size());
    kept.push_back(chains_[each.chain]);
    each.chain = static_cast<uint32_t>(kept.size() - 1);
    index_.insert(kept.back().tag, kNumber | each.chain);
  }
  chains_ = std::move(kept);
  eventtime::give_back(free_chains_);
}

// From the places before to `moved_`.
void StartLog::renumber_values() {
  by_value_.renumber([&](uint32_t number) {
    const uint32_t place = number & kPlaceMask;
    const uint32_t moved = is_ahead(place) ? moved_[age(place)] : kNone;
    return moved == kNone ? KeyIndex::kNone : kNumber | moved;
  });
}

// Into segments of another size, or the same, without what was removed.
void StartLog::move_all(uint32_t bits) {
  ++moves_;
  const Segments from = std::exchange(segments_, Segments(stride_, bits));
  segments_.cover(end_, end_ + live_);
  moved_.assign(end_ - begin_, kNone);
  const uint64_t to_begin = end_;
  hand_ = to_begin;
  uint64_t to = end_;
  uint64_t marked = to;
  for (uint64_t i = begin_; i != end_; ++i) {
    if (i <= marked_) marked = to;
    const uint64_t* words = from.at(static_cast<uint32_t>(i) & kPlaceMask);
    const Start& start = *reinterpret_cast<const Start*>(words);
    if (start.chain == kNone) continue;
    const auto place = static_cast<uint32_t>(to++) & kPlaceMask;
    moved_[i - begin_] = place;
    std::memcpy(storage(place), words, stride_ * sizeof(uint64_t));
    const bool oldest = chains_[start.chain].oldest == (static_cast<uint32_t>(i) & kPlaceMask);
    if (oldest) at(place).older = kNone;
  }
  const auto follow = [&](uint32_t& link) {
    if (link != kNone) link = moved_[(link - static_cast<uint32_t>(begin_)) & kPlaceMask];
  };
  for (uint64_t i = to_begin; i != to; ++i) {
    const auto place = static_cast<uint32_t>(i) & kPlaceMask;
    Start& each = at(place);
    follow(each.newer);
    follow(each.older);
    Chain& key = chains_[each.chain];
    if (each.older == kNone) key.oldest = place;
    if (each.newer == kNone) key.newest = place;
    if (!has_values_ || links(place).older == kNone) continue;
    follow(links(place).older);
    follow(links(place).newer);
  }
  if (has_values_) renumber_values();
  marked_ = marked_ >= end_ ? to : marked;
  begin_ = to_begin;
  cleared_ = end_ = to;
}

}  // namespace tocsin::runtime
