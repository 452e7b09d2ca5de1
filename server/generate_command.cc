#include "server/generate_command.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>

#include "connectors/file/line_writer.h"
#include "eventtime/timestamp.h"
#include "server/exit_status.h"
#include "server/flags.h"
#include "server/progress.h"

namespace tocsin::server {

namespace {

namespace synthetic = connectors::synthetic;
using connectors::LineWriter;

void say_what_was_made(const synthetic::GenerateSummary& summary) {
  fmt::print(stderr, "{} events, {} malformed records, {} planted frauds, {} lookalikes\n",
             summary.events, summary.malformed, summary.frauds, summary.lookalikes);
}

void add_what(CLI::App& command, synthetic::GenerateOptions& options) {
  const auto set_kind = [&options](const std::string& text) {
    options.kind = synthetic::find_event_kind(text).value_or(options.kind);
  };
  const auto check_kind = [](const std::string& text) {
    return check_choice(text, {"payments", "logins", "orders", "ticks"});
  };
  command.add_option_function<std::string>("KIND", set_kind, "payments, logins, orders or ticks")
      ->required()
      ->check(check_kind)
      ->type_name("");
  command.add_option("--events", options.events, "how many (default: 1000000)")->type_name("N");
  command.add_option("--seed", options.seed, "the same seed makes the same bytes (default: 1)")
      ->type_name("S");
  command
      .add_option("--rate", options.events_per_second,
                  "events per second of event time (default: 10, 5, 2, 50 by kind)")
      ->check(CLI::PositiveNumber)
      ->type_name("R");
  command
      .add_option("--malformed", options.malformed_per_million,
                  "damaged records, in a million (default: 20)")
      ->type_name("N");
}

void add_when(CLI::App& command, synthetic::GenerateOptions& options) {
  const auto set_start = [&options](const std::string& text) {
    options.start = eventtime::parse_timestamp(text).value_or(options.start);
  };
  const auto check_start = [](const std::string& text) -> std::string {
    if (eventtime::parse_timestamp(text)) return {};
    return fmt::format("'{}' is no time, which looks like 2026-03-01T00:00:00Z", text);
  };
  command
      .add_option_function<std::string>("--start", set_start,
                                        "event time begins here (default: 2026-03-01T00:00:00Z)")
      ->check(check_start)
      ->type_name("TIME");
  const auto set_bound = [&options](const std::string& text) {
    options.out_of_order = eventtime::parse_duration(text).value_or(options.out_of_order);
  };
  command
      .add_option_function<std::string>("--out-of-order", set_bound,
                                        "how late an event may arrive (default: 5s)")
      ->check(check_duration)
      ->type_name("DURATION");
}

void add_where(CLI::App& command, GenerateCommandOptions& options) {
  const auto set_format = [&options](const std::string& text) {
    options.generate.csv = text == "csv";
  };
  command.add_option_function<std::string>("--format", set_format, "default: json")
      ->check([](const std::string& text) { return check_choice(text, {"json", "csv"}); })
      ->type_name("json|csv");
  command.add_option("-o,--out", options.out, "records (default: standard output)")
      ->type_name("FILE");
  command
      .add_option("--labels", options.labels, "the planted incidents and the ids of their events")
      ->type_name("FILE");
}

}  // namespace

int run_generate(const GenerateCommandOptions& options) {
  const auto checked = synthetic::check_options(options.generate);
  if (!checked) return report(checked.error());
  auto records = LineWriter::open(options.out);
  if (!records) return report(records.error());
  std::unique_ptr<LineWriter> labels;
  if (options.labels) {
    auto opened = LineWriter::open(*options.labels);
    if (!opened) return report(opened.error());
    labels = std::move(*opened);
  }
  std::optional<Progress> progress;
  if (options.out != "-") progress.emplace("generate", options.generate.events);

  synthetic::GenerateOutput output;
  output.records = [&](std::string_view text) { return (*records)->write_lines(text); };
  if (labels) output.labels = [&](std::string_view text) { return labels->write_lines(text); };
  output.progress = [&](uint64_t events) {
    if (progress) progress->update(events, events);
  };
  const auto made = synthetic::generate(options.generate, output);
  progress.reset();
  const auto reader_gone = [&] {
    return (*records)->pipe_closed() || (labels && labels->pipe_closed());
  };
  if (!made) return reader_gone() ? kDone : report(made.error());
  for (LineWriter* writer : {records->get(), labels.get()}) {
    if (writer == nullptr) continue;
    const auto closed = writer->close();
    if (!closed) return reader_gone() ? kDone : report(closed.error());
  }
  say_what_was_made(*made);
  return kDone;
}

void add_generate_command(CLI::App& app, Action& action) {
  CLI::App* command =
      app.add_subcommand("generate", "Make synthetic events with planted, labelled incidents");
  auto options = std::make_shared<GenerateCommandOptions>();
  add_what(*command, options->generate);
  add_when(*command, options->generate);
  add_where(*command, *options);
  command->callback([&action, options] { action = [options] { return run_generate(*options); }; });
}

}  // namespace tocsin::server
