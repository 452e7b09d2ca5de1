#include "server/run_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/machine_clock.h"
#include "server/pattern_files.h"
#include "server/run_loop.h"
#include "server/run_summary.h"
#include "server/stop_signal.h"

namespace tocsin::server {
namespace {

using eventtime::Result;

Result<void> run_checked(const RunOptions& options, patterns::PatternSet set, OwnPatterns own,
                         RunSummary* wanted) {
  MachineClock clock;
  const eventtime::Duration start = clock.now();
  RunLoop loop(options, clock, StopSignal::requested);
  Result<void> result = loop.open(std::move(set), std::move(own));
  if (!result) return result;
  result = loop.read_all();
  const Result<void> closed = loop.close();
  if (result && !closed) result = closed;
  RunSummary summary = loop.summary();
  summary.seconds = static_cast<double>(clock.now().micros - start.micros) / 1e6;
  if (loop.pipe_closed()) return {};
  if (wanted == nullptr) {
    show_summary(summary, options);
  } else {
    *wanted = summary;
  }
  if (result && options.metrics) result = write_metrics(*options.metrics, summary);
  return result;
}

}  // namespace

bool RunOptions::follow() const {
  return std::any_of(inputs.begin(), inputs.end(),
                     [](const RunInput& input) { return input.follow; });
}

bool RunOptions::has_kafka() const {
  return std::ranges::any_of(inputs, [](const RunInput& input) { return input.log != nullptr; }) ||
         writes_kafka();
}

bool RunOptions::writes_kafka() const {
  return std::ranges::any_of(sinks, [](const RunSink& sink) {
    return std::holds_alternative<connectors::KafkaSinkSpec>(sink.spec);
  });
}

int run(const RunOptions& options, RunSummary* summary, const CheckPatterns& check) {
  std::optional<StopSignal> stop;
  if (options.follow() || options.state || (options.replay && options.replay->speed))
    stop.emplace();
  ListTexts lists;
  Result<patterns::Loaded> files =
      read_patterns(options.patterns, options.state ? &lists : nullptr);
  if (!files) return report(files.error());
  if (!files->patterns) {
    fmt::print(stderr, "{}", patterns::render(files->diagnostics, files->sources));
    return kInputWrong;
  }
  if (files->patterns->patterns.empty()) {
    return report(
        {"the files declare no pattern; there is nothing to look for", eventtime::Blame::kInput});
  }
  if (check) {
    const Result<void> checked = check(*files->patterns);
    if (!checked) return report(checked.error());
  }
  Result<OwnPatterns> own = OwnPatterns();
  if (options.state) own = own_patterns(*files, std::move(lists));
  if (!own) return report(own.error());
  const Result<void> result =
      run_checked(options, std::move(*files->patterns), std::move(*own), summary);
  return result ? kDone : report(result.error());
}

}  // namespace tocsin::server
