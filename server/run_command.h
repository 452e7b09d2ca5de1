// `tocsin run` and `tocsin replay`: patterns over inputs, alerts out (docs/cli.md).
//
// The options are plain data: the command line fills them in (command_line.cc), tests by hand.
// A path is "-" for standard input or output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/zeromq/zeromq_spec.h"
#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "patterns/pattern.h"
#include "runtime/engine_options.h"
#include "server/metrics/metrics_listen.h"
#include "server/run_sink.h"

namespace tocsin::server {

enum class InputFormat : unsigned char { kJson, kCsv, kCloudEvents };

struct LogInput;  // log_inputs.h

struct RunInput {
  std::string path;
  std::optional<std::string> type = {};        // of all its records
  std::optional<std::string> type_field = {};  // where a record names its type; nothing: "type"
  std::optional<InputFormat> format = {};      // nothing: by its name
  eventtime::Duration out_of_order = {};
  bool follow = false;  // go on reading as it grows, until SIGTERM or SIGINT
  // With `follow`: when it brought nothing for so long it is idle; nothing: it never is.
  std::optional<eventtime::Duration> idle_after = eventtime::Duration{30'000'000};
  std::string source = {};  // as a pipeline calls it
  // No file but a socket: then `path` is how the input is shown, and it is followed.
  std::shared_ptr<const connectors::ZeroMqSourceSpec> zeromq = {};
  std::shared_ptr<const LogInput> log = {};  // or a partition of Kafka

  bool is_stream() const { return zeromq != nullptr || log != nullptr; }  // and no file
  friend bool operator==(const RunInput&, const RunInput&) = default;
};

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
  std::vector<RunSink> sinks = {file_sink("-")};
  SideOutput late;
  SideOutput dead_letter;
  EventsMode events = EventsMode::kFull;
  std::optional<std::string> journal;  // the folder with the ticks of live inputs
  std::optional<std::string> state;    // the directory that checkpoints are kept in
  std::string name;                    // of the pipeline; state is of one alone
  eventtime::Duration checkpoint_every{10'000'000};
  uint64_t keep = 3;  // checkpoints
  OnChange on_change = OnChange::kDrain;
  std::optional<ReplayOptions> replay;
  std::optional<std::string> metrics;   // where the summary goes as JSON
  std::optional<MetricsListen> listen;  // metrics over HTTP while it runs
  size_t batch_size = 4096;             // records; changes nothing in what comes out
  runtime::PlanChoice plan = runtime::PlanChoice::kBest;
  // What is pending may take so many bytes before keys that have not been used for long go to the
  // disk: into the state directory, or a temporary one.
  uint64_t memory = UINT64_MAX;
  uint64_t threads = 1;          // that match; more also decode at the same time
  uint64_t max_starts = 100000;  // live first events of one pattern and key

  // An input may grow: the run is live.
  bool follow() const;
  // Kafka is read or written, so that there are threads of its library.
  bool has_kafka() const;
  bool writes_kafka() const;
};

struct RunSummary;

// Everything in the exit status (exit_status.h): 0 done, 1 patterns or inputs wrong, 3 world
// failed. The summary goes to standard error, or into `summary` where a caller wants it.
// What is wrong with the patterns besides is told by `check`, where a caller knows of more.
using CheckPatterns = std::function<eventtime::Result<void>(const patterns::PatternSet&)>;
int run(const RunOptions& options, RunSummary* summary = nullptr, const CheckPatterns& check = {});

// "Payment=in.jsonl" names the type and the path. Where the left side of the first '=' is no name
// of a type, all of it is a path.
RunInput parse_input(std::string_view text);

}  // namespace tocsin::server
