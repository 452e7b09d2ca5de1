// `tocsin score`: alerts against the planted truth (connectors/synthetic/score.h). Tested by
// tests/unit/server/score_command_test.cc.
#pragma once

#include <string>

#include "connectors/synthetic/score.h"
#include "server/command_line.h"

namespace tocsin::server {

struct ScoreOptions {
  std::string alerts;  // of `tocsin run`
  std::string labels;  // of `tocsin generate`
  bool json = false;
};

// A line for each kind of fraud and one for all: alerts, planted, found, recall, precision, and
// what the false alerts were about.
std::string score_table(const connectors::synthetic::Scorer& scorer);
// One object: {"kinds":[{"kind","planted","found","recall","alerts","true_alerts","precision",
// "mistaken":{KIND: n}}, …],"all":{…}}
std::string score_json(const connectors::synthetic::Scorer& scorer);

// The table, or the object, on standard output. Returns the exit status (exit_status.h).
int score(const ScoreOptions& options);

void add_score_command(CLI::App& app, Action& action);

}  // namespace tocsin::server
