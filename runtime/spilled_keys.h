// The keys of one pattern that are on disk, and when time has to do with them.
//
// In memory is where each key's record lies, by the hash of the key (13 to 26 bytes), and its timer
// if time will end it (16 bytes); whether it is the key that is wanted, the record says. So an
// event whose key was never seen costs a look-up in memory only.
//
// For one thread. Tested by tests/unit/runtime/spilled_keys_test.cc, and by all golden and model
// tests, which run with everything spilled as well.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/timestamp.h"
#include "runtime/key_index.h"
#include "runtime/spill_files.h"

namespace tocsin::runtime {

class SpilledKeys {
 public:
  // Records have `prefix` before their keys. `span`: how far ahead moments lie, usually.
  SpilledKeys(SpillFiles& files, SpillFiles::Writer& writer, std::string prefix,
              eventtime::Duration span);

  size_t size() const { return index_.size(); }
  size_t memory() const { return index_.bytes() + timers_ * sizeof(Timer); }
  // False: there is no such key.
  bool may_have(uint32_t tag) const {
    return index_.find(tag, [](uint32_t) { return true; }) != KeyIndex::kNone;
  }

  // A key that is near its moment had better stay in memory.
  bool is_soon(eventtime::Timestamp moment, eventtime::Timestamp now) const {
    return bucket_of(moment) <= bucket_of(now);
  }
  // `record.key`: without the prefix. False: it was not written, and stays where it is.
  bool add(const SpilledRecord& record, uint32_t tag);
  // A key that has been written before: by a checkpoint, or to another place.
  void add_written(const SpilledRecord& record, uint32_t tag, SpillFiles::Place place);

  // Takes a key out; its state, valid until the next call, or nothing if it is not here.
  std::optional<std::string_view> take(std::string_view key, uint32_t tag);
  // Takes out keys whose moment has come or is near, and forgets what is over before `now`.
  using Take = std::function<void(std::string_view key, uint32_t tag, std::string_view state)>;
  void take_due(eventtime::Timestamp now, const Take& take);
  // Takes out all, in the order in which they lie; after each `some` calls `pause`.
  void take_all(size_t some, const Take& take, const std::function<void()>& pause);
  void forget_all();
  // Calls `visit(key with the prefix, state)` for each.
  void for_each(
      const std::function<void(std::string_view key, std::string_view state)>& visit) const;
  // A record that lies at `from` is written anew, if it is of a key that is here.
  void move(const SpilledRecord& record, uint32_t tag, SpillFiles::Place from);

 private:
  struct Timer {
    uint32_t tag = 0;
    SpillFiles::Place place = 0;
    uint64_t segment = 0;  // places are used again
  };
  using Buckets = std::map<int64_t, std::vector<Timer>>;  // by time / width_

  int64_t bucket_of(eventtime::Timestamp time) const;
  void set_timer(const SpilledRecord& record, uint32_t tag, SpillFiles::Place place);
  bool is_there(const Timer& timer) const;
  void erase(uint32_t tag, SpillFiles::Place place);
  std::string_view without_prefix(std::string_view key) const { return key.substr(prefix_.size()); }

  SpillFiles& files_;
  SpillFiles::Writer& writer_;
  std::string prefix_;
  int64_t width_;
  KeyIndex index_;  // to places
  Buckets due_;     // of keys that must be looked at: a little early
  Buckets over_;    // of keys that are over then: a little late
  size_t timers_ = 0;
  std::string name_;           // reused
  mutable std::string bytes_;  // of the record that was read last
};

}  // namespace tocsin::runtime
