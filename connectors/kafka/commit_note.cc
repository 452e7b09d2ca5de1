#include "connectors/kafka/commit_note.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <span>

namespace tocsin::connectors {

namespace {

constexpr std::string_view kCommit = "tocsin-1";
constexpr std::string_view kSink = "tocsin-sink-1";

struct NumberField {
  std::string_view name;
  int base = 10;
  uint64_t* number = nullptr;
};

// Takes " NAME=NUMBER" off the front of the text.
bool take(std::string_view& text, const NumberField& field) {
  const std::string prefix = fmt::format(" {}=", field.name);
  if (!text.starts_with(prefix)) return false;
  const char* const begin = text.data() + prefix.size();
  const auto [end, error] =
      std::from_chars(begin, text.data() + text.size(), *field.number, field.base);
  if (error != std::errc() || end == begin) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// Whether the text is the version with all fields behind it, in this order, and no more.
bool parse(std::string_view text, std::string_view version, std::span<const NumberField> fields) {
  if (!text.starts_with(version)) return false;
  text.remove_prefix(version.size());
  for (const NumberField& field : fields) {
    if (!take(text, field)) return false;
  }
  return text.empty();
}

}  // namespace

std::string print_commit_note(const CommitNote& note) {
  return fmt::format("{} first={} alerts={} digest={:016x}", kCommit, note.first, note.alerts,
                     note.digest);
}

std::optional<CommitNote> parse_commit_note(std::string_view text) {
  CommitNote note;
  const std::array<NumberField, 3> fields = {
      {{"first", 10, &note.first}, {"alerts", 10, &note.alerts}, {"digest", 16, &note.digest}}};
  return parse(text, kCommit, fields) ? std::optional(note) : std::nullopt;
}

std::string print_sink_note(const SinkNote& note) {
  return fmt::format("{} run={:016x} alerts={} digest={:016x}", kSink, note.run, note.place.alerts,
                     note.place.digest);
}

std::optional<SinkNote> parse_sink_note(std::string_view text) {
  SinkNote note;
  const std::array<NumberField, 3> fields = {{{"run", 16, &note.run},
                                              {"alerts", 10, &note.place.alerts},
                                              {"digest", 16, &note.place.digest}}};
  return parse(text, kSink, fields) ? std::optional(note) : std::nullopt;
}

}  // namespace tocsin::connectors
