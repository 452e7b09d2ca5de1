#include "server/demo_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "connectors/synthetic/score.h"
#include "eventtime/result.h"
#include "server/exit_status.h"
#include "server/generate_command.h"
#include "server/pattern_files.h"
#include "server/run_command.h"
#include "server/run_summary.h"
#include "server/score_command.h"

namespace tocsin::server {

namespace {

namespace fs = std::filesystem;

using connectors::synthetic::Scorer;
using eventtime::Result;

constexpr std::string_view kStoryKind = "card_testing";

// Where the demo's files are; removed at the end unless they are to be kept.
class Workplace {
 public:
  static Result<Workplace> open(const std::optional<std::string>& keep) {
    std::error_code failed;
    if (keep) {
      fs::create_directories(*keep, failed);
      if (!failed) return Workplace(*keep, true);
      return eventtime::world_error(fmt::format("cannot make '{}': {}", *keep, failed.message()));
    }
    std::string name = (fs::temp_directory_path(failed) / "tocsin_demo.XXXXXX").string();
    if (!failed && ::mkdtemp(name.data()) != nullptr) return Workplace(name, false);
    return eventtime::world_error(
        fmt::format("cannot make a temporary directory: {}", std::strerror(errno)));
  }

  Workplace(Workplace&& other) noexcept
      : path_(std::exchange(other.path_, {})), keep_(other.keep_) {}
  Workplace& operator=(Workplace&&) = delete;
  ~Workplace() {
    std::error_code ignored;
    if (!keep_ && !path_.empty()) fs::remove_all(path_, ignored);
  }

  std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  Workplace(fs::path path, bool keep) : path_(std::move(path)), keep_(keep) {}

  fs::path path_;
  bool keep_;
};

// The shared declarations first, then the samples' patterns by name.
Result<std::vector<std::string>> find_patterns(const fs::path& samples) {
  std::vector<std::string> files;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(samples, failed)) {
    const fs::path pattern = entry.path() / "pattern.tocsin";
    if (fs::exists(pattern, failed)) files.push_back(pattern.string());
  }
  if (files.empty()) {
    return eventtime::input_error(
        fmt::format("'{}' holds no samples; --samples DIR says where they are", samples.string()));
  }
  std::sort(files.begin(), files.end());
  files.insert(files.begin(), (samples / "payments.tocsin").string());
  return files;
}

// What the pattern says it means, "" if it does not.
std::string description_of(const std::vector<std::string>& files, std::string_view alert) {
  const auto loaded = read_patterns(files);
  if (!loaded || !loaded->patterns) return {};
  for (const patterns::Pattern& pattern : loaded->patterns->patterns) {
    if (alert.find(fmt::format(R"("pattern":"{}")", pattern.name)) != std::string_view::npos) {
      return pattern.description;
    }
  }
  return {};
}

int say(std::string_view text) {
  return write_standard_output(text);
}

// A line on how fast it went.
std::string speed_words(const RunSummary& summary, double seconds_in_all) {
  const double rate = static_cast<double>(summary.engine.events) / std::max(summary.seconds, 1e-9);
  return fmt::format(
      "{} events in {:.2f} s: {:.0f} events/s; {} malformed, {} late; {:.1f} s in all\n",
      summary.engine.events, summary.seconds, rate, summary.malformed, summary.engine.late,
      seconds_in_all);
}

int show_results(const Workplace& place, const std::vector<std::string>& files,
                 const std::string& speed) {
  Scorer scorer;
  if (const auto read = scorer.read_labels(place.file("labels.jsonl")); !read) {
    return report(read.error());
  }
  if (const auto read = scorer.read_alerts(place.file("alerts.jsonl")); !read) {
    return report(read.error());
  }
  std::string text = "\n" + score_table(scorer) + "\n" + speed;
  if (const std::string alert = scorer.true_alert(kStoryKind); !alert.empty()) {
    auto story = connectors::synthetic::tell_story(alert, description_of(files, alert));
    if (!story) return report(story.error());
    text += "\nOne of the alerts, told:\n\n" + *story;
  }
  return say(text);
}

}  // namespace

int demo(const DemoOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  const auto files = find_patterns(options.samples);
  if (!files) return report(files.error());
  const auto place = Workplace::open(options.keep);
  if (!place) return report(place.error());

  GenerateCommandOptions generate_options;
  generate_options.generate.events = options.events;
  generate_options.generate.seed = options.seed;
  generate_options.out = place->file("payments.jsonl");
  generate_options.labels = place->file("labels.jsonl");
  if (const int status = run_generate(generate_options); status != kDone) return status;

  RunOptions run_options;
  run_options.patterns = *files;
  run_options.inputs = {
      {.path = generate_options.out, .out_of_order = generate_options.generate.out_of_order}};
  run_options.sinks = {file_sink(place->file("alerts.jsonl"))};
  run_options.dead_letter.path = place->file("dead_letters.jsonl");
  RunSummary summary;
  if (const int status = run(run_options, &summary); status != kDone) return status;

  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return show_results(*place, *files, speed_words(summary, seconds));
}

void add_demo_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("demo", "Find planted fraud in made-up payments");
  auto options = std::make_shared<DemoOptions>();
  command->add_option("--events", options->events, "how many (default: 1000000)")->type_name("N");
  command->add_option("--seed", options->seed, "another seed, other payments (default: 1)")
      ->type_name("S");
  command->add_option("--samples", options->samples, "the sample patterns (default: samples)")
      ->type_name("DIR");
  command->add_option("--keep", options->keep, "keep payments, labels and alerts there")
      ->type_name("DIR");
  command->callback([&action, options] { action = [options] { return demo(*options); }; });
}

}  // namespace tocsin::server
