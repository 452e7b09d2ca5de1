// The keyed state of one pattern: from the values of its key fields to the state of that key.
//
// A key is encoded as bytes whose order is the order of its values, so that the same bytes serve
// for hashing, for equality, and for the order of alerts. A key has either runs, and an entry, or
// first events that wait (waiting_starts.h); with nothing pending it costs nothing. Tested by
// tests/unit/runtime/key_table_test.cc.
#pragma once

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/prefetch.h"
#include "nfa/matcher.h"
#include "patterns/pattern.h"
#include "runtime/key_index.h"
#include "runtime/waiting_starts.h"

namespace tocsin::runtime {

struct alignas(eventtime::kCacheLineBytes) KeyEntry {
  std::string key;  // encoded
  uint32_t tag = 0;
  uint32_t slot = 0;  // its place in the table, reused after erase()
  // A timer stays with the place: it finds another key there, or none. So there are never more
  // timers than places, however often keys come and go within a window.
  bool has_timer = false;
  bool used = false;  // since its operator last looked for keys that are not
  eventtime::Timestamp moment = eventtime::kMaxTimestamp;  // that its operator will look at it
  nfa::KeyState state;
};

// Appends the encoded key of a row; false if one of its fields is null (then `out` is garbage).
bool append_key(std::string& out, const std::vector<patterns::KeyPart>& by,
                const eventtime::EventTable& table, eventtime::TypeId type, uint32_t row);
// A key of this one column, where that is not null: writes it, or nothing if it is too long or has
// a zero byte.
inline constexpr size_t kShortKeyBytes = 16;
struct ShortKey {
  uint32_t size = 0;  // 0: it is not short
  uint32_t tag = 0;   // tag_of()
};
ShortKey put_short_key(char* out, const eventtime::Column& column, uint32_t row);
// The values that were encoded. Texts point into `texts`.
void decode_key(std::string_view key, const std::vector<patterns::KeyPart>& by,
                std::vector<eventtime::Value>& values, std::string& texts);
// Appends bytes that tell the value, null or not, from every other of its type.
void append_value(std::string& out, const eventtime::Value& value);
// Where a key belongs in the index. Nothing that comes out depends on it.
uint32_t tag_of(std::string_view key);

// What a table knows of a key. Holds until the key is changed.
class KeyRef {
 public:
  KeyRef() = default;
  static KeyRef of_entry(uint32_t slot) { return KeyRef(slot + 1); }
  static KeyRef of_waiting(uint32_t place) { return KeyRef(place | WaitingStarts::kPlaces); }
  static KeyRef of_number(uint32_t number) { return KeyRef(number); }

  bool is_none() const { return number_ == KeyIndex::kNone; }
  bool waits() const { return number_ >= WaitingStarts::kPlaces; }
  uint32_t slot() const { return number_ - 1; }                        // if it is an entry
  uint32_t place() const { return number_ - WaitingStarts::kPlaces; }  // of the oldest, if it waits
  uint32_t number() const { return number_; }

 private:
  explicit KeyRef(uint32_t number) : number_(number) {}
  uint32_t number_ = KeyIndex::kNone;
};

class KeyTable {
 public:
  // `by` outlives the table.
  explicit KeyTable(const std::vector<patterns::KeyPart>& by) : by_(by) {}
  ~KeyTable();
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  // `tag` is tag_of(key) everywhere.
  KeyRef find(std::string_view key, uint32_t tag) const {
    return KeyRef::of_number(
        index_.find(tag, [&](uint32_t number) { return is_key(KeyRef::of_number(number), key); }));
  }
  // Entries never move. There is no such key yet.
  KeyEntry& add(std::string_view key, uint32_t tag);
  void erase(KeyEntry& entry);
  KeyEntry& at(uint32_t slot) { return *entry(slot); }
  const KeyEntry& at(uint32_t slot) const { return *entry(slot); }

  // Lets a first event wait at the key that `found` is: none, or one that waits. Of `start` time,
  // sequence, batch and row are set; the batch is held by the caller.
  void wait(KeyRef found, std::string_view key, uint32_t tag, const WaitingStart& start);
  // Takes the oldest from those of a key; its batch is the caller's to release. Returns the rest.
  KeyRef take_oldest(KeyRef waiting);
  // Makes an entry of a key that waits. Its first events are the caller's to begin and release:
  // they stay chained until the next wait().
  KeyEntry& begin(KeyRef waiting);
  WaitingStarts& waiting() { return waiting_; }
  const WaitingStarts& waiting() const { return waiting_; }
  // Of the oldest of a key that waits; valid until the next call.
  std::string_view key_of(const WaitingStart& start) const;
  const WaitingStart& oldest(KeyRef waiting) const { return waiting_.at(waiting.place()); }

  // It stays where it is. Two steps of a look-up to come: its prefetch() first, then, when that has
  // arrived, what is there.
  const KeyIndex& index() const { return index_; }
  // Most probably what find() will find.
  KeyRef guess(uint32_t tag) const {
    return KeyRef::of_number(index_.find(tag, [](uint32_t) { return true; }));
  }
  void prefetch(KeyRef ref) const {
    if (ref.waits()) {
      eventtime::prefetch(&oldest(ref));
    } else if (!ref.is_none()) {
      prefetch_entry(ref.slot());
    }
  }
  void prefetch_entry(uint32_t slot) const {
    const auto* lines = reinterpret_cast<const char*>(entry(slot));
    eventtime::prefetch(lines);
    eventtime::prefetch(lines + eventtime::kCacheLineBytes);
  }

  size_t size() const { return index_.size(); }  // keys
  uint32_t slots() const { return next_slot_; }  // of entries, erased ones counted

 private:
  // Chunks double: a few keys take little memory, many lie on huge pages.
  static constexpr uint32_t kFirstChunk = 32;

  KeyEntry* entry(uint32_t slot) const {
    const uint32_t number = slot + kFirstChunk;
    const auto width = static_cast<uint32_t>(std::bit_width(number));
    return chunks_[width - std::bit_width(kFirstChunk)] + (number - (uint32_t{1} << (width - 1)));
  }
  bool is_key(KeyRef ref, std::string_view key) const;
  uint32_t new_slot();

  const std::vector<patterns::KeyPart>& by_;
  KeyIndex index_;  // to KeyRef::number
  WaitingStarts waiting_;
  std::vector<KeyEntry*> chunks_;  // constructed below next_slot_
  uint32_t next_slot_ = 0;
  std::vector<uint32_t> free_;
  mutable std::string long_key_;  // of key_of()
};

}  // namespace tocsin::runtime
