// What stands beside a committed position of a log: enough to tell whether who goes on from there
// finds the same. One line of text each, as brokers keep it. Tested by
// tests/unit/connectors/commit_note_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::connectors {

// Beside the position of a partition that was read.
struct CommitNote {
  uint64_t first = 0;   // the offset where the partition was begun to be read
  uint64_t alerts = 0;  // so many were found from there on
  uint64_t digest = 0;  // of them, in their order by key group
  friend bool operator==(const CommitNote&, const CommitNote&) = default;
};
std::string print_commit_note(const CommitNote& note);
// Nothing: the text is not one of ours.
std::optional<CommitNote> parse_commit_note(std::string_view text);

// So many alerts with this digest.
struct AlertPlace {
  uint64_t alerts = 0;
  uint64_t digest = 0;
  friend bool operator==(const AlertPlace&, const AlertPlace&) = default;
};
// Of a sink, where the position of a group would be.
struct SinkNote {
  uint64_t run = 0;
  AlertPlace place;
  friend bool operator==(const SinkNote&, const SinkNote&) = default;
};
std::string print_sink_note(const SinkNote& note);
std::optional<SinkNote> parse_sink_note(std::string_view text);

}  // namespace tocsin::connectors
