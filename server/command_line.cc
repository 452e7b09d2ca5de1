#include "server/command_line.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "patterns/diagnostic.h"
#include "server/check_command.h"
#include "server/demo_command.h"
#include "server/exit_status.h"
#include "server/explain_command.h"
#include "server/flags.h"
#include "server/fmt_command.h"
#include "server/generate_command.h"
#include "server/log.h"
#include "server/machine_memory.h"
#include "server/pipeline/pipeline_command.h"
#include "server/run_command.h"
#include "server/score_command.h"
#include "server/state_command.h"
#include "server/test_command.h"
#include "server/thread_count.h"

namespace tocsin::server {

namespace {

using Names = std::vector<std::string>;

constexpr uint64_t kMaxBatchSize = uint64_t{1} << 20;
constexpr uint64_t kMaxStarts = std::numeric_limits<uint32_t>::max();

// ---- values of flags ----

// A flag that takes one of a few words, each for a value of `target`'s type.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& flag, T& target,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& help) {
  Names words;
  for (const auto& choice : choices) words.push_back(choice.first);
  const auto set = [&target, choices](const std::string& text) {
    for (const auto& [word, value] : choices) {
      if (word == text) target = value;
    }
  };
  return command.add_option_function<std::string>(flag, set, help)
      ->check([words](const std::string& text) { return check_choice(text, words); })
      ->type_name(fmt::format("{}", fmt::join(words, "|")));
}

int usage_error(std::string_view message, std::string_view help, const std::string& command) {
  fmt::print(stderr, "error: {}\n", message);
  if (!help.empty()) fmt::print(stderr, "  help: {}\n", help);
  fmt::print(stderr, "  usage: see 'tocsin {}--help'\n", command.empty() ? "" : command + " ");
  return kUsageWrong;
}

// ---- the commands ----

void add_files(CLI::App& command, Names& files, const std::string& help) {
  command.add_option("FILE", files, help)->required()->type_name("");
}

void add_check(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("check", "Report mistakes in pattern files");
  auto options = std::make_shared<CheckOptions>();
  command->add_option("FILE", options->files, "pattern files; - is standard input")->type_name("");
  auto config = std::make_shared<std::optional<std::string>>();
  command->add_option("--config", *config, "a pipeline file, and the pattern files that it names")
      ->type_name("FILE");
  command->callback([&action, options, config] {
    action = [options, config] {
      if (*config && !options->files.empty()) {
        return usage_error("pattern files do not go with '--config'",
                           "the pipeline file names them", "check");
      }
      if (*config) return check_pipeline(**config);
      if (options->files.empty()) return usage_error("FILE is required", "", "check");
      return check(*options);
    };
  });
}

void add_fmt(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("fmt", "Rewrite pattern files in the canonical layout");
  auto options = std::make_shared<FmtOptions>();
  add_files(*command, options->files, "pattern files; - is standard input");
  command->add_flag("--check", options->check, "list the files that would change; change nothing")
      ->disable_flag_override();
  command->callback([&action, options] { action = [options] { return fmt(*options); }; });
}

void add_explain(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("explain", "Show how patterns are matched");
  auto options = std::make_shared<ExplainOptions>();
  add_files(*command, options->files, "pattern files; - is standard input");
  command->add_option("--pattern", options->pattern, "only this one")->type_name("NAME");
  add_choice<ExplainFormat>(*command, "--format", options->format,
                            {{"text", ExplainFormat::kText},
                             {"dot", ExplainFormat::kDot},
                             {"json", ExplainFormat::kJson}},
                            "default: text");
  command->callback([&action, options] { action = [options] { return explain(*options); }; });
}

struct RunFlags {
  RunFlags() {
    options.threads = all_cores();
    options.memory = machine_memory() / 2;
  }

  // With what is said of all inputs and outputs.
  RunOptions all() const {
    RunOptions all = options;
    for (RunInput& each : all.inputs) {
      std::optional<std::string> type = std::move(each.type);
      std::string path = std::move(each.path);
      each = input;
      each.path = std::move(path);
      if (type) each.type = std::move(type);
    }
    all.sinks = {file_sink(out)};
    return all;
  }

  RunOptions options;
  RunInput input;  // each of them, but for its path
  std::string out = "-";
  std::optional<std::string> config;
  std::string log_level = "info";
};

void add_run_inputs(CLI::App& command, RunFlags& flags) {
  command.add_option("-p,--patterns", flags.options.patterns, "pattern files")->type_name("FILE");
  const auto add_inputs = [&options = flags.options](const Names& texts) {
    for (const std::string& text : texts) options.inputs.push_back(parse_input(text));
    return true;
  };
  RunInput& input = flags.input;
  command
      .add_option_function<Names>(
          "-i,--input", add_inputs,
          "events: FILE, TYPE=FILE or - for standard input; .gz and .zst as they are")
      ->type_name("INPUT");
  command.add_option("--type", input.type, "event type of inputs that are not given as TYPE=FILE")
      ->type_name("TYPE");
  command
      .add_option("--type-field", input.type_field,
                  "field that names a record's type (default: type)")
      ->type_name("FIELD");
  using Format = std::optional<InputFormat>;
  add_choice<Format>(command, "--format", input.format,
                     {{"json", InputFormat::kJson},
                      {"csv", InputFormat::kCsv},
                      {"cloudevents", InputFormat::kCloudEvents}},
                     "of all inputs (default: by their names)");
  const auto set_bound = [&input](const std::string& text) {
    input.out_of_order = eventtime::parse_duration(text).value_or(eventtime::Duration{});
  };
  command
      .add_option_function<std::string>("--out-of-order", set_bound,
                                        "how late an event may be within its input (default: 0s)")
      ->check(check_duration)
      ->type_name("DURATION");
}

void add_live(CLI::App& command, RunFlags& flags) {
  RunInput& input = flags.input;
  CLI::Option* follow =
      command
          .add_flag("--follow", input.follow,
                    "go on reading as the inputs grow; SIGTERM or SIGINT ends the run")
          ->disable_flag_override();
  const auto set_idle = [&input](const std::string& text) {
    input.idle_after = eventtime::parse_duration(text);  // nothing: never
  };
  command
      .add_option_function<std::string>(
          "--idle-after", set_idle,
          "an input that brought nothing for so long holds no other back (default: 30s)")
      ->check(check_duration_or_never)
      ->needs(follow)
      ->type_name("DURATION|never");
  command
      .add_option("--journal", flags.options.journal,
                  "folder that keeps the ticks, so that the run can be repeated")
      ->needs(follow)
      ->type_name("DIR");
}

void add_run_state(CLI::App& command, RunOptions& options) {
  command
      .add_option("--state", options.state,
                  "keep checkpoints here, and go on from the newest one if there is any")
      ->type_name("DIR");
  const auto set_every = [&options](const std::string& text) {
    options.checkpoint_every = *eventtime::parse_duration(text);
  };
  command
      .add_option_function<std::string>("--checkpoint-every", set_every,
                                        "with --state (default: 10s)")
      ->check(check_duration)
      ->needs("--state")
      ->type_name("DURATION");
  add_choice<OnChange>(
      command, "--on-change", options.on_change,
      {{"drain", OnChange::kDrain}, {"reset", OnChange::kReset}, {"migrate", OnChange::kMigrate}},
      "what becomes of partial matches of patterns that have changed (default: drain)")
      ->needs("--state");
}

void add_run_outputs(CLI::App& command, RunFlags& flags) {
  RunOptions& options = flags.options;
  command.add_option("-o,--out", flags.out, "alerts (default: standard output)")->type_name("FILE");
  command.add_option("--late", options.late.path, "events that came too late")->type_name("FILE");
  command.add_option("--dead-letter", options.dead_letter.path, "records that are no events")
      ->type_name("FILE");
  command.add_option("--metrics", options.metrics, "the summary as JSON")->type_name("FILE");
  add_choice<EventsMode>(command, "--events", options.events,
                         {{"full", EventsMode::kFull}, {"none", EventsMode::kNone}},
                         "whether alerts show their events (default: full)");
}

void add_matching(CLI::App& command, RunFlags& flags) {
  add_run_inputs(command, flags);
  add_run_outputs(command, flags);
  add_run_state(command, flags.options);
  command
      .add_option(
          "--threads", flags.options.threads,
          "that match at the same time, the same alerts for any number (default: all cores)")
      ->check([](const std::string& text) { return check_count(text, kMaxThreads); })
      ->type_name("N");
  const auto set_memory = [&options = flags.options](const std::string& text) {
    options.memory = parse_size(text);
  };
  command
      .add_option_function<std::string>(
          "--memory", set_memory,
          "for what is pending, before keys that are quiet go to the disk (default: half of the "
          "machine's)")
      ->check(check_size)
      ->type_name("SIZE");
  command
      .add_option("--max-starts", flags.options.max_starts,
                  "live first events of one pattern and key (default: 100000)")
      ->check([](const std::string& text) { return check_count(text, kMaxStarts); })
      ->type_name("N");
  add_choice<runtime::PlanChoice>(
      command, "--plan", flags.options.plan,
      {{"best", runtime::PlanChoice::kBest}, {"plain", runtime::PlanChoice::kPlain}},
      "how patterns are evaluated; plain: run by run, slower, the same alerts (default: best)");
  command.add_option("--batch-size", flags.options.batch_size)
      ->check([](const std::string& text) { return check_count(text, kMaxBatchSize); })
      ->group("");  // for tests: shows nowhere, changes nothing in what comes out
  command.add_option("--log-level", flags.log_level, "default: info")
      ->check([](const std::string& text) { return check_choice(text, log_levels()); })
      ->type_name(fmt::format("{}", fmt::join(log_levels(), "|")));
}

// What only some runs need, or may have: CLI11 knows no such rules.
int check_run_flags(const CLI::App& command, bool has_config) {
  const std::string& name = command.get_name();
  if (!has_config) {
    for (const char* flag : {"--patterns", "--input"}) {
      if (command.count(flag) > 0) continue;
      return usage_error(fmt::format("{} is required", flag),
                         name == "run" ? "or a pipeline file by --config" : "", name);
    }
    return kDone;
  }
  const Names allowed = {"--config", "--log-level", "--metrics", "--batch-size"};
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0) continue;
    const std::string flag = "--" + option->get_lnames().front();
    if (std::find(allowed.begin(), allowed.end(), flag) != allowed.end()) continue;
    return usage_error(fmt::format("'{}' does not go with '--config'", flag),
                       "the pipeline file says it", name);
  }
  return kDone;
}

void add_run(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("run", "Match patterns against events, write alerts");
  auto flags = std::make_shared<RunFlags>();
  add_matching(*command, *flags);
  add_live(*command, *flags);
  command->add_option("--config", flags->config, "a pipeline file, which says all the rest")
      ->type_name("FILE");
  command->callback([&action, flags, command] {
    action = [flags, command] {
      const int wrong = check_run_flags(*command, flags->config.has_value());
      if (wrong != kDone) return wrong;
      start_log(flags->log_level);
      if (!flags->config) return run(flags->all());
      return run_pipeline({*flags->config, flags->options.metrics, flags->options.batch_size});
    };
  });
}

// ---- replay ----

CLI::Option* add_time(CLI::App& command, const std::string& flag,
                      std::optional<eventtime::Timestamp>& target, const std::string& help) {
  const auto set = [&target](const std::string& text) {
    target = eventtime::parse_timestamp(text);
  };
  return command.add_option_function<std::string>(flag, set, help)
      ->check(check_time)
      ->type_name("TIME");
}

void add_replay_range(CLI::App& command, ReplayOptions& replay) {
  CLI::Option* from = add_time(command, "--from", replay.from, "only events of this time or later");
  add_time(command, "--to", replay.to, "only events before this time");
  const auto set_warm_up = [&replay](const std::string& text) {
    replay.warm_up = eventtime::parse_duration(text).value_or(eventtime::Duration{});
  };
  command
      .add_option_function<std::string>("--warm-up", set_warm_up,
                                        "so far before --from events are matched, without alerts")
      ->check(check_duration)
      ->needs(from)
      ->type_name("DURATION");
  const auto set_speed = [&replay](const std::string& text) { replay.speed = parse_speed(text); };
  command
      .add_option_function<std::string>(
          "--speed", set_speed, "at this multiple of the speed of event time (default: full speed)")
      ->check(check_speed)
      ->type_name("60x");
}

void add_replay(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("replay", "Match patterns against events of the past");
  auto flags = std::make_shared<RunFlags>();
  flags->options.replay.emplace();
  add_matching(*command, *flags);
  add_replay_range(*command, *flags->options.replay);
  command
      ->add_option("--journal", flags->options.journal,
                   "folder with the ticks of the live run; they apply, and inputs end only by them")
      ->type_name("DIR");
  command->callback([&action, flags, command] {
    action = [flags, command] {
      const int wrong = check_run_flags(*command, false);
      if (wrong != kDone) return wrong;
      const ReplayOptions& replay = *flags->options.replay;
      if (replay.from && replay.to && *replay.from >= *replay.to) {
        return usage_error("--from is not before --to", "", "replay");
      }
      start_log(flags->log_level);
      return run(flags->all());
    };
  });
}

void add_test(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("test", "Run unit tests of patterns");
  auto options = std::make_shared<TestOptions>();
  add_files(*command, options->paths, "test files; of a folder every *.test below it");
  command->add_option("--filter", options->filter, "only tests with this in their name")
      ->type_name("TEXT");
  command->add_flag("--update", options->update, "rewrite what failing tests expect")
      ->disable_flag_override();
  command->callback([&action, options] { action = [options] { return test(*options); }; });
}

// ---- what is wrong with a line ----

bool is_flag(std::string_view argument) {
  return argument.size() > 1 && argument.front() == '-';
}

Names command_names(const CLI::App& app) {
  Names names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

Names flag_names(const CLI::App& command) {
  Names names;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

// The command that was named, if one was.
const CLI::App* named_command(const CLI::App& app) {
  const std::vector<CLI::App*> named = app.get_subcommands();
  return named.empty() ? nullptr : named.front();
}

int unexpected_argument(const CLI::App& command, const std::string& argument) {
  const std::string& name = command.get_name();
  if (is_flag(argument)) {
    const std::string flag = argument.substr(0, argument.find('='));
    return usage_error(fmt::format("'{}' has no flag '{}'", name, flag),
                       patterns::did_you_mean(flag, flag_names(command)), name);
  }
  return usage_error(fmt::format("'{}' has no place for '{}'", name, argument),
                     name == "run" || name == "replay" ? "inputs follow -i, pattern files -p" : "",
                     name);
}

// CLI11's own words, where ours say it better.
std::string message_of(const CLI::ParseError& error) {
  std::string text = error.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr) return text;
  if (text.find("flag override") != std::string::npos) {
    return fmt::format("'--{}' takes no value", text.substr(0, text.find(' ')));
  }
  const std::string flag = text.substr(0, text.find(':'));
  const bool repeated = text.find("At Most") != std::string::npos;
  return fmt::format("'{}' {}", flag, repeated ? "is given more than once" : "needs a value");
}

int wrong_line(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = named_command(app);
  if (command == nullptr) return usage_error(message_of(error), "", "");
  // An unknown flag explains a missing one, so it is named first.
  const Names extra = command->remaining();
  if (!extra.empty()) return unexpected_argument(*command, extra.front());
  return usage_error(message_of(error), "", command->get_name());
}

// A first argument that is neither command nor flag: CLI11 would only say that a command is
// missing.
int check_first_argument(const CLI::App& app, int argc, const char* const* argv) {
  const Names commands = command_names(app);
  const std::string list = fmt::format("commands: {}", fmt::join(commands, ", "));
  if (argc < 2) return usage_error("no command is given", list, "");
  const std::string first = argv[1];
  if (first == "-h" || first == "--help" || first == "--version") return kDone;
  if (std::find(commands.begin(), commands.end(), first) != commands.end()) return kDone;
  std::string help = patterns::did_you_mean(first, commands);
  if (help.empty()) help = list;
  const std::string_view kind = is_flag(first) ? "flag" : "command";
  return usage_error(fmt::format("there is no {} '{}'", kind, first), help, "");
}

}  // namespace

RunInput parse_input(std::string_view text) {
  const size_t equals = text.find('=');
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto is_name = [&](std::string_view name) {
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
  };
  if (equals == std::string_view::npos || !is_name(text.substr(0, equals))) {
    return {std::string(text), std::nullopt};
  }
  return {std::string(text.substr(equals + 1)), std::string(text.substr(0, equals))};
}

int run_command_line(int argc, const char* const* argv) {
  CLI::App app("Finds patterns in streams of events and raises alerts", "tocsin");
  app.set_version_flag("--version", "tocsin " TOCSIN_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  Action action;
  add_check(app, action);
  add_fmt(app, action);
  add_explain(app, action);
  add_run(app, action);
  add_replay(app, action);
  add_test(app, action);
  add_generate_command(app, action);
  add_score_command(app, action);
  add_state_command(app, action);
  add_demo_command(app, action);
  for (CLI::App* command : app.get_subcommands({})) command->allow_extras()->group("Commands");

  const int first = check_first_argument(app, argc, argv);
  if (first != kDone) return first;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForVersion& version) {
    return write_standard_output(std::string(version.what()) + "\n");
  } catch (const CLI::Success&) {
    const CLI::App* command = named_command(app);
    return write_standard_output(command == nullptr ? app.help() : command->help("tocsin"));
  } catch (const CLI::ParseError& error) {
    return wrong_line(app, error);
  }
  const CLI::App& command = *named_command(app);
  const Names extra = command.remaining();
  if (!extra.empty()) return unexpected_argument(command, extra.front());
  return action();
}

}  // namespace tocsin::server
