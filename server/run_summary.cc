#include "server/run_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/file/line_writer.h"
#include "eventtime/value.h"
#include "server/counted.h"

namespace tocsin::server {
namespace {

uint64_t rate(const RunSummary& summary) {
  if (summary.seconds <= 0) return 0;
  return static_cast<uint64_t>(static_cast<double>(summary.events_read) / summary.seconds);
}

uint64_t dropped_starts(const RunSummary& summary) {
  uint64_t total = 0;
  for (const runtime::PatternStats& pattern : summary.engine.patterns) {
    total += pattern.dropped_starts;
  }
  return total;
}

}  // namespace

std::string metrics_json(const RunSummary& summary) {
  std::string out = fmt::format(
      R"({{"events":{},"late":{},"malformed":{},"null_keys":{},"alerts":{{)", summary.engine.events,
      summary.engine.late, summary.malformed, summary.engine.null_keys);
  for (size_t i = 0; i < summary.engine.patterns.size(); ++i) {
    if (i > 0) out += ',';
    eventtime::append_json_string(out, summary.engine.patterns[i].name);
    out += fmt::format(":{}", summary.engine.patterns[i].alerts);
  }
  out += fmt::format(
      R"(}},"suppressed":{},"dropped_starts":{},"arithmetic_errors":{},"seconds":{:.6f},)"
      R"("events_per_second":{}}})",
      summary.engine.suppressed, dropped_starts(summary), summary.engine.arithmetic_errors,
      summary.seconds, rate(summary));
  return out;
}

eventtime::Result<void> write_metrics(const std::string& path, const RunSummary& summary) {
  auto writer = connectors::LineWriter::open(path);
  if (!writer) return eventtime::Unexpected<eventtime::Error>{writer.error()};
  const eventtime::Result<void> written = (*writer)->write(metrics_json(summary));
  if (!written) return written;
  return (*writer)->close();
}

std::string summary_text(const RunSummary& summary, const RunOptions& options) {
  const runtime::EngineStats& engine = summary.engine;
  std::string out = fmt::format("{} events in {:.2f} s, {} events/s; {} late, {} malformed\n",
                                grouped(engine.events), summary.seconds, grouped(rate(summary)),
                                grouped(engine.late), grouped(summary.malformed));
  size_t width = 0;
  for (const runtime::PatternStats& pattern : engine.patterns) {
    width = std::max(width, pattern.name.size());
  }
  for (const runtime::PatternStats& pattern : engine.patterns) {
    out += fmt::format("  {:<{}}  {:>9} alerts\n", pattern.name, width, grouped(pattern.alerts));
  }
  const auto note = [&](uint64_t count, const char* text) {
    if (count > 0) out += fmt::format("note: {} {}\n", grouped(count), text);
  };
  const bool has_flags = options.name.empty();
  if (!options.late.is_kept()) {
    note(engine.late, has_flags ? "late events were left out; --late FILE keeps them"
                                : "late events were left out; 'late' in [outputs] keeps them");
  }
  if (!options.dead_letter.is_kept()) {
    note(summary.malformed,
         has_flags ? "malformed records were left out; --dead-letter FILE keeps them"
                   : "malformed records were left out; 'dead_letter' in [outputs] keeps them");
  }
  note(summary.skipped, "events were left out by --from and --to");
  note(engine.null_keys, "events have a null in a key and belong to no key of such patterns");
  note(engine.arithmetic_errors,
       "calculations overflowed or divided by zero; their result was null");
  note(summary.engine.suppressed, "alerts were suppressed");
  note(dropped_starts(summary),
       "partial matches were dropped, more than --max-starts began for one key");
  return out;
}

void show_summary(const RunSummary& summary, const RunOptions& options) {
  fmt::print(stderr, "{}", summary_text(summary, options));
}

}  // namespace tocsin::server
