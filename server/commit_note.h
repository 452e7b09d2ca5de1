// What stands beside a committed position of a log partition: enough to tell whether who goes on
// from there finds the same. One line of text, as brokers keep it. Tested by
// tests/unit/server/commit_note_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin::server {

struct CommitNote {
  uint64_t first = 0;   // the offset where the partition was begun to be read
  uint64_t alerts = 0;  // so many were found from there on
  uint64_t digest = 0;  // of them, in their order by key group
  friend bool operator==(const CommitNote&, const CommitNote&) = default;
};

std::string print_commit_note(const CommitNote& note);
// Nothing: the text is not one of ours.
std::optional<CommitNote> parse_commit_note(std::string_view text);

}  // namespace tocsin::server
