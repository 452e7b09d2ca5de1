#include "tests/model/naive_key.h"

#include <algorithm>

namespace tocsin::model {

namespace {

using patterns::KeyPart;
using patterns::Pattern;

bool is_less(const Key& left, const Key& right) {
  for (size_t i = 0; i < left.size(); ++i) {
    const int order = compare(left[i], right[i]);
    if (order != 0) return order < 0;
  }
  return false;
}

// Every key that one of the event's fields gives, once.
std::vector<Key> keys_of(const Pattern& pattern, const NaiveEvent& event) {
  std::vector<Key> keys;
  const size_t variables = is_keyed_by_step(pattern) ? pattern.variables.size() : 1;
  for (uint32_t variable = 0; variable < variables; ++variable) {
    const std::optional<Key> key = key_for(pattern, variable, event);
    if (key && std::ranges::find(keys, *key) == keys.end()) keys.push_back(*key);
  }
  return keys;
}

}  // namespace

bool is_keyed_by_step(const Pattern& pattern) {
  return std::ranges::any_of(pattern.by,
                             [](const KeyPart& part) { return !part.by_variable.empty(); });
}

std::optional<Key> key_for(const Pattern& pattern, uint32_t variable, const NaiveEvent& event) {
  Key key;
  for (const KeyPart& part : pattern.by) {
    const KeyPart::FieldByType& fields =
        part.by_variable.empty() ? part.field_by_type : part.by_variable[variable];
    if (event.type >= fields.size() || !fields[event.type]) return std::nullopt;
    const NaiveValue& value = event.fields[*fields[event.type]];
    if (value.is_null()) return std::nullopt;
    key.push_back(value);
  }
  return key;
}

std::vector<KeyStream> split_by_key(const Pattern& pattern, std::span<const NaiveEvent> events) {
  std::vector<KeyStream> streams;
  for (const NaiveEvent& event : events) {
    if (std::ranges::find(pattern.inputs, event.type) == pattern.inputs.end()) continue;
    for (const Key& key : keys_of(pattern, event)) {
      auto stream = std::ranges::find(streams, key, &KeyStream::key);
      if (stream == streams.end()) stream = streams.insert(streams.end(), {key, {}});
      stream->events.push_back(event);
    }
  }
  std::ranges::sort(streams, is_less, &KeyStream::key);
  return streams;
}

std::string key_json(const Pattern& pattern, const Key& key) {
  std::string out = "{";
  for (size_t i = 0; i < key.size(); ++i) {
    if (i > 0) out += ",";
    eventtime::append_json_string(out, pattern.by[i].name);
    out += ":" + to_json(key[i]);
  }
  return out + "}";
}

}  // namespace tocsin::model
