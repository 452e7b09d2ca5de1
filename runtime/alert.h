// An alert: a match that is certain, and what is said of it (section 4 of the language page,
// docs/language.md). Nothing is computed and nothing written before it is asked for.
//
// INVARIANT: what an alert says depends on the match alone; the same match has the same id in every
// run. Tested by tests/unit/runtime/alert_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "patterns/pattern.h"
#include "runtime/engine_options.h"

// Known by name only: who embeds Tocsin needs no header of nfa.
namespace tocsin::nfa {
class EventStore;
class Matcher;
struct Program;
struct StoredEvent;
using NodeId = uint32_t;
}  // namespace tocsin::nfa

namespace tocsin::runtime {

// What describing alerts of one pattern needs besides the match; lives as long as the engine.
struct AlertFormat {
  const patterns::Pattern* pattern = nullptr;
  std::string meta;  // the JSON object of `meta`, empty if there is none
  EventDetail detail = EventDetail::kFull;
  std::string origin;  // EngineOptions::origin

  AlertFormat(const patterns::Pattern& checked, const EngineOptions& options);
};

// 128 bits over pattern, version, key, and the positions of the events by variable.
struct AlertId {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const AlertId&, const AlertId&) = default;
};

// An event of the match. Texts live as long as the alert.
struct AlertEvent {
  uint32_t variable = 0;  // in Pattern::variables
  eventtime::TypeId type = 0;
  uint32_t input = 0;
  uint64_t record = 0;  // its number in the input
  eventtime::Timestamp time;
  std::string_view raw;  // as it came in; empty with EventDetail::kNone
};

// Valid while the callback runs that it is given to, for its thread.
class Alert {
 public:
  struct Parts {
    const AlertFormat& format;
    const nfa::Program& program;
    nfa::Matcher& matcher;
    const nfa::EventStore& events;
    std::span<const eventtime::RecordFormat* const> formats;  // by input, the last of derived ones
    std::string_view encoded_key;                             // as KeyTable holds it
    std::span<const eventtime::Value> key;
  };
  Alert(const Parts& parts, nfa::NodeId node, eventtime::Timestamp complete, bool timeout,
        uint64_t suppressed)
      : parts_(parts),
        node_(node),
        complete_(complete),
        timeout_(timeout),
        suppressed_(suppressed) {}

  const patterns::Pattern& pattern() const { return *parts_.format.pattern; }
  bool timeout() const { return timeout_; }  // by `on timeout`: the match did not come
  // So many alerts of its group were suppressed since the last one.
  uint64_t suppressed() const { return suppressed_; }
  // By Pattern::by.
  std::span<const eventtime::Value> key() const { return parts_.key; }
  // Of the first and last event, and when the match was certain.
  eventtime::Timestamp start() const;
  eventtime::Timestamp end() const;
  eventtime::Timestamp complete() const { return complete_; }
  size_t event_count() const;
  // In the order in which they were bound.
  std::vector<AlertEvent> events() const;
  AlertId id() const;

  // What is said of the match: `emit`, of timeouts `on timeout emit`.
  std::span<const patterns::Result> results() const {
    return timeout_ ? pattern().on_timeout : pattern().emit;
  }
  // The value of results()[result], computed at each call; null if that one is a list. Texts live
  // as long as the alert.
  eventtime::Value value(size_t result) const;
  // The same by its name; nothing if no result is called so.
  std::optional<eventtime::Value> value(std::string_view result) const;
  // `collect` gives a list and not a value.
  bool is_list(size_t result) const;
  // Its values, in the order of the events; empty if results()[result] is no list.
  std::vector<eventtime::Value> list(size_t result) const;

  // Appends one line of JSON, with its line end. It begins with {"id":" and 32 digits.
  void append_json(std::string& out) const;
  // Appends the object of the key's fields that stands in it.
  void append_key(std::string& out) const;
  // Appends what consumers of a log group alerts by: the text of the key's only field, or that
  // object. False: the pattern has no key, and nothing was appended.
  bool append_record_key(std::string& out) const;

 private:
  const nfa::StoredEvent& event(nfa::NodeId node) const;
  uint32_t variable(nfa::NodeId node) const;
  const std::vector<nfa::NodeId>& path() const;
  void append_values(std::string& out) const;
  void append_list(std::string& out, size_t result) const;
  void append_events(std::string& out) const;

  Parts parts_;
  nfa::NodeId node_;
  eventtime::Timestamp complete_;
  bool timeout_;
  uint64_t suppressed_;
  mutable std::vector<nfa::NodeId> path_;  // when it has been asked for
};

}  // namespace tocsin::runtime
