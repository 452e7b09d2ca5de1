#include "server/state_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "connectors/state/checkpoint_directory.h"
#include "eventtime/value.h"
#include "server/pattern_changes.h"
#include "server/stored_state.h"

namespace tocsin::server {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

namespace {

struct Choice {
  OnChange on_change;
  std::string_view name;
};
constexpr std::array<Choice, 3> kChoices{
    {{OnChange::kDrain, "drain"}, {OnChange::kReset, "reset"}, {OnChange::kMigrate, "migrate"}}};

// A pattern of the checkpoint, or one that is new.
struct DiffRow {
  std::string pattern;
  std::string state;
  bool drains = false;
  uint64_t keys = 0;
  std::array<Fate, kChoices.size()> fates{};
  std::string note;
};

struct Table {
  uint64_t checkpoint = 0;
  std::vector<DiffRow> rows;
  std::array<std::string, kChoices.size()> refused;  // why, where the run would not begin
};

Result<std::map<std::string, uint64_t>> count_keys(runtime::Storage& storage,
                                                   const StoredRun& run) {
  std::map<std::string, uint64_t> counts;
  const Result<void> read = connectors::read_checkpoint(
      storage, run.manifest, [&](std::string_view key, std::string_view) {
        if (key[0] == 'k') ++counts[state_of(key)];
      });
  if (!read) return Unexpected<Error>{read.error()};
  return counts;
}

// Why the run would be refused; what the plan has may be forgotten for that.
std::string refusal(const OwnPatterns& own, runtime::Storage& storage, const StoredRun& run,
                    ChangePlan& plan) {
  const Result<patterns::PatternSet> bound = bind_old_versions(own, {}, storage, run, plan);
  if (!bound) return bound.error().message;
  if (plan.migrated.empty()) return {};
  const Result<patterns::PatternSet> migrated = bind_with_old(own, plan.migrated, run.texts);
  return migrated ? std::string() : migrated.error().message;
}

DiffRow& row_of(Table& table, const PatternChange& change) {
  const auto found = std::find_if(table.rows.begin(), table.rows.end(), [&](const DiffRow& row) {
    return row.pattern == change.pattern && row.state == change.state;
  });
  if (found != table.rows.end()) return *found;
  DiffRow& row = table.rows.emplace_back();
  row.pattern = change.pattern;
  row.state = change.state;
  return row;
}

Result<Table> make_table(runtime::Storage& storage, const OwnPatterns& own) {
  const Result<StoredRun> run = read_run(storage);
  if (!run) return Unexpected<Error>{run.error()};
  const auto keys = count_keys(storage, *run);
  if (!keys) return Unexpected<Error>{keys.error()};
  Table table;
  table.checkpoint = run->manifest.number;
  for (size_t i = 0; i < kChoices.size(); ++i) {
    ChangePlan plan =
        plan_changes(own.patterns, run->meta.patterns, run->meta.place(), kChoices[i].on_change);
    table.refused[i] = refusal(own, storage, *run, plan);
    for (const PatternChange& change : plan.changes) {
      DiffRow& row = row_of(table, change);
      row.fates[i] = change.fate;
      if (!change.note.empty()) row.note = "not migrated, because " + change.note;
    }
  }
  for (DiffRow& row : table.rows) {
    const auto known = keys->find(row.state);
    if (known != keys->end()) row.keys = known->second;
    row.drains = std::any_of(run->meta.patterns.begin(), run->meta.patterns.end(),
                             [&](const connectors::StoredPattern& stored) {
                               return stored.state == row.state && stored.until;
                             });
  }
  return table;
}

std::string diff_text(const Table& table) {
  size_t width = std::string_view("pattern").size();
  const auto name_of_row = [](const DiffRow& row) {
    return row.pattern + (row.drains ? " (old)" : "");
  };
  for (const DiffRow& row : table.rows) width = std::max(width, name_of_row(row).size());
  std::string out = fmt::format("checkpoint {}; --on-change:\n{:<{}}  {:>10}  {:<7}  {:<7}  {}\n",
                                table.checkpoint, "pattern", width, "keys", kChoices[0].name,
                                kChoices[1].name, kChoices[2].name);
  for (const DiffRow& row : table.rows) {
    out += fmt::format("{:<{}}  {:>10}  {:<7}  {:<7}  {}\n", name_of_row(row), width, row.keys,
                       name_of(row.fates[0]), name_of(row.fates[1]), name_of(row.fates[2]));
  }
  for (const DiffRow& row : table.rows) {
    if (!row.note.empty()) out += fmt::format("note: pattern '{}': {}\n", row.pattern, row.note);
  }
  for (size_t i = 0; i < kChoices.size(); ++i) {
    if (table.refused[i].empty()) continue;
    out += fmt::format("note: --on-change {} would be refused: {}\n", kChoices[i].name,
                       table.refused[i]);
  }
  return out;
}

std::string diff_json(const Table& table) {
  const auto quoted = [](std::string_view text) {
    std::string out;
    eventtime::append_json_string(out, text);
    return out;
  };
  std::string out = fmt::format(R"({{"checkpoint":{},"patterns":[)", table.checkpoint);
  for (const DiffRow& row : table.rows) {
    if (out.back() == '}') out += ',';
    out += fmt::format(R"({{"pattern":{},"state":{},"drains":{},"keys":{})", quoted(row.pattern),
                       row.state.empty() ? "null" : quoted(row.state), row.drains, row.keys);
    for (size_t i = 0; i < kChoices.size(); ++i) {
      out += fmt::format(R"(,"{}":"{}")", kChoices[i].name, name_of(row.fates[i]));
    }
    if (!row.note.empty()) out += ",\"note\":" + quoted(row.note);
    out += '}';
  }
  out += R"(],"refused":{)";
  for (size_t i = 0; i < kChoices.size(); ++i) {
    if (table.refused[i].empty()) continue;
    out += fmt::format(R"({}"{}":{})", out.back() == '"' ? "," : "", kChoices[i].name,
                       quoted(table.refused[i]));
  }
  return out + "}}\n";
}

}  // namespace

Result<std::string> diff(runtime::Storage& storage, const OwnPatterns& own, bool json) {
  const Result<Table> table = make_table(storage, own);
  if (!table) return Unexpected<Error>{table.error()};
  return json ? diff_json(*table) : diff_text(*table);
}

}  // namespace tocsin::server
