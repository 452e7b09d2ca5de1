// The conditions of many patterns over batches in memory: what one row costs as their number grows.
// The rows are the same for all; each shape hits few of them.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <random>
#include <string>

#include "eventtime/batch.h"
#include "nfa/predicate.h"
#include "patterns/front_end.h"

namespace tocsin::nfa {
namespace {

using eventtime::Batch;
using eventtime::Text;

constexpr uint32_t kRows = 4096;
constexpr const char* kEvent =
    "event E { kind: string, card: string, amount: float, note: string, at: timestamp } time at\n";

enum Shape : int { kInterval, kEquality, kWildcard, kThreshold, kMixed };

std::string condition(Shape shape, size_t number, std::mt19937_64& random) {
  const double share = static_cast<double>(random() % 1'000'000) / 1'000'000;
  switch (shape) {
    case kInterval: {
      const double low = share * 999;
      return fmt::format("kind == 'withdraw' and {:.6f} <= amount and amount < {:.6f}", low,
                         low + 1);
    }
    case kEquality:
      return fmt::format("card == 'card-{:06}'", number);
    case kWildcard:
      return fmt::format("note like '%to {:05} by%'", number);
    case kThreshold:
      return fmt::format("kind == 'withdraw' and amount > {:.6f}", 990 + share * 10);
    case kMixed:
      if (number % 2 == 0) {
        return fmt::format("amount >= {} and amount < {}", number / 2, number / 2 + 1);
      }
      return fmt::format("kind == 'withdraw' and amount > {}", 900 + number / 2 % 100);
  }
  return {};
}

patterns::PatternSet load_patterns(Shape shape, size_t count) {
  std::mt19937_64 random(11);
  std::string text = kEvent;
  for (size_t i = 0; i < count; ++i) {
    text += fmt::format("pattern p{} {{ match e: E[{}] }}\n", i, condition(shape, i, random));
  }
  return std::move(*patterns::load({{"bench.tocsin", text}}).patterns);
}

void fill(Batch& batch) {
  std::mt19937_64 random(5);
  const auto kept = [&](const std::string& text) { return Text(batch.strings.copy(text)); };
  eventtime::EventTable& table = batch.tables[0];
  table.resize(kRows);
  table.rows = kRows;
  for (uint32_t row = 0; row < kRows; ++row) {
    table.columns[0].set_text(row, kept(random() % 10 == 0 ? "withdraw" : "payment"));
    table.columns[1].set_text(row, kept(fmt::format("card-{:06}", random() % 1'000'000)));
    const double share = static_cast<double>(random() % 1'000'000) / 1'000'000;
    table.columns[2].set_number(row, share * 1000);
    table.columns[3].set_text(row, kept(fmt::format("transfer to {:05} by order of {:05}",
                                                    random() % 100'000, random() % 100'000)));
    table.columns[4].set_integer(row, row);
  }
}

// Arguments: how many patterns, their shape.
void predicates(benchmark::State& state) {
  const auto count = static_cast<size_t>(state.range(0));
  const patterns::PatternSet set = load_patterns(static_cast<Shape>(state.range(1)), count);
  PredicateSet predicates;
  for (const patterns::Pattern& pattern : set.patterns) {
    std::vector<const patterns::Expr*> conjuncts;
    split_conjuncts(*pattern.match.elements[0].step.condition, conjuncts);
    predicates.add(0, conjuncts);
  }
  Batch batch(set.catalog);
  fill(batch);
  PredicateResults results;
  predicates.evaluate(batch, results);  // whatever is built once
  for (auto _ : state) predicates.evaluate(batch, results);
  state.counters["a_row"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kRows,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(predicates)
    ->ArgNames({"patterns", "shape"})
    ->ArgsProduct({{10, 32, 64, 128, 256, 1000, 10'000},
                   {kInterval, kEquality, kWildcard, kThreshold}})
    ->Args({2000, kMixed})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tocsin::nfa
