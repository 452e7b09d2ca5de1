#include "nfa/event_store.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "eventtime/check.h"
#include "eventtime/give_back.h"
#include "eventtime/prefetch.h"

namespace tocsin::nfa {

using eventtime::Text;

namespace {

// One block: the event, its kept texts, then the bytes that they and `raw` point to.
size_t head_bytes(size_t texts) {
  return sizeof(StoredEvent) + texts * sizeof(Text);
}

bool lies_in(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

EventStore::EventStore(size_t types, bool keep_raw)
    : keep_raw_(keep_raw), kept_(types), events_{nullptr}, holds_(1) {
  open_segment(kSegmentBytes);
}

void EventStore::keep_text(TypeId type, uint32_t column) {
  TOCSIN_CHECK(events_.size() == 1, "columns are chosen before the first event");
  Kept& kept = kept_[type];
  if (kept.index_by_column.size() <= column) kept.index_by_column.resize(column + 1, UINT32_MAX);
  if (kept.index_by_column[column] != UINT32_MAX) return;
  kept.index_by_column[column] = static_cast<uint32_t>(kept.columns.size());
  kept.columns.push_back(column);
}

void EventStore::prefetch(const TestedEvent& event) const {
  const eventtime::EventTable& table = event.table();
  const uint32_t row = event.row->table_row;
  for (const uint32_t column : kept_[event.row->type].columns) {
    prefetch(table.columns[column], row);
  }
  if (!keep_raw_) return;
  for (size_t at = 0; at < event.row->raw.size(); at += eventtime::kCacheLineBytes) {
    eventtime::prefetch(event.row->raw.data() + at);
  }
}

void EventStore::prefetch(const eventtime::Column& column, uint32_t row) {
  eventtime::prefetch(column.nulls().words().data() + row / 64);
  switch (column.type()) {
    case eventtime::Type::kString:
      eventtime::prefetch(column.texts().data() + row);
      break;
    case eventtime::Type::kFloat:
      eventtime::prefetch(column.numbers().data() + row);
      break;
    default:
      eventtime::prefetch(column.integers().data() + row);
  }
}

EventId EventStore::store(TestedEvent& event) {
  if (event.stored != kNoEvent) {
    retain(event.stored);
    return event.stored;
  }
  const Kept& kept = kept_[event.row->type];
  const eventtime::EventTable& table = event.table();
  const std::string_view raw = keep_raw_ ? event.row->raw : std::string_view();
  const auto needs_copy = [&](const Text& text) {
    return !text.is_inline() && !lies_in(text.view(), raw);
  };
  size_t bytes = head_bytes(kept.columns.size()) + raw.size();
  for (const uint32_t column : kept.columns) {
    if (table.columns[column].is_null(event.row->table_row)) continue;
    const Text& text = table.columns[column].text(event.row->table_row);
    if (needs_copy(text)) bytes += text.size();
  }
  char* block = allocate(bytes);
  auto* stored = new (block) StoredEvent();
  auto* texts = reinterpret_cast<Text*>(block + sizeof(StoredEvent));
  char* next = block + head_bytes(kept.columns.size());
  if (!raw.empty()) std::memcpy(next, raw.data(), raw.size());
  stored->raw = {next, raw.size()};
  next += raw.size();
  for (size_t i = 0; i < kept.columns.size(); ++i) {
    const eventtime::Column& column = table.columns[kept.columns[i]];
    Text text;
    if (!column.is_null(event.row->table_row)) text = column.text(event.row->table_row);
    if (needs_copy(text)) {
      std::memcpy(next, text.data(), text.size());
      text = Text(std::string_view(next, text.size()));
      next += text.size();
    } else if (!text.is_inline()) {
      const auto offset = static_cast<size_t>(text.data() - raw.data());
      text = Text(stored->raw.substr(offset, text.size()));
    }
    new (texts + i) Text(text);
  }
  stored->time = event.row->time;
  stored->sequence = event.sequence;
  stored->record = event.row->record;
  stored->input = event.batch->input;
  stored->type = event.row->type;
  stored->texts = texts;
  event.stored = number(stored, 2);  // the caller's and the tested event's
  return event.stored;
}

EventId EventStore::store_light(const LightEvent& event) {
  auto* stored = new (allocate(sizeof(StoredEvent))) StoredEvent();
  stored->time = event.time;
  stored->sequence = event.sequence;
  stored->record = event.record;
  stored->input = event.input;
  stored->type = event.type;
  return number(stored, 1);
}

EventId EventStore::store(const SavedEvent& event) {
  const Kept& kept = kept_[event.type];
  size_t bytes = head_bytes(kept.columns.size()) + event.raw.size();
  for (const auto& [column, text] : event.texts) bytes += text.is_inline() ? 0 : text.size();
  char* block = allocate(bytes);
  auto* stored = new (block) StoredEvent();
  auto* texts = reinterpret_cast<Text*>(block + sizeof(StoredEvent));
  char* next = block + head_bytes(kept.columns.size());
  const auto copy = [&next](std::string_view bytes_of) {
    if (!bytes_of.empty()) std::memcpy(next, bytes_of.data(), bytes_of.size());
    const std::string_view copied(next, bytes_of.size());
    next += bytes_of.size();
    return copied;
  };
  stored->raw = copy(event.raw);
  for (size_t i = 0; i < kept.columns.size(); ++i) new (texts + i) Text();
  for (const auto& [column, text] : event.texts) {
    if (column >= kept.index_by_column.size()) continue;
    if (kept.index_by_column[column] == UINT32_MAX) continue;
    texts[kept.index_by_column[column]] = text.is_inline() ? text : Text(copy(text.view()));
  }
  stored->time = event.time;
  stored->sequence = event.sequence;
  stored->record = event.record;
  stored->input = event.input;
  stored->type = event.type;
  stored->texts = texts;
  return number(stored, 1);
}

const Text* EventStore::find_text(EventId id, std::string_view text) const {
  const StoredEvent& event = *events_[id];
  const size_t kept = event.texts == nullptr ? 0 : kept_[event.type].columns.size();
  for (size_t i = 0; i < kept; ++i) {
    if (event.texts[i].view() == text) return &event.texts[i];
  }
  return nullptr;
}

EventId EventStore::number(StoredEvent* stored, uint32_t references) {
  ++live_;
  if (free_.empty()) {
    TOCSIN_CHECK(events_.size() < UINT32_MAX, "fewer than 4 G events are held at once");
    events_.push_back(stored);
    holds_.push_back({references, current_});
    return static_cast<EventId>(events_.size() - 1);
  }
  const EventId id = free_.back();
  free_.pop_back();
  events_[id] = stored;
  holds_[id] = {references, current_};
  return id;
}

char* EventStore::allocate(size_t bytes) {
  bytes = (bytes + alignof(StoredEvent) - 1) / alignof(StoredEvent) * alignof(StoredEvent);
  if (segments_[current_].used + bytes > segments_[current_].bytes.size()) open_segment(bytes);
  Segment& segment = segments_[current_];
  char* block = segment.bytes.data() + segment.used;
  segment.used += bytes;
  ++segment.live;
  return block;
}

// An event larger than a segment has one of its own, which is given back when it goes.
void EventStore::open_segment(size_t bytes) {
  const bool usual = bytes <= kSegmentBytes;
  if (!segments_.empty() && segments_[current_].live == 0) close_segment(current_);
  if (usual && !free_segments_.empty()) {
    current_ = free_segments_.back();
    free_segments_.pop_back();
  } else {
    current_ = static_cast<uint32_t>(segments_.size());
    segments_.emplace_back();
  }
  Segment& segment = segments_[current_];
  if (segment.bytes.size() < bytes) {
    const bool small = segments_.size() <= kSmallSegments;
    segment.bytes = Bytes(std::max(bytes, small ? kSegmentBytes : eventtime::kHugePageBytes));
  }
  segment.used = 0;
  bytes_ += segment.bytes.size();
}

void EventStore::close_segment(uint32_t index) {
  Segment& segment = segments_[index];
  bytes_ -= segment.bytes.size();
  if (segment.bytes.size() > eventtime::kHugePageBytes || free_segments_.size() >= kSpareSegments) {
    eventtime::give_back(segment.bytes);
  }
  free_segments_.push_back(index);
}

void EventStore::erase(EventId id) {
  const uint32_t index = holds_[id].segment;
  if (--segments_[index].live == 0 && index != current_) close_segment(index);
  events_[id] = nullptr;
  free_.push_back(id);
  --live_;
  ++erased_;
  const size_t ids = events_.size();
  if (ids >= kManyIds && (live_ == 0 || (live_ < ids / 4 && erased_ >= ids / 8))) trim();
}

// Gives back what the ids of many events that have gone take, as far as none behind them lives.
// The next events take the lowest ids, so that the others become free.
void EventStore::trim() {
  erased_ = 0;
  size_t ids = events_.size();
  while (ids > 1 && events_[ids - 1] == nullptr) --ids;  // the first one is kNoEvent
  if (ids <= events_.size() / 2) {
    events_.resize(ids);
    events_.shrink_to_fit();
    holds_.resize(ids);
    holds_.shrink_to_fit();
  }
  eventtime::give_back(free_);
  for (size_t id = events_.size() - 1; id > kNoEvent; --id) {
    if (events_[id] == nullptr) free_.push_back(static_cast<EventId>(id));
  }
}

}  // namespace tocsin::nfa
