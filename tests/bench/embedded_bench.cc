// Ways into an embedded detector: event by event through the builder, against batches that the
// program fills by itself and against batches that were there before. `allocations` are those made
// for each event, in the engine too.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>
#include <string>
#include <vector>

#include "runtime/detector.h"

namespace {

uint64_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* const memory = std::malloc(size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t) noexcept {
  std::free(memory);
}

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;

constexpr size_t kEvents = 500'000;
constexpr size_t kBatchRows = 1024;
constexpr const char* kPatterns = R"(
event Payment { card: string, amount: float, merchant: string, tries: int?, at: timestamp } time at
pattern card_testing {
  by card
  match probe: Payment[amount < 2]{3,}
    then hit: Payment[amount > 500 and amount > 100 * avg(probe.amount)]
  within 10m
  emit probes: count(probe), loss: hit.amount
})";

struct Payment {
  std::string card;
  std::string merchant;  // too long for a text without memory of its own
  double amount;
  Timestamp at;
};

const std::vector<Payment>& payments() {
  static const std::vector<Payment> all = [] {
    std::mt19937_64 random(1);
    std::vector<Payment> made;
    for (size_t i = 0; i < kEvents; ++i) {
      const uint64_t kind = random() % 20;
      const double amount = kind == 0 ? 1.0 : kind == 1 ? 900.0 : 20.0;
      made.push_back({"c" + std::to_string(random() % 10'000),
                      "merchant number " + std::to_string(random() % 1000), amount,
                      Timestamp{static_cast<int64_t>(i) * 1000}});
    }
    return made;
  }();
  return all;
}

[[noreturn]] void stop(const eventtime::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  std::abort();
}

void check(const eventtime::Result<void>& result) {
  if (!result) stop(result.error());
}

std::unique_ptr<Detector> make(EventDetail detail, uint64_t& alerts) {
  DetectorOptions options;
  options.batch_rows = kBatchRows;
  options.engine.events = detail;
  options.on_alert = [&](const Alert&) { ++alerts; };
  auto detector = Detector::create({{"bench.tocsin", kPatterns}}, std::move(options));
  if (!detector) stop(detector.error());
  return *std::move(detector);
}

void push_events(Detector& detector) {
  const EventType type = *detector.event_type("Payment");
  const EventField card = *detector.field(type, "card");
  const EventField amount = *detector.field(type, "amount");
  const EventField merchant = *detector.field(type, "merchant");
  const EventField at = *detector.field(type, "at");
  for (const Payment& payment : payments()) {
    check(detector.event(type)
              .set(card, payment.card)
              .set(amount, payment.amount)
              .set(merchant, payment.merchant)
              .set(at, payment.at)
              .push());
  }
}

// As a program does that knows the columns; nothing is checked.
std::shared_ptr<eventtime::Batch> fill(Detector& detector, size_t first) {
  std::shared_ptr<eventtime::Batch> batch = detector.take_batch();
  eventtime::EventTable& table = batch->tables[0];
  table.resize(kBatchRows);
  for (size_t i = first; i < std::min(first + kBatchRows, kEvents); ++i) {
    const Payment& payment = payments()[i];
    const uint32_t row = table.rows++;
    table.columns[0].set_text(row, eventtime::Text(batch->strings.copy(payment.card)));
    table.columns[1].set_number(row, payment.amount);
    table.columns[2].set_text(row, eventtime::Text(batch->strings.copy(payment.merchant)));
    table.columns[3].set_null(row);
    table.columns[4].set_integer(row, payment.at.micros);
    batch->rows.push_back({payment.at, i, row, 0, {}});
  }
  return batch;
}

// `feed` gets a fresh detector for each pass, which is not timed until it is there.
template <class Feed>
void measure(benchmark::State& state, EventDetail detail, const Feed& feed) {
  payments();
  uint64_t alerts = 0;
  uint64_t made = 0;
  for (auto _ : state) {
    state.PauseTiming();
    alerts = 0;
    const std::unique_ptr<Detector> detector = make(detail, alerts);
    const auto run = feed(*detector);
    const uint64_t before = allocations;
    state.ResumeTiming();
    run();
    check(detector->finish());
    made += allocations - before;
  }
  const auto events = static_cast<double>(state.iterations() * kEvents);
  state.SetItemsProcessed(static_cast<int64_t>(events));
  state.counters["allocations"] = static_cast<double>(made) / events;
  state.counters["alerts"] = static_cast<double>(alerts);
}

void event_by_event(benchmark::State& state) {
  measure(state, EventDetail::kNone,
          [](Detector& detector) { return [&] { push_events(detector); }; });
}

void event_by_event_shown(benchmark::State& state) {
  measure(state, EventDetail::kFull,
          [](Detector& detector) { return [&] { push_events(detector); }; });
}

void filled_batches(benchmark::State& state) {
  measure(state, EventDetail::kNone, [](Detector& detector) {
    return [&] {
      for (size_t i = 0; i < kEvents; i += kBatchRows) check(detector.push(fill(detector, i)));
    };
  });
}

void ready_batches(benchmark::State& state) {
  measure(state, EventDetail::kNone, [](Detector& detector) {
    std::vector<std::shared_ptr<const eventtime::Batch>> batches;
    for (size_t i = 0; i < kEvents; i += kBatchRows) batches.push_back(fill(detector, i));
    return [&detector, batches = std::move(batches)] {
      for (const auto& batch : batches) check(detector.push(batch));
    };
  });
}

BENCHMARK(ready_batches)->Unit(benchmark::kMillisecond);
BENCHMARK(filled_batches)->Unit(benchmark::kMillisecond);
BENCHMARK(event_by_event)->Unit(benchmark::kMillisecond);
BENCHMARK(event_by_event_shown)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::runtime
