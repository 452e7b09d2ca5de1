#include "server/commit_note.h"

#include <fmt/format.h>

#include <charconv>

namespace tocsin::server {

namespace {

constexpr std::string_view kVersion = "tocsin-1";

// Takes " NAME=NUMBER" off the front of the text.
bool take(std::string_view& text, std::string_view name, int base, uint64_t& number) {
  const std::string prefix = fmt::format(" {}=", name);
  if (!text.starts_with(prefix)) return false;
  const char* const begin = text.data() + prefix.size();
  const auto [end, error] = std::from_chars(begin, text.data() + text.size(), number, base);
  if (error != std::errc() || end == begin) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

std::string print_commit_note(const CommitNote& note) {
  return fmt::format("{} first={} alerts={} digest={:016x}", kVersion, note.first, note.alerts,
                     note.digest);
}

std::optional<CommitNote> parse_commit_note(std::string_view text) {
  if (!text.starts_with(kVersion)) return std::nullopt;
  text.remove_prefix(kVersion.size());
  CommitNote note;
  const bool whole = take(text, "first", 10, note.first) && take(text, "alerts", 10, note.alerts) &&
                     take(text, "digest", 16, note.digest);
  return whole && text.empty() ? std::optional(note) : std::nullopt;
}

}  // namespace tocsin::server
