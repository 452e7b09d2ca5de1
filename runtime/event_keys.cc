#include "runtime/event_keys.h"

#include <algorithm>

namespace tocsin::runtime {

EventKeys::EventKeys(const std::vector<patterns::KeyPart>& by) : by_(by) {
  find_column();
  if (!by_.empty()) return;
  unmade_.tag = tag_of({});
  unmade_.made = true;
}

bool EventKeys::join(const std::vector<patterns::KeyPart>& by) {
  const auto same_name = [](const patterns::KeyPart& left, const patterns::KeyPart& right) {
    return left.name == right.name;
  };
  if (!std::equal(by_.begin(), by_.end(), by.begin(), by.end(), same_name)) return false;
  for (size_t part = 0; part < by.size(); ++part) {
    auto& fields = by_[part].field_by_type;
    const auto& more = by[part].field_by_type;
    fields.resize(std::max(fields.size(), more.size()));
    for (size_t type = 0; type < more.size(); ++type) {
      if (more[type]) fields[type] = more[type];
    }
  }
  find_column();
  return true;
}

void EventKeys::find_column() {
  column_by_type_.clear();
  if (by_.size() != 1) return;
  for (const auto& field : by_[0].field_by_type) column_by_type_.push_back(field.value_or(0));
}

bool EventKeys::takes(eventtime::TypeId type) const {
  return std::all_of(by_.begin(), by_.end(), [type](const patterns::KeyPart& part) {
    return type < part.field_by_type.size() && part.field_by_type[type];
  });
}

bool EventKeys::encode(std::string& out, const nfa::TestedEvent& event) const {
  return append_key(out, by_, event.table(), event.row->type, event.row->table_row);
}

void EventKeys::begin(size_t events) {
  keys_.assign(events, unmade_);
  short_.resize(events);
  long_.clear();
}

void EventKeys::begin_given(size_t events) {
  Key none;
  none.made = true;
  none.is_null = true;
  keys_.assign(events, none);
}

void EventKeys::give(size_t index, std::string_view text, uint32_t tag) {
  Key& key = keys_[index];
  key.data = text.data();
  key.size = static_cast<uint32_t>(text.size());
  key.tag = tag;
  key.is_null = false;
}

void EventKeys::make(size_t index, const nfa::TestedEvent& event) {
  Key& key = keys_[index];
  key.made = true;
  if (!column_by_type_.empty()) {
    const uint32_t row = event.row->table_row;
    const eventtime::Column& column = event.table().columns[column_by_type_[event.row->type]];
    key.is_null = column.is_null(row);
    if (key.is_null) return;
    char* const bytes = short_[index].data();
    const ShortKey made = put_short_key(bytes, column, row);
    if (made.size != 0) {
      key.data = bytes;
      key.size = made.size;
      key.tag = made.tag;
      return;
    }
  }
  encoded_.clear();
  key.is_null = !encode(encoded_, event);
  if (key.is_null) return;
  key.data = long_.copy(encoded_).data();
  key.size = static_cast<uint32_t>(encoded_.size());
  key.tag = tag_of(key.text());
}

}  // namespace tocsin::runtime
