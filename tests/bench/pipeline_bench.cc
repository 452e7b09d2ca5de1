// The whole way, from a file to alerts. JSON lines: six sample patterns over generated payments,
// and simdjson's DOM over the same lines in the same run as the yardstick. What counts is the
// ratio, shown as `of_dom`. CSV: W1 of the workloads.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "connectors/file/file_source.h"
#include "connectors/synthetic/generator.h"
#include "patterns/front_end.h"
#include "runtime/batch_pool.h"
#include "runtime/engine.h"
#include "tests/bench/workloads/batches.h"
#include "tests/bench/workloads/expected.h"
#include "tests/bench/workloads/measure.h"
#include "tests/bench/workloads/streams.h"

namespace tocsin {
namespace {

constexpr size_t kEvents = 300'000;
constexpr size_t kBatchRecords = 4096;
constexpr const char* kSamples[] = {"card_testing",   "velocity",         "impossible_travel",
                                    "rising_amounts", "account_takeover", "shared_device"};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of this process; removed when the program ends.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& name)
      : path_(std::filesystem::temp_directory_path() /
              ("tocsin_pipeline_bench_" + std::to_string(::getpid()) + name)) {}
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::string& payments_path() {
  static const TemporaryFile file(".jsonl");
  static const std::string path = [] {
    connectors::synthetic::GenerateOptions options;
    options.events = kEvents;
    options.seed = 7;
    options.malformed_per_million = 0;
    std::ofstream out(file.path(), std::ios::binary);
    connectors::synthetic::GenerateOutput outputs;
    outputs.records = [&](std::string_view bytes) -> eventtime::Result<void> {
      out << bytes;
      return {};
    };
    const auto made = connectors::synthetic::generate(options, outputs);
    if (!made) std::fprintf(stderr, "%s\n", made.error().message.c_str());
    return file.path().string();
  }();
  return path;
}

// The events of W1, as the file on which others were measured has them.
constexpr double kCsvScale = 0.2;
constexpr size_t kCsvEvents = 1'000'000;

struct CsvFile {
  std::string path;
  uint64_t alerts = 0;  // that are due
};

const CsvFile& w1_csv() {
  static const TemporaryFile file(".csv");
  static const CsvFile csv = [] {
    CsvFile made{file.path().string(), 0};
    std::ofstream out(made.path, std::ios::binary);
    out << "ts,kind,key,id,amount\n";
    const bench::Expected<bench::Event> expected = bench::expected_withdrawals();
    bench::keyed_payments(kCsvScale)([&](const bench::Event& event) {
      out << fmt::format("{},{},{},{},{:.2f}\n", event.millis, event.kind, event.key, event.id,
                         event.amount);
      made.alerts = expected(event);
    });
    return made;
  }();
  return csv;
}

// Every line copied into a padded buffer and parsed; nothing is read from it. False: not valid.
bool parse_dom(const std::string& text) {
  static simdjson::dom::parser parser;
  static std::vector<char> line(size_t{1} << 16);
  for (size_t at = 0; at < text.size();) {
    const size_t size = text.find('\n', at) - at;
    std::memcpy(line.data(), text.data() + at, size);
    if (parser.parse(line.data(), size, false).error() != simdjson::SUCCESS) return false;
    at += size + 1;
  }
  return true;
}

void simdjson_dom(benchmark::State& state) {
  const std::string text = read_file(payments_path());
  for (auto _ : state) {
    if (!parse_dom(text)) state.SkipWithError("not valid");
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kEvents));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}

patterns::PatternSet pattern_set(std::vector<patterns::SourceFile> sources) {
  patterns::Loaded loaded = patterns::load(std::move(sources));
  if (!loaded.patterns) {
    std::fprintf(stderr, "%s", render(loaded.diagnostics, loaded.sources).c_str());
    std::abort();
  }
  return std::move(*loaded.patterns);
}

patterns::PatternSet sample_patterns() {
  const std::filesystem::path samples = std::filesystem::path(TOCSIN_SOURCE_DIR) / "samples";
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back("payments.tocsin", read_file(samples / "payments.tocsin"));
  for (const char* sample : kSamples) {
    sources.emplace_back(sample, read_file(samples / sample / "pattern.tocsin"));
  }
  return pattern_set(std::move(sources));
}

patterns::PatternSet w1_pattern() {
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back("w1.tocsin",
                       std::string(bench::kEventDeclaration) +
                           "pattern p { by key match a: Event[amount > 900] then b: Event[kind == "
                           "'withdraw'] within 60s skip to next }\n");
  return pattern_set(std::move(sources));
}

// What one run has made: bytes of alerts, and the time from decoded batches to them.
struct RunResult {
  size_t bytes = 0;
  uint64_t alerts = 0;
  double engine_seconds = 0;
};

// Reads, matches and formats everything.
RunResult run_once(const patterns::PatternSet& set, const std::string& path,
                   eventtime::Duration out_of_order) {
  auto engine = *runtime::Engine::create(set, {});
  connectors::SourceSpec spec;
  spec.path = path;
  const auto source = *connectors::open_source(spec, engine->patterns().catalog);
  runtime::BatchPool pool(engine->patterns().catalog);
  engine->add_input(out_of_order, source->format());
  std::string alerts;
  RunResult result;
  const auto on_late = [](const runtime::Engine::Late&) {};
  while (engine->next_input()) {
    const std::shared_ptr<eventtime::Batch> batch = pool.take();
    const bool more = *source->read(*batch, kBatchRecords);
    const double start = bench::cpu_seconds();
    engine->push(batch, alerts, on_late);
    if (!more) engine->finish(0, alerts);
    result.engine_seconds += bench::cpu_seconds() - start;
    result.bytes += alerts.size();
    result.alerts += static_cast<uint64_t>(std::count(alerts.begin(), alerts.end(), '\n'));
    alerts.clear();
  }
  return result;
}

constexpr eventtime::Duration kFiveSeconds{5'000'000};

void jsonl_to_alerts(benchmark::State& state) {
  const patterns::PatternSet set = sample_patterns();
  size_t alert_bytes = 0;
  double engine_seconds = 0;
  for (auto _ : state) {
    const RunResult result = run_once(set, payments_path(), kFiveSeconds);
    alert_bytes = result.bytes;
    engine_seconds += result.engine_seconds;
  }
  if (alert_bytes == 0) state.SkipWithError("no alerts");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kEvents));
  // Everything after decoding, for each event.
  state.counters["engine_ns"] =
      1e9 * engine_seconds / static_cast<double>(state.iterations() * kEvents);
}

// The best of others, Flink, reaches 3.3 M/s on one core.
void csv_to_alerts(benchmark::State& state) {
  const patterns::PatternSet set = w1_pattern();
  const CsvFile& csv = w1_csv();
  uint64_t wrong = 0;
  for (auto _ : state) {
    wrong += run_once(set, csv.path, eventtime::Duration{0}).alerts != csv.alerts ? 1 : 0;
  }
  if (wrong > 0) state.SkipWithError("WRONG: not the alerts that are due");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kCsvEvents));
}

// Both in one process, one after the other; the ratio is what a reader should look at.
void of_dom(benchmark::State& state) {
  const patterns::PatternSet set = sample_patterns();
  const std::string text = read_file(payments_path());
  double dom_seconds = 0;
  double our_seconds = 0;
  for (auto _ : state) {
    const double start = bench::cpu_seconds();
    benchmark::DoNotOptimize(parse_dom(text));
    const double middle = bench::cpu_seconds();
    benchmark::DoNotOptimize(run_once(set, payments_path(), kFiveSeconds).bytes);
    dom_seconds += middle - start;
    our_seconds += bench::cpu_seconds() - middle;
  }
  state.counters["of_dom"] = dom_seconds / our_seconds;
}

BENCHMARK(simdjson_dom)->Unit(benchmark::kMillisecond);
BENCHMARK(jsonl_to_alerts)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_to_alerts)->Unit(benchmark::kMillisecond);
BENCHMARK(of_dom)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
