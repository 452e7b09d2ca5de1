#include "server/state_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "connectors/state/checkpoint_directory.h"
#include "connectors/state/file_storage.h"
#include "eventtime/value.h"
#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/flags.h"
#include "server/own_patterns.h"
#include "server/pattern_files.h"
#include "server/state_diff.h"

namespace tocsin::server {

namespace {

using connectors::FileStorage;
using connectors::Manifest;
using connectors::StoredCheckpoint;
using eventtime::Result;

// A checkpoint, and what is wrong with it ("" if nothing is, or if that was not asked).
struct StateRow {
  StoredCheckpoint checkpoint;
  std::string fault;
};
using StateRows = std::vector<StateRow>;

uint64_t base_bytes(const Manifest& manifest) {
  return manifest.files.front().bytes;
}

uint64_t delta_bytes(const Manifest& manifest) {
  uint64_t bytes = 0;
  for (size_t i = 1; i < manifest.files.size(); ++i) bytes += manifest.files[i].bytes;
  return bytes;
}

uint64_t cold_keys(const Manifest& manifest) {
  uint64_t keys = 0;
  for (const runtime::SpillSegment& segment : manifest.spilled) keys += segment.records;
  return keys;
}

uint64_t cold_bytes(const Manifest& manifest) {
  uint64_t bytes = 0;
  for (const runtime::SpillSegment& segment : manifest.spilled) bytes += segment.bytes;
  return bytes;
}

// ---- what there is ----

bool has_manifest(runtime::Storage& storage, const std::string& name) {
  const auto files = storage.list();
  return !files || std::any_of(files->begin(), files->end(),
                               [&](const auto& file) { return file.name == name; });
}

Result<StateRows> find_rows(runtime::Storage& storage, bool verify) {
  auto checkpoints = connectors::list_checkpoints(storage);
  if (!checkpoints) return eventtime::Unexpected<eventtime::Error>{checkpoints.error()};
  StateRows rows;
  for (StoredCheckpoint& checkpoint : *checkpoints) {
    std::string fault;
    if (!checkpoint.manifest) {
      fault = checkpoint.manifest.error().message;
    } else if (verify) {
      const auto whole = connectors::verify_checkpoint(storage, *checkpoint.manifest);
      if (!whole) fault = whole.error().message;
    }
    // A run that uses the directory may have removed it since it was listed.
    if (!fault.empty() && !has_manifest(storage, checkpoint.file)) continue;
    rows.push_back({std::move(checkpoint), std::move(fault)});
  }
  return rows;
}

// ---- how it is shown ----

constexpr size_t kColumns = 9;
using Cells = std::array<std::string, kColumns>;

Cells cells_of(const StateRow& row, bool verified) {
  std::string verdict = verified ? "whole" : "";
  if (!row.fault.empty()) verdict = "damaged: " + row.fault;
  if (!row.checkpoint.manifest) return {row.checkpoint.file, "", "", "", "", "", "", "", verdict};
  const Manifest& manifest = *row.checkpoint.manifest;
  return {row.checkpoint.file,
          eventtime::to_string(manifest.written),
          std::to_string(manifest.records),
          std::to_string(base_bytes(manifest)),
          std::to_string(manifest.files.size() - 1),
          std::to_string(delta_bytes(manifest)),
          std::to_string(cold_keys(manifest)),
          std::to_string(cold_bytes(manifest)),
          verdict};
}

std::string text_of(const StateRows& rows, bool verified) {
  std::vector<Cells> table{{"file", "written", "records", "base bytes", "deltas", "delta bytes",
                            "cold keys", "cold bytes", "state"}};
  for (const StateRow& row : rows) table.push_back(cells_of(row, verified));
  if (!verified && std::all_of(rows.begin(), rows.end(),
                               [](const StateRow& row) { return row.fault.empty(); })) {
    table.front().back().clear();
  }
  std::array<size_t, kColumns> widths{};
  for (const Cells& cells : table) {
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], cells[i].size());
  }
  std::string text;
  for (const Cells& cells : table) {
    std::string line = fmt::format("{:<{}}  {:<{}}", cells[0], widths[0], cells[1], widths[1]);
    for (size_t i = 2; i + 1 < kColumns; ++i) {
      line += fmt::format("  {:>{}}", cells[i], widths[i]);
    }
    line += "  " + cells.back();
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string object_of(const StateRow& row, bool verified) {
  std::string text = R"({"file":)";
  eventtime::append_json_string(text, row.checkpoint.file);
  if (row.checkpoint.manifest) {
    const Manifest& manifest = *row.checkpoint.manifest;
    text += fmt::format(R"(,"number":{},"written":"{}","savepoint":)", manifest.number,
                        eventtime::to_string(manifest.written));
    if (manifest.savepoint.empty()) {
      text += "null";
    } else {
      eventtime::append_json_string(text, manifest.savepoint);
    }
    text += fmt::format(R"(,"records":{},"base_bytes":{},"deltas":{},"delta_bytes":{})",
                        manifest.records, base_bytes(manifest), manifest.files.size() - 1,
                        delta_bytes(manifest));
    text += fmt::format(R"(,"cold_keys":{},"cold_bytes":{},"meta":{})", cold_keys(manifest),
                        cold_bytes(manifest), manifest.meta);
  }
  if (!row.fault.empty()) {
    text += R"(,"whole":false,"fault":)";
    eventtime::append_json_string(text, row.fault);
  } else if (verified) {
    text += R"(,"whole":true)";
  }
  return text + "}";
}

std::string json_of(const StateRows& rows, bool verified) {
  std::string text = R"({"checkpoints":[)";
  for (const StateRow& row : rows) {
    if (text.back() == '}') text += ',';
    text += object_of(row, verified);
  }
  return text + "]}\n";
}

// ---- the actions ----

int show(runtime::Storage& storage, const StateOptions& options) {
  const bool verify = options.action == StateAction::kVerify;
  const Result<StateRows> rows = find_rows(storage, verify);
  if (!rows) return report(rows.error());
  const int written =
      write_standard_output(options.json ? json_of(*rows, verify) : text_of(*rows, verify));
  if (written != kDone) return written;
  const bool whole = std::all_of(rows->begin(), rows->end(),
                                 [](const StateRow& row) { return row.fault.empty(); });
  return whole ? kDone : kInputWrong;
}

int name_newest(runtime::Storage& storage, const StateOptions& options) {
  const Result<Manifest> made = connectors::make_savepoint(storage, options.name);
  if (!made) return report(made.error());
  if (options.json) {
    return write_standard_output(
        fmt::format(R"({{"savepoint":"{}","number":{}}})", options.name, made->number) + "\n");
  }
  return write_standard_output(
      fmt::format("checkpoint {} is now the savepoint '{}'\n", made->number, options.name));
}

int show_text(const Result<std::string>& text) {
  return text ? write_standard_output(*text) : report(text.error());
}

int show_diff(runtime::Storage& storage, const StateOptions& options) {
  if (options.patterns.empty()) {
    return report({"'state diff' needs pattern files: -p FILE", eventtime::Blame::kUsage});
  }
  ListTexts lists;
  const Result<patterns::Loaded> files = read_patterns(options.patterns, &lists);
  if (!files) return report(files.error());
  if (!files->patterns) {
    fmt::print(stderr, "{}", patterns::render(files->diagnostics, files->sources));
    return kInputWrong;
  }
  const Result<OwnPatterns> own = own_patterns(*files, std::move(lists));
  if (!own) return report(own.error());
  return show_text(diff(storage, *own, options.json));
}

int act(runtime::Storage& storage, const StateOptions& options) {
  switch (options.action) {
    case StateAction::kSavepoint:
      return name_newest(storage, options);
    case StateAction::kDiff:
      return show_diff(storage, options);
    case StateAction::kInspect: {
      InspectOptions inspect_options = options.inspect;
      inspect_options.json = options.json;
      return show_text(inspect(storage, inspect_options));
    }
    case StateAction::kList:
    case StateAction::kVerify:
      break;
  }
  return show(storage, options);
}

}  // namespace

int state(const StateOptions& options) {
  const bool names = options.action == StateAction::kSavepoint;
  if (names && options.name.empty()) {
    return report({"'state savepoint' needs a name for the savepoint", eventtime::Blame::kUsage});
  }
  if (!names && !options.name.empty()) {
    return report({fmt::format("only 'state savepoint' has a place for '{}'", options.name),
                   eventtime::Blame::kUsage});
  }
  const auto storage = FileStorage::open(options.directory, FileStorage::Missing::kError);
  if (!storage) return report(storage.error());
  return act(**storage, options);
}

namespace {

void add_inspect_flags(CLI::App& command, InspectOptions& options) {
  constexpr uint64_t kMost = uint64_t{1} << 62;
  const auto is_count = [](const std::string& text) { return check_count(text, kMost); };
  command.add_option("--checkpoint", options.checkpoint, "inspect: its number (default: newest)")
      ->check(is_count)
      ->type_name("N");
  command.add_option("--pattern", options.pattern, "inspect: only this one")->type_name("NAME");
  command.add_option("--key", options.key, "inspect: only this one: c42 or card=c42")
      ->type_name("KEY");
  command.add_option("--limit", options.limit, "inspect: keys that are shown (default: 100)")
      ->check(is_count)
      ->type_name("N");
}

}  // namespace

void add_state_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("state", "Look at the checkpoints of a run");
  auto options = std::make_shared<StateOptions>();
  const auto set_action = [options](const std::string& text) {
    if (text == "verify") options->action = StateAction::kVerify;
    if (text == "savepoint") options->action = StateAction::kSavepoint;
    if (text == "inspect") options->action = StateAction::kInspect;
    if (text == "diff") options->action = StateAction::kDiff;
  };
  command
      ->add_option_function<std::string>(
          "ACTION", set_action,
          "list, verify (reads all files), savepoint (names the newest), inspect (what it holds), "
          "diff (what other patterns would make of it)")
      ->required()
      ->check([](const std::string& text) {
        return check_choice(text, {"list", "verify", "savepoint", "inspect", "diff"});
      })
      ->type_name("");
  command->add_option("DIR", options->directory, "what run was given as --state")
      ->required()
      ->type_name("");
  command->add_option("NAME", options->name, "of the savepoint")->type_name("");
  command
      ->add_option_function<std::string>(
          "--format", [options](const std::string& text) { options->json = text == "json"; },
          "default: text")
      ->check([](const std::string& text) { return check_choice(text, {"text", "json"}); })
      ->type_name("text|json");
  add_inspect_flags(*command, options->inspect);
  command->add_option("-p,--patterns", options->patterns, "diff: pattern files")->type_name("FILE");
  command->callback([&action, options] { action = [options] { return state(*options); }; });
}

}  // namespace tocsin::server
