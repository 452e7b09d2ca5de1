// What becomes of the partial matches of patterns when a run goes on from a checkpoint with other
// patterns (--on-change). Tested by tests/unit/server/state_change_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/state/run_meta.h"
#include "runtime/pattern_version.h"
#include "server/own_patterns.h"
#include "server/run_command.h"

namespace tocsin::server {

enum class Fate : unsigned char {
  kKept,       // it has not changed
  kMigrated,   // it has, and goes on with the partial matches that there are
  kDrains,     // its old version finishes them, and the new one begins empty
  kGoesOn,     // an old version of before that has not finished yet
  kForgotten,  // its old version has nothing pending, and the new one begins empty
  kReset,      // they are dropped, and the new version begins empty
  kDropped,    // there is no such pattern any more
  kAdded,
};
std::string_view name_of(Fate fate);

struct PatternChange {
  Fate fate = Fate::kKept;
  std::string pattern;
  std::string state;  // the stored one that is meant; empty of those that are added
  std::string note;   // why it is not what was asked for; may be empty

  // "pattern 'p' has changed: ...", as the log tells it.
  std::string text() const;
};

struct ChangePlan {
  std::vector<PatternChange> changes;  // of the stored ones in their order, then what is added
  std::vector<connectors::StoredPattern> old;       // those that drain
  std::vector<connectors::StoredPattern> migrated;  // as they were
  // Those that have been reset, as versions that begin nothing: their partial matches are dropped,
  // what they have found is not.
  std::vector<connectors::StoredPattern> reset;
  std::vector<connectors::StoredPattern> now;  // by pattern of today

  // If it is one that drains: it has nothing pending, and is no more.
  void forget(const std::string& state);
};

// Of the pattern that a state is of.
std::string name_of_state(std::string_view state);

// `place`: where the inputs stand.
ChangePlan plan_changes(const std::vector<OwnPattern>& own,
                        const std::vector<connectors::StoredPattern>& before,
                        const runtime::InputPlace& place, OnChange on_change);

}  // namespace tocsin::server
