#include "server/score_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <vector>

#include "server/exit_status.h"

namespace tocsin::server {

namespace {

using connectors::synthetic::KindScore;
using connectors::synthetic::Scorer;

std::string mistaken_words(const KindScore& score) {
  std::string words;
  for (const auto& [kind, alerts] : score.mistaken) {
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", alerts, kind);
  }
  return words;
}

std::string table_row(const KindScore& score, std::string_view last) {
  std::string row = fmt::format("{:<20}{:>7}{:>9}{:>7}{:>8.3f}{:>11.3f}", score.kind, score.alerts,
                                score.planted, score.found, score.recall(), score.precision());
  if (!last.empty()) row += fmt::format("  {}", last);
  return row + "\n";
}

// Names of kinds are letters and underscores: they need no escape.
std::string score_object(const KindScore& score) {
  std::string mistaken;
  for (const auto& [kind, alerts] : score.mistaken) {
    mistaken += fmt::format(R"({}"{}":{})", mistaken.empty() ? "" : ",", kind, alerts);
  }
  return fmt::format(R"({{"kind":"{}","planted":{},"found":{},"recall":{:.4f},"alerts":{},)"
                     R"("true_alerts":{},"precision":{:.4f},"mistaken":{{{}}}}})",
                     score.kind, score.planted, score.found, score.recall(), score.alerts,
                     score.true_alerts, score.precision(), mistaken);
}

}  // namespace

std::string score_table(const Scorer& scorer) {
  std::string table = fmt::format("{:<20}{:>7}{:>9}{:>7}{:>8}{:>11}  {}\n", "kind", "alerts",
                                  "planted", "found", "recall", "precision", "false alerts");
  for (const KindScore& score : scorer.scores()) table += table_row(score, mistaken_words(score));
  return table + table_row(scorer.total(), {});
}

std::string score_json(const Scorer& scorer) {
  std::vector<std::string> kinds;
  for (const KindScore& score : scorer.scores()) kinds.push_back(score_object(score));
  return fmt::format(R"({{"kinds":[{}],"all":{}}})", fmt::join(kinds, ","),
                     score_object(scorer.total())) +
         "\n";
}

int score(const ScoreOptions& options) {
  Scorer scorer;
  if (const auto read = scorer.read_labels(options.labels); !read) return report(read.error());
  if (const auto read = scorer.read_alerts(options.alerts); !read) return report(read.error());
  return write_standard_output(options.json ? score_json(scorer) : score_table(scorer));
}

void add_score_command(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("score", "Compare alerts with the planted truth");
  auto options = std::make_shared<ScoreOptions>();
  command->add_option("--alerts", options->alerts, "what run found")->required()->type_name("FILE");
  command->add_option("--labels", options->labels, "what generate planted")
      ->required()
      ->type_name("FILE");
  command->add_flag("--json", options->json, "as JSON")->disable_flag_override();
  command->callback([&action, options] { action = [options] { return score(*options); }; });
}

}  // namespace tocsin::server
