// The model of a whole run: which events are late (section 5), in which order the rest is matched,
// which key each belongs to, the alerts of every pattern and key, which of them are suppressed
// (3.9), and what they become for other patterns (3.10).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

// An event by where it came from. One that a pattern has emitted has the input kEmitted, and as its
// record its time in microseconds.
struct RecordId {
  uint32_t input = 0;
  uint64_t record = 0;
  static constexpr uint32_t kEmitted = UINT32_MAX;
  friend auto operator<=>(const RecordId&, const RecordId&) = default;
};

// An alert in a form in which two of them can be compared and printed.
struct NaiveAlert {
  std::string pattern;
  std::string key;  // as JSON: {"card":"c42"}
  Timestamp start;  // of the first event
  Timestamp end;    // of the last
  Timestamp complete;
  // Bound variables by name, in the order of the pattern's text.
  std::vector<std::pair<std::string, std::vector<RecordId>>> events;
  // `emit` in its order, as JSON.
  std::vector<std::pair<std::string, std::string>> values;
  int64_t suppressed = 0;
  bool is_timeout = false;

  friend bool operator==(const NaiveAlert&, const NaiveAlert&) = default;
};

std::string to_string(const NaiveAlert& alert);

struct NaiveRun {
  std::vector<NaiveAlert> alerts;  // of each pattern by completion, key, and as 3.7 emits them
  std::vector<RecordId> late;      // by input and record
};

// `inputs`: the accepted events of each input in the order of their arrival.
NaiveRun run_model(const patterns::PatternSet& set, std::span<const std::vector<NaiveEvent>> inputs,
                   Duration out_of_order);

// The same for patterns that differ in name and skip strategy alone: matches are found once.
NaiveRun run_skip_variants(const patterns::PatternSet& set,
                           std::span<const std::vector<NaiveEvent>> inputs, Duration out_of_order);

}  // namespace tocsin::model
