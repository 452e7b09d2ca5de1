#include "runtime/event_keys.h"

#include <algorithm>

#include "runtime/key_table.h"

namespace tocsin::runtime {

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

void EventKeys::begin(size_t events) {
  keys_.assign(events, {});
  text_.clear();
}

void EventKeys::make(Key& key, const nfa::TestedEvent& event) {
  key.made = true;
  key.begin = static_cast<uint32_t>(text_.size());
  key.is_null = !append_key(text_, by_, event.table(), event.row->type, event.row->table_row);
  if (key.is_null) {
    text_.resize(key.begin);
    return;
  }
  key.size = static_cast<uint32_t>(text_.size()) - key.begin;
  key.tag = tag_of(text(key));
}

}  // namespace tocsin::runtime
