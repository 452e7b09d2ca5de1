#include "runtime/event_keys.h"

#include <algorithm>

namespace tocsin::runtime {

EventKeys::EventKeys(const std::vector<patterns::KeyPart>& by) : by_(by) {
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
  return true;
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

void EventKeys::make(Key& key, const nfa::TestedEvent& event) {
  key.made = true;
  if (by_.size() == 1) {
    const eventtime::Column& column = event.table().columns[*by_[0].field_by_type[event.row->type]];
    char* const bytes = short_[static_cast<size_t>(&key - keys_.data())].data();
    key.is_null = column.is_null(event.row->table_row);
    if (key.is_null) return;
    key.data = bytes;
    key.size = put_short_key(bytes, column, event.row->table_row);
  }
  if (key.size == 0) {
    encoded_.clear();
    key.is_null = !encode(encoded_, event);
    if (key.is_null) return;
    key.data = long_.copy(encoded_).data();
    key.size = static_cast<uint32_t>(encoded_.size());
  }
  key.tag = tag_of(key.text());
}

}  // namespace tocsin::runtime
