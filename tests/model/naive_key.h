// Which keys an event belongs to, and the input stream of a pattern taken apart by key.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

using Key = std::vector<NaiveValue>;

// The key that an event gives to a step, negation or `without` of this variable; nothing when it is
// null, or when events of the type are nothing to the variable.
std::optional<Key> key_for(const patterns::Pattern& pattern, uint32_t variable,
                           const NaiveEvent& event);

// Whether each variable has a field of its own for the key: only then can an event of a key's
// stream be there for one variable and not for another.
bool is_keyed_by_step(const patterns::Pattern& pattern);

struct KeyStream {
  Key key;
  std::vector<NaiveEvent> events;
};

// Keys in the order of their values.
std::vector<KeyStream> split_by_key(const patterns::Pattern& pattern,
                                    std::span<const NaiveEvent> events);

// {"card":"c42"}
std::string key_json(const patterns::Pattern& pattern, const Key& key);

}  // namespace tocsin::model
