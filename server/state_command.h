// `tocsin state`: what checkpoints a state directory has and whether they are whole, a name for the
// newest, what one holds (state_inspect.h), and what other patterns would make of it
// (state_diff.h). Works while a run uses the directory: it takes no lock, and what the run removes
// meanwhile is not there. Tested by tests/unit/server/state_command_test.cc.
#pragma once

#include <string>
#include <vector>

#include "server/command_line.h"
#include "server/state_inspect.h"

namespace tocsin::server {

enum class StateAction : unsigned char { kList, kVerify, kSavepoint, kInspect, kDiff };

struct StateOptions {
  StateAction action = StateAction::kList;
  std::string directory;
  std::string name;                   // of the savepoint
  std::vector<std::string> patterns;  // of the diff: files
  InspectOptions inspect;
  bool json = false;
};

// Returns the exit status (exit_status.h); 1 if something is damaged.
int state(const StateOptions& options);

void add_state_command(CLI::App& app, Action& action);

}  // namespace tocsin::server
