// The whole way, from a file of JSON lines to alerts: six sample patterns over generated payments,
// and simdjson's DOM over the same lines in the same run as the yardstick. What counts is the
// ratio, shown as `of_dom`.
#include <benchmark/benchmark.h>
#include <simdjson.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "connectors/file/file_source.h"
#include "connectors/synthetic/generator.h"
#include "patterns/front_end.h"
#include "runtime/batch_pool.h"
#include "runtime/engine.h"

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

// The generated file; removed when the program ends.
class PaymentsFile {
 public:
  PaymentsFile() {
    path_ = std::filesystem::temp_directory_path() /
            ("tocsin_pipeline_bench_" + std::to_string(::getpid()) + ".jsonl");
    connectors::synthetic::GenerateOptions options;
    options.events = kEvents;
    options.seed = 7;
    options.malformed_per_million = 0;
    std::ofstream file(path_, std::ios::binary);
    connectors::synthetic::GenerateOutput outputs;
    outputs.records = [&](std::string_view bytes) -> eventtime::Result<void> {
      file << bytes;
      return {};
    };
    const auto made = connectors::synthetic::generate(options, outputs);
    if (!made) std::fprintf(stderr, "%s\n", made.error().message.c_str());
  }
  ~PaymentsFile() { std::filesystem::remove(path_); }
  PaymentsFile(const PaymentsFile&) = delete;
  PaymentsFile& operator=(const PaymentsFile&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

const std::string& payments_path() {
  static const PaymentsFile file;
  static const std::string path = file.path().string();
  return path;
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

patterns::PatternSet sample_patterns() {
  const std::filesystem::path samples = std::filesystem::path(TOCSIN_SOURCE_DIR) / "samples";
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back("payments.tocsin", read_file(samples / "payments.tocsin"));
  for (const char* sample : kSamples) {
    sources.emplace_back(sample, read_file(samples / sample / "pattern.tocsin"));
  }
  patterns::Loaded loaded = patterns::load(std::move(sources));
  if (!loaded.patterns) {
    std::fprintf(stderr, "%s", render(loaded.diagnostics, loaded.sources).c_str());
    std::abort();
  }
  return std::move(*loaded.patterns);
}

// Of this thread, so that what else runs on the machine does not count.
double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// What one run has made: bytes of alerts, and the time from decoded batches to them.
struct RunResult {
  size_t bytes = 0;
  double engine_seconds = 0;
};

// Reads, matches and formats everything.
RunResult run_once(const patterns::PatternSet& set) {
  auto engine = *runtime::Engine::create(set, {});
  connectors::SourceSpec spec;
  spec.path = payments_path();
  const auto source = *connectors::open_source(spec, engine->patterns().catalog);
  runtime::BatchPool pool(engine->patterns().catalog);
  engine->add_input(eventtime::Duration{5'000'000}, source->format());
  std::string alerts;
  RunResult result;
  const auto on_late = [](const runtime::Engine::Late&) {};
  while (engine->next_input()) {
    const std::shared_ptr<eventtime::Batch> batch = pool.take();
    const bool more = *source->read(*batch, kBatchRecords);
    const double start = cpu_seconds();
    engine->push(batch, alerts, on_late);
    if (!more) engine->finish(0, alerts);
    result.engine_seconds += cpu_seconds() - start;
    result.bytes += alerts.size();
    alerts.clear();
  }
  return result;
}

void jsonl_to_alerts(benchmark::State& state) {
  const patterns::PatternSet set = sample_patterns();
  size_t alert_bytes = 0;
  double engine_seconds = 0;
  for (auto _ : state) {
    const RunResult result = run_once(set);
    alert_bytes = result.bytes;
    engine_seconds += result.engine_seconds;
  }
  if (alert_bytes == 0) state.SkipWithError("no alerts");
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kEvents));
  // Everything after decoding, for each event.
  state.counters["engine_ns"] =
      1e9 * engine_seconds / static_cast<double>(state.iterations() * kEvents);
}

// Both in one process, one after the other; the ratio is what a reader should look at.
void of_dom(benchmark::State& state) {
  const patterns::PatternSet set = sample_patterns();
  const std::string text = read_file(payments_path());
  double dom_seconds = 0;
  double our_seconds = 0;
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    const auto start = Clock::now();
    benchmark::DoNotOptimize(parse_dom(text));
    const auto middle = Clock::now();
    benchmark::DoNotOptimize(run_once(set).bytes);
    dom_seconds += std::chrono::duration<double>(middle - start).count();
    our_seconds += std::chrono::duration<double>(Clock::now() - middle).count();
  }
  state.counters["of_dom"] = dom_seconds / our_seconds;
}

BENCHMARK(simdjson_dom)->Unit(benchmark::kMillisecond);
BENCHMARK(jsonl_to_alerts)->Unit(benchmark::kMillisecond);
BENCHMARK(of_dom)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin
