#include "runtime/event_keys.h"

#include <algorithm>

#include "runtime/key_table.h"

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
  text_.clear();
  given_.clear();
}

void EventKeys::begin_given(size_t events) {
  Key none;
  none.made = true;
  none.is_null = true;
  keys_.assign(events, none);
  given_.clear();
}

void EventKeys::give(size_t index, std::string_view text, uint32_t tag) {
  Key& key = keys_[index];
  key.begin = static_cast<uint32_t>(given_.size());
  given_.push_back(text.data());
  key.size = static_cast<uint32_t>(text.size());
  key.tag = tag;
  key.is_null = false;
}

void EventKeys::make(Key& key, const nfa::TestedEvent& event) {
  key.made = true;
  key.begin = static_cast<uint32_t>(text_.size());
  key.is_null = !encode(text_, event);
  if (key.is_null) {
    text_.resize(key.begin);
    return;
  }
  key.size = static_cast<uint32_t>(text_.size()) - key.begin;
  key.tag = tag_of(text(key));
}

}  // namespace tocsin::runtime
