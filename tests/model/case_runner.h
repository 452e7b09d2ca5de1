// Runs a case through the model and through the engine and says where they differ.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "tests/model/generator.h"
#include "tests/model/naive_run.h"

namespace tocsin::model {

// Parses and binds the text of a file. Without a set, `error` holds the rendered diagnostics.
struct Compiled {
  std::optional<patterns::PatternSet> set;
  std::string error;
};
Compiled compile(const std::string& text);

NaiveRun run_model(const patterns::PatternSet& set, const Case& example);
NaiveRun run_engine(const patterns::PatternSet& set, const Case& example, size_t batch_size);

// Nothing when both say the same: for each pattern and key the same alerts in the same order of
// completion, and the same late events.
std::optional<std::string> difference(const NaiveRun& model, const NaiveRun& engine);

// Compiles the case, runs both and compares; the engine twice, for batches play no part in what
// comes out. A case that does not compile differs, too.
struct Verdict {
  std::optional<std::string> difference;
  size_t alerts = 0;  // of the model
};
Verdict judge(const Case& example, size_t batch_size);
// The engine against itself: with several threads, and with its state saved and restored after each
// batch by another number of threads, for both plans.
Verdict judge_state(const Case& example, size_t batch_size);

// The same for patterns that differ in name and skip strategy alone, and one batch size.
Verdict judge_skip_variants(const Case& example, size_t batch_size);

// The engine with its best plans against the engine run by run, byte for byte, in batches of
// several sizes; `alerts` are of the engine. For cases that are too much for the model.
Verdict judge_plans(const Case& example, size_t batch_size, size_t max_starts);

// Drops records for as long as the case still fails: a case in which every record matters.
Case shrink(Case example, const std::function<bool(const Case&)>& fails);

}  // namespace tocsin::model
