// The keys of a pattern that is evaluated by stacks (nfa/stack_plan.h), each with its stacks. A key
// is there as long as something is pending for it. Tested by
// tests/unit/runtime/stack_operator_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/give_back.h"
#include "nfa/instance_stack.h"
#include "runtime/key_index.h"

namespace tocsin::runtime {

struct StackEntry {
  std::string key;  // encoded
  uint32_t tag = 0;
  uint32_t slot = 0;  // its place in the table, reused after erase()
  // A timer stays with the place: it finds another key there, or none.
  bool has_timer = false;
  bool used = false;      // since its operator last looked for keys that are not
  uint64_t consumed = 0;  // the sequence of the last event that the last step could take
  std::vector<nfa::InstanceStack> stacks;  // none where the place is free

  bool is_there() const { return !stacks.empty() && !stacks.front().empty(); }
};

class StackTable {
 public:
  // `words`: of each stack's instances.
  explicit StackTable(std::vector<size_t> words) : words_(std::move(words)) {}
  StackTable(const StackTable&) = delete;
  StackTable& operator=(const StackTable&) = delete;

  // `tag` is tag_of(key) everywhere. Null: there is no such key.
  StackEntry* find(std::string_view key, uint32_t tag) {
    const uint32_t number =
        index_.find(tag, [&](uint32_t n) { return entries_[n - 1].key == key; });
    return number == KeyIndex::kNone ? nullptr : &entries_[number - 1];
  }
  // Entries never move. There is no such key yet.
  StackEntry& add(std::string_view key, uint32_t tag) {
    if (free_.empty()) {
      StackEntry& added = entries_.emplace_back();
      added.slot = static_cast<uint32_t>(entries_.size() - 1);
      free_.push_back(added.slot);
    }
    StackEntry& entry = entries_[free_.back()];
    free_.pop_back();
    entry.key = key;
    entry.tag = tag;
    entry.used = false;
    entry.stacks.reserve(words_.size());
    for (const size_t words : words_) entry.stacks.emplace_back(words);
    index_.insert(tag, entry.slot + 1);
    return entry;
  }
  // Its stacks are empty.
  void erase(StackEntry& entry) {
    index_.erase(entry.tag, entry.slot + 1);
    entry.key = {};
    entry.consumed = 0;
    entry.stacks = {};
    free_.push_back(entry.slot);
  }
  // Gives memory back where no key is left of many. True: there are no places any more.
  bool shrink() {
    constexpr size_t kMany = 1024;
    if (index_.size() > 0 || entries_.size() < kMany) return false;
    entries_ = {};
    eventtime::give_back(free_);
    index_ = KeyIndex();
    return true;
  }
  StackEntry& at(uint32_t slot) { return entries_[slot]; }
  const StackEntry& at(uint32_t slot) const { return entries_[slot]; }

  // It stays where it is.
  const KeyIndex& index() const { return index_; }
  // Steps of a look-up to come, behind the index: what it will probably find, its first stack.
  const StackEntry* guess(uint32_t tag) const {
    const uint32_t number = index_.find(tag, [](uint32_t) { return true; });
    return number == KeyIndex::kNone ? nullptr : &entries_[number - 1];
  }

  size_t size() const { return index_.size(); }
  uint32_t slots() const { return static_cast<uint32_t>(entries_.size()); }
  // What a key takes, but for its instances.
  size_t key_bytes() const {
    return sizeof(StackEntry) + words_.size() * sizeof(nfa::InstanceStack) + 2 * sizeof(uint64_t);
  }

 private:
  std::vector<size_t> words_;
  KeyIndex index_;  // to slot + 1
  std::deque<StackEntry> entries_;
  std::vector<uint32_t> free_;
};

}  // namespace tocsin::runtime
