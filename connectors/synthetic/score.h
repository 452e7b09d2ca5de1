// Alerts against the planted truth: what was found, and what was no fraud.
//
// An alert speaks of the kind that its pattern's meta names (`meta kind: "card_testing"`), else of
// the one that the pattern is called after. It is true if at least half of its events belong to one
// planted fraud of that kind; a fraud is found if at least one alert is true for it. So a pattern
// that sees only that something is wrong with a card, but not what, earns nothing.
// Tested by tests/unit/connectors/score_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "eventtime/result.h"

namespace tocsin::connectors::synthetic {

struct KindScore {
  std::string kind;
  uint64_t planted = 0;
  uint64_t found = 0;
  uint64_t alerts = 0;
  uint64_t true_alerts = 0;
  // What the false alerts were about: the incident that most of their events belong to, or
  // "nothing planted".
  std::map<std::string, uint64_t> mistaken;

  // Of nothing, 1: nothing was missed, and nobody was accused.
  double recall() const { return planted == 0 ? 1 : share(found, planted); }
  double precision() const { return alerts == 0 ? 1 : share(true_alerts, alerts); }

 private:
  static double share(uint64_t part, uint64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  }
};

class Scorer {
 public:
  // `path` is a file of `tocsin generate --labels`. Call first. Errors name file and line.
  eventtime::Result<void> read_labels(const std::string& path);
  // A file of `tocsin run`, with events in full.
  eventtime::Result<void> read_alerts(const std::string& path);

  // By kind, in alphabetical order; every kind of fraud that is planted or alerted.
  std::vector<KindScore> scores() const;
  // All kinds together; `kind` is "all".
  KindScore total() const;
  // The first alert that is true and of that kind, as it was read; of any kind if there is none.
  // Empty if no alert is true.
  std::string true_alert(std::string_view kind) const;

 private:
  struct Incident {
    std::string kind;
    bool fraud = true;
    bool found = false;
  };
  struct Alert;

  void judge(const Alert& alert, std::string_view line);

  std::vector<Incident> incidents_;
  std::unordered_map<std::string, uint32_t> incident_of_;  // by id of an event
  std::map<std::string, KindScore> scores_;                // without `found`
  std::map<std::string, std::string> true_alerts_;         // the first of each kind
};

// The alert as a story: its events in order of time, one a line, with what happened in them.
// `description` is what the pattern says it means; may be empty.
eventtime::Result<std::string> tell_story(std::string_view alert, std::string_view description);

}  // namespace tocsin::connectors::synthetic
