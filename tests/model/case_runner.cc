#include "tests/model/case_runner.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "eventtime/check.h"
#include "patterns/diagnostic.h"
#include "patterns/front_end.h"
#include "tests/model/engine_run.h"
#include "tests/model/json_records.h"

namespace tocsin::model {

namespace {

// The order of the alerts of different patterns or keys is not the model's business; with
// `leftmost` they come in order of first events, and a run over files sorts them.
using Streams = std::map<std::pair<std::string, std::string>, std::vector<NaiveAlert>>;
Streams by_stream(const std::vector<NaiveAlert>& alerts) {
  Streams streams;
  for (const NaiveAlert& alert : alerts) streams[{alert.pattern, alert.key}].push_back(alert);
  for (auto& [stream, ordered] : streams) {
    std::ranges::stable_sort(ordered, {}, &NaiveAlert::complete);
  }
  return streams;
}

// With these the engine may give an alert after one that is complete later.
bool emits_in_order(const patterns::PatternSet& set) {
  return std::ranges::none_of(set.patterns, [](const patterns::Pattern& pattern) {
    return pattern.leftmost || pattern.reports_timeout;
  });
}

std::string to_string(const Streams& streams) {
  std::string out;
  for (const auto& [stream, alerts] : streams) {
    for (const NaiveAlert& alert : alerts) out += "  " + to_string(alert) + "\n";
  }
  return out;
}

std::vector<RecordId> sorted(std::vector<RecordId> ids) {
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::string to_string(const std::vector<RecordId>& ids) {
  std::string out;
  for (const RecordId& id : ids) {
    out += " " + std::to_string(id.input) + ":" + std::to_string(id.record);
  }
  return out;
}

std::vector<std::vector<NaiveEvent>> read_inputs(const patterns::PatternSet& set,
                                                 const Case& example) {
  std::vector<std::vector<NaiveEvent>> inputs;
  for (uint32_t input = 0; input < example.inputs.size(); ++input) {
    inputs.push_back(read_records(example.inputs[input], set.catalog, input));
  }
  return inputs;
}

}  // namespace

Compiled compile(const std::string& text) {
  patterns::Loaded loaded = patterns::load({{"case.tocsin", text}});
  Compiled compiled{std::move(loaded.patterns), {}};
  if (!compiled.set) compiled.error = patterns::render(loaded.diagnostics, loaded.sources);
  return compiled;
}

NaiveRun run_model(const patterns::PatternSet& set, const Case& example) {
  return run_model(set, read_inputs(set, example), example.out_of_order);
}

NaiveRun run_engine(const patterns::PatternSet& set, const Case& example, size_t batch_size) {
  return run_engine(set, read_inputs(set, example), example.out_of_order, batch_size).run;
}

std::optional<std::string> difference(const NaiveRun& model, const NaiveRun& engine) {
  const auto wanted = by_stream(model.alerts);
  const auto got = by_stream(engine.alerts);
  if (wanted != got) {
    return "alerts differ\nmodel:\n" + to_string(wanted) + "engine:\n" + to_string(got);
  }
  if (sorted(model.late) != sorted(engine.late)) {
    return "late events differ\nmodel:" + to_string(sorted(model.late)) +
           "\nengine:" + to_string(sorted(engine.late));
  }
  return std::nullopt;
}

Verdict judge(const Case& example, size_t batch_size) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return {"the patterns are refused\n" + compiled.error, 0};
  const auto inputs = read_inputs(*compiled.set, example);
  const NaiveRun model = run_model(*compiled.set, inputs, example.out_of_order);
  const auto engine = run_engine(*compiled.set, inputs, example.out_of_order, batch_size);
  Verdict verdict{difference(model, engine.run), model.alerts.size()};
  const auto& alerts = engine.run.alerts;
  if (!verdict.difference && emits_in_order(*compiled.set) &&
      !std::ranges::is_sorted(alerts, {}, &NaiveAlert::complete)) {
    verdict.difference = "the engine's alerts are not in order of completion\n";
  }
  const auto whole = run_engine(*compiled.set, inputs, example.out_of_order, SIZE_MAX);
  if (!verdict.difference && engine.text != whole.text) {
    verdict.difference = "batches of " + std::to_string(batch_size) + " give\n" + engine.text +
                         "and one batch gives\n" + whole.text;
  }
  const auto plain = run_engine(*compiled.set, inputs, example.out_of_order, batch_size,
                                {.plan = runtime::PlanChoice::kPlain});
  if (!verdict.difference && engine.text != plain.text) {
    verdict.difference =
        "the best plans give\n" + engine.text + "and run by run gives\n" + plain.text;
  }
  return verdict;
}

Verdict judge_state(const Case& example, size_t batch_size) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return {"the patterns are refused\n" + compiled.error, 0};
  const auto inputs = read_inputs(*compiled.set, example);
  const auto run = [&](const runtime::EngineOptions& options, Restores restores,
                       Spills spills = Spills::kNever) {
    return run_engine(*compiled.set, inputs, example.out_of_order, batch_size, options, restores,
                      spills);
  };
  const auto undisturbed = run({}, Restores::kNever);
  Verdict verdict{{}, undisturbed.run.alerts.size()};
  const auto parallel = run({.threads = 3}, Restores::kNever);
  if (undisturbed.text != parallel.text) {
    verdict.difference =
        "one thread gives\n" + undisturbed.text + "and three give\n" + parallel.text;
  }
  for (const runtime::PlanChoice plan : {runtime::PlanChoice::kBest, runtime::PlanChoice::kPlain}) {
    if (verdict.difference) break;
    const auto restored = run({.plan = plan}, Restores::kAlways);
    if (undisturbed.text == restored.text) continue;
    verdict.difference = "undisturbed it gives\n" + undisturbed.text +
                         "and restored after each batch it gives\n" + restored.text;
  }
  for (const runtime::PlanChoice plan : {runtime::PlanChoice::kBest, runtime::PlanChoice::kPlain}) {
    for (const Restores restores : {Restores::kNever, Restores::kAlways}) {
      if (verdict.difference) break;
      const auto spilled = run({.plan = plan}, restores, Spills::kAlways);
      if (undisturbed.text == spilled.text) continue;
      verdict.difference = "undisturbed it gives\n" + undisturbed.text +
                           "and with all keys on disk it gives\n" + spilled.text;
    }
  }
  return verdict;
}

Verdict judge_skip_variants(const Case& example, size_t batch_size) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return {"the patterns are refused\n" + compiled.error, 0};
  const auto inputs = read_inputs(*compiled.set, example);
  const NaiveRun model = run_skip_variants(*compiled.set, inputs, example.out_of_order);
  const auto engine = run_engine(*compiled.set, inputs, example.out_of_order, batch_size);
  return {difference(model, engine.run), model.alerts.size()};
}

Verdict judge_plans(const Case& example, size_t batch_size, size_t max_starts) {
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return {"the patterns are refused\n" + compiled.error, 0};
  const auto inputs = read_inputs(*compiled.set, example);
  const auto run = [&](size_t size, runtime::PlanChoice plan) {
    return run_engine(*compiled.set, inputs, example.out_of_order, size,
                      {.max_starts = max_starts, .plan = plan});
  };
  const auto plain = run(SIZE_MAX, runtime::PlanChoice::kPlain);
  Verdict verdict{{}, plain.run.alerts.size()};
  for (const size_t size : {batch_size, 16 * batch_size, SIZE_MAX}) {
    const auto best = run(size, runtime::PlanChoice::kBest);
    if (best.text == plain.text) continue;
    verdict.difference = "the best plans, in batches of " + std::to_string(size) + ", give\n" +
                         best.text + "and run by run gives\n" + plain.text;
    break;
  }
  return verdict;
}

Case shrink(Case example, const std::function<bool(const Case&)>& fails) {
  for (size_t length = 256; length > 0;) {
    bool dropped = false;
    for (size_t input = 0; input < example.inputs.size(); ++input) {
      for (size_t begin = 0; begin < example.inputs[input].size();) {
        Case smaller = example;
        std::vector<std::string>& lines = smaller.inputs[input];
        const auto first = lines.begin() + static_cast<ptrdiff_t>(begin);
        const auto count = std::min(length, lines.size() - begin);
        lines.erase(first, first + static_cast<ptrdiff_t>(count));
        if (!fails(smaller)) {
          begin += length;
          continue;
        }
        example = std::move(smaller);
        dropped = true;
      }
    }
    if (!dropped) length /= 2;
  }
  return example;
}

}  // namespace tocsin::model
