// `tocsin run` and `tocsin replay`: patterns over inputs, alerts out (docs/cli.md).
//
// The options are plain data: the command line fills them in (command_line.cc), tests by hand.
// A path is "-" for standard input or output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/timestamp.h"
#include "runtime/engine_options.h"

namespace tocsin::server {

// One input as the user named it: FILE, or Payment=FILE for a file of one type.
struct RunInput {
  std::string path;
  std::optional<std::string> type;
  friend bool operator==(const RunInput&, const RunInput&) = default;
};

enum class InputFormat : unsigned char { kJson, kCsv };
// What becomes of the partial matches of patterns that have changed (pattern_changes.h).
enum class OnChange : unsigned char { kDrain, kReset, kMigrate };
enum class EventsMode : unsigned char { kFull, kNone };

// What `replay` does otherwise than `run`. Besides, it applies the ticks of a journal and writes
// none to it, and with a journal its inputs end only where the journal says so.
struct ReplayOptions {
  std::optional<eventtime::Timestamp> from;  // only events in [from, to)
  std::optional<eventtime::Timestamp> to;
  eventtime::Duration warm_up;  // so far before `from` they are matched, too, without alerts
  std::optional<double> speed;  // a multiple of the speed of event time; nothing: at full speed
};

struct RunOptions {
  std::vector<std::string> patterns;
  std::vector<RunInput> inputs;
  std::string out = "-";
  eventtime::Duration out_of_order;
  std::optional<std::string> late;
  std::optional<std::string> dead_letter;
  std::optional<std::string> type;        // of inputs that name none themselves
  std::optional<std::string> type_field;  // where a record names its type; nothing: "type"
  std::optional<InputFormat> format;      // nothing: each input's by its name
  EventsMode events = EventsMode::kFull;
  bool follow = false;  // go on reading inputs as they grow, until SIGTERM or SIGINT
  // With `follow`: an input that brought nothing for so long is idle; nothing: none ever is.
  std::optional<eventtime::Duration> idle_after = eventtime::Duration{30'000'000};
  std::optional<std::string> journal;  // the folder with the ticks
  std::optional<std::string> state;    // the directory that checkpoints are kept in
  eventtime::Duration checkpoint_every{10'000'000};
  OnChange on_change = OnChange::kDrain;
  std::optional<ReplayOptions> replay;
  std::optional<std::string> metrics;  // where the summary goes as JSON
  size_t batch_size = 4096;            // records; changes nothing in what comes out
  runtime::PlanChoice plan = runtime::PlanChoice::kBest;
  // What is pending may take so many bytes before keys that have not been used for long go to the
  // disk: into the state directory, or a temporary one.
  uint64_t memory = UINT64_MAX;
  uint64_t threads = 1;          // that match; more also decode at the same time
  uint64_t max_starts = 100000;  // live first events of one pattern and key
};

struct RunSummary;

// Everything in the exit status (exit_status.h): 0 done, 1 patterns or inputs wrong, 3 world
// failed. The summary goes to standard error, or into `summary` where a caller wants it.
int run(const RunOptions& options, RunSummary* summary = nullptr);

// "Payment=in.jsonl" names type and path. Where the left side of the first '=' is no name of a
// type, all of it is a path.
RunInput parse_input(std::string_view text);

}  // namespace tocsin::server
