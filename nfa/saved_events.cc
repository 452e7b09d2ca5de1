#include "nfa/saved_events.h"

#include <boost/container_hash/hash.hpp>

namespace tocsin::nfa {

using eventtime::Decoder;
using eventtime::Encoder;
using eventtime::Text;

namespace {

void save_head(Encoder& out, const StoredEvent& event, size_t texts) {
  out.number(event.type);
  out.time(event.time);
  out.number(event.sequence);
  out.number(event.record);
  out.number(event.input);
  out.text(event.raw);
  out.number(texts);
}

}  // namespace

SavedTypes own_types(const eventtime::Catalog& catalog) {
  SavedTypes types;
  for (const eventtime::EventSchema& schema : catalog.types) {
    SavedType& type = types.emplace_back().emplace();
    type.type = static_cast<TypeId>(types.size() - 1);
    for (uint32_t column = 0; column < schema.fields.size(); ++column) {
      type.columns.emplace_back(column);
    }
  }
  return types;
}

void save_event(Encoder& out, const EventStore& store, EventId id) {
  const StoredEvent& event = store.at(id);
  if (event.texts == nullptr) return save_head(out, event, 0);  // light: nobody reads texts of it
  save_head(out, event, store.kept_columns(event.type).size());
  for (const uint32_t column : store.kept_columns(event.type)) {
    out.number(column);
    out.text(store.text(id, column).view());
  }
}

void save_event(Encoder& out, const EventStore& store, const TestedEvent& event) {
  StoredEvent head;
  head.type = event.row->type;
  head.time = event.row->time;
  head.sequence = event.sequence;
  head.record = event.row->record;
  head.input = event.batch->input;
  if (store.keeps_raw()) head.raw = event.row->raw;
  save_head(out, head, store.kept_columns(head.type).size());
  for (const uint32_t column : store.kept_columns(head.type)) {
    const eventtime::Column& texts = event.table().columns[column];
    const uint32_t row = event.row->table_row;
    out.number(column);
    out.text(texts.is_null(row) ? std::string_view() : texts.text(row).view());
  }
}

size_t RestoredEvents::HashOfName::operator()(const Name& name) const {
  size_t seed = name.input;
  boost::hash_combine(seed, name.record);
  boost::hash_combine(seed, name.sequence);
  return seed;
}

RestoredEvents::~RestoredEvents() {
  for (const auto& [name, id] : known_) store_.release(id);
}

EventId RestoredEvents::take(Decoder& from, std::optional<TypeId> type) {
  SavedEvent event;
  const uint64_t saved_type = from.number();
  event.time = from.time();
  event.sequence = from.number();
  event.record = from.number();
  event.input = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
  event.raw = from.text();
  const size_t texts = from.count();
  for (size_t left = texts; left > 0 && !from.failed(); --left) {
    const uint64_t column = from.number();
    const Text text(from.text());
    if (saved_type >= types_.size() || !types_[saved_type]) continue;
    const auto& columns = types_[saved_type]->columns;
    if (column < columns.size() && columns[column])
      event.texts.emplace_back(*columns[column], text);
  }
  if (from.failed() || saved_type >= types_.size() || !types_[saved_type]) return kNoEvent;
  event.type = types_[saved_type]->type;
  if (type && event.type != *type) return kNoEvent;
  const auto [known, is_new] =
      known_.try_emplace(Name{event.input, event.record, event.sequence, texts > 0}, kNoEvent);
  if (is_new && texts == 0 && !store_.keeps_raw()) {
    known->second =
        store_.store_light({event.time, event.sequence, event.record, event.input, event.type});
  } else if (is_new) {
    known->second = store_.store(event);
  }
  store_.retain(known->second);
  return known->second;
}

}  // namespace tocsin::nfa
