// The encoded keys of a block of events, made once for all patterns that are `by` the same fields.
// Tested by tests/unit/runtime/event_keys_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/arena.h"
#include "nfa/event_store.h"
#include "patterns/pattern.h"
#include "runtime/key_table.h"

namespace tocsin::runtime {

class EventKeys {
 public:
  struct Key {
    const char* data = "";  // until the next block
    uint32_t size = 0;
    uint32_t tag = 0;  // tag_of()
    bool made = false;
    bool is_null = false;  // a field of it: the event belongs to no key

    std::string_view text() const { return {data, size}; }
  };

  explicit EventKeys(const std::vector<patterns::KeyPart>& by);

  // Whether `by` names the same fields; if so, serves its event types too from now on.
  bool join(const std::vector<patterns::KeyPart>& by);
  // Whether events of the type have the fields.
  bool takes(eventtime::TypeId type) const;
  // Appends the key of an event; false if a field of it is null (then `out` is garbage).
  bool encode(std::string& out, const nfa::TestedEvent& event) const;

  // Another block of so many events. Its keys are made when they are asked for.
  void begin(size_t events);
  // The same, of keys that were made elsewhere, and stay there: an event has the one that is given,
  // or none.
  void begin_given(size_t events);
  void give(size_t index, std::string_view text, uint32_t tag);
  const Key& of(size_t index, const nfa::TestedEvent& event) {
    Key& key = keys_[index];
    if (!key.made) make(index, event);
    return key;
  }

 private:
  void make(size_t index, const nfa::TestedEvent& event);
  void find_column();

  std::vector<patterns::KeyPart> by_;
  // Of the field, if there is but one; of no meaning for types that it does not take.
  std::vector<uint32_t> column_by_type_;
  Key unmade_;  // without key fields that of all events, and made
  std::vector<Key> keys_;
  std::vector<std::array<char, kShortKeyBytes>> short_;  // by place in the block
  eventtime::Arena long_;
  std::string encoded_;
};

}  // namespace tocsin::runtime
