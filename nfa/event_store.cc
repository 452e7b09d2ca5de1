#include "nfa/event_store.h"

#include <cstring>
#include <new>

#include "eventtime/check.h"

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
    : keep_raw_(keep_raw), kept_(types), events_{nullptr}, references_{1} {}

EventStore::~EventStore() = default;  // all blocks belong to memory_

void EventStore::keep_text(TypeId type, uint32_t column) {
  TOCSIN_CHECK(events_.size() == 1, "columns are chosen before the first event");
  Kept& kept = kept_[type];
  if (kept.index_by_column.size() <= column) kept.index_by_column.resize(column + 1, UINT32_MAX);
  if (kept.index_by_column[column] != UINT32_MAX) return;
  kept.index_by_column[column] = static_cast<uint32_t>(kept.columns.size());
  kept.columns.push_back(column);
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
  auto* block = static_cast<char*>(memory_.allocate(bytes, alignof(StoredEvent)));
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
  stored->bytes = bytes;
  if (free_.empty()) {
    TOCSIN_CHECK(events_.size() < UINT32_MAX, "fewer than 4 G events are held at once");
    event.stored = static_cast<EventId>(events_.size());
    events_.push_back(stored);
    references_.push_back(0);
  } else {
    event.stored = free_.back();
    free_.pop_back();
    events_[event.stored] = stored;
  }
  references_[event.stored] = 2;  // the caller's and the tested event's
  ++live_;
  return event.stored;
}

void EventStore::erase(EventId id) {
  StoredEvent* event = events_[id];
  memory_.deallocate(event, event->bytes, alignof(StoredEvent));
  events_[id] = nullptr;
  free_.push_back(id);
  --live_;
}

}  // namespace tocsin::nfa
