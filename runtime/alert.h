// An alert as one line of JSON: section 4 of the language page (docs/language.md), fields in its
// order.
//
// INVARIANT: the text depends on the match alone; the same match has the same id in every run.
// Tested by tests/unit/runtime/alert_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/matcher.h"
#include "patterns/pattern.h"

namespace tocsin::runtime {

enum class EventDetail : uint8_t { kFull, kNone };

// What formatting an alert of one pattern needs besides the match; lives as long as the engine.
struct AlertFormat {
  const patterns::Pattern* pattern = nullptr;
  std::string meta;  // the JSON object of `meta`, empty if there is none
  EventDetail detail = EventDetail::kFull;

  AlertFormat(const patterns::Pattern& checked, EventDetail events);
};

// Appends the line, with its line end; returns half of its id. `formats`: by input, the last one of
// derived events. `encoded_key` as KeyTable holds it.
uint64_t append_alert(std::string& out, const AlertFormat& format, nfa::Matcher& matcher,
                      const nfa::EventStore& events, const nfa::Match& match,
                      std::span<const eventtime::Value> key, std::string_view encoded_key,
                      std::span<const eventtime::RecordFormat* const> formats);

}  // namespace tocsin::runtime
