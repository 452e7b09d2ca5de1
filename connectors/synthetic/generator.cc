#include "connectors/synthetic/generator.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/synthetic/logins.h"
#include "connectors/synthetic/orders.h"
#include "connectors/synthetic/payments.h"
#include "connectors/synthetic/random.h"
#include "connectors/synthetic/record_writer.h"
#include "connectors/synthetic/stream.h"
#include "connectors/synthetic/ticks.h"

namespace tocsin::connectors::synthetic {
namespace {

using eventtime::Result;
using eventtime::usage_error;

constexpr size_t kChunkBytes = size_t{256} << 10;
constexpr double kMinRate = 0.01;
constexpr double kMaxRate = 1e6;
constexpr double kMaxInFlight = 1e7;  // events that have happened and not arrived

constexpr std::array<std::string_view, 4> kKindNames = {"payments", "logins", "orders", "ticks"};
constexpr std::array<double, 4> kDefaultRates = {10, 5, 2, 50};

double rate_of(const GenerateOptions& options) {
  return options.events_per_second == 0 ? default_rate(options.kind) : options.events_per_second;
}

std::unique_ptr<Stream> make_stream(const GenerateOptions& options, double rate) {
  switch (options.kind) {
    case EventKind::kPayments:
      return std::make_unique<PaymentStream>(options.events, options.seed, options.start, rate);
    case EventKind::kLogins:
      return std::make_unique<LoginStream>(options.events, options.seed, options.start, rate);
    case EventKind::kOrders:
      return std::make_unique<OrderStream>(options.events, options.seed, options.start, rate);
    case EventKind::kTicks:
      return std::make_unique<TickStream>(options.events, options.seed, options.start, rate);
  }
  TOCSIN_CHECK(false, "every kind has a stream");
}

// Holds records back until they arrive, and hands them on in chunks.
class Arrivals {
 public:
  Arrivals(const GenerateOutput::Write& write, Duration out_of_order, Random random)
      : write_(write), bound_millis_(out_of_order.micros / 1000), random_(random) {}

  void put_first(std::string header) { chunk_ = std::move(header); }

  void put(Timestamp time, std::string record) {
    // Most records are nearly in time, some take all the time that they may.
    const int64_t bound = random_.one_in(8) ? bound_millis_ : bound_millis_ / 50;
    const Timestamp arrival = time + milliseconds(random_.between(0, bound));
    waiting_.push_back({arrival, ++sequence_, std::move(record)});
    std::push_heap(waiting_.begin(), waiting_.end(), later);
  }

  // Everything that has arrived when the next event happens at `now`.
  Result<void> release(Timestamp now) {
    while (!waiting_.empty() && waiting_.front().arrival <= now) {
      std::pop_heap(waiting_.begin(), waiting_.end(), later);
      chunk_ += waiting_.back().record;
      waiting_.pop_back();
      if (chunk_.size() < kChunkBytes) continue;
      if (auto written = write_(chunk_); !written) return written;
      chunk_.clear();
    }
    return {};
  }

  Result<void> finish() {
    if (auto released = release(eventtime::kMaxTimestamp); !released) return released;
    return chunk_.empty() ? Result<void>() : write_(chunk_);
  }

 private:
  struct Arrival {
    Timestamp arrival;
    uint64_t sequence = 0;
    std::string record;
  };
  static bool later(const Arrival& left, const Arrival& right) {
    if (left.arrival != right.arrival) return left.arrival > right.arrival;
    return left.sequence > right.sequence;
  }

  const GenerateOutput::Write& write_;
  int64_t bound_millis_;
  Random random_;
  uint64_t sequence_ = 0;
  std::vector<Arrival> waiting_;  // a heap: what arrives next is in front
  std::string chunk_;
};

std::string make_record(const Stream& stream, bool csv, Damage damage) {
  std::string record;
  RecordWriter writer(record, csv ? Form::kCsv : Form::kJson, damage);
  stream.write(writer);
  return record;
}

Damage random_damage(Random& random, bool csv) {
  constexpr std::array<Damage, 3> kDamages = {Damage::kBadTime, Damage::kCut, Damage::kTwice};
  return csv ? Damage::kBadTime : kDamages[random.below(kDamages.size())];
}

Result<void> write_labels(Stream& stream, const GenerateOutput& output, GenerateSummary& summary) {
  std::string text;
  for (const Label& label : stream.take_labels()) {
    ++(label.fraud ? summary.frauds : summary.lookalikes);
    append_label(text, label);
  }
  return text.empty() || !output.labels ? Result<void>() : output.labels(text);
}

}  // namespace

std::optional<EventKind> find_event_kind(std::string_view name) {
  for (size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames[i] == name) return static_cast<EventKind>(i);
  }
  return std::nullopt;
}

double default_rate(EventKind kind) {
  return kDefaultRates[static_cast<size_t>(kind)];
}

Result<void> check_options(const GenerateOptions& options) {
  const double rate = rate_of(options);
  if (rate < kMinRate || rate > kMaxRate) {
    return usage_error("the rate must lie between 0.01 and 1000000 events per second");
  }
  if (options.out_of_order < Duration{0} || options.out_of_order > minutes(1440)) {
    return usage_error("the disorder must lie between 0s and 1d");
  }
  if (rate * static_cast<double>(options.out_of_order.micros) / 1e6 > kMaxInFlight) {
    return usage_error(
        "rate and disorder together keep too many events waiting: lower one of them");
  }
  if (options.malformed_per_million > 1'000'000) {
    return usage_error("at most 1000000 of a million records can be malformed");
  }
  // One day more than the stream takes: incidents may end after it.
  const double end = static_cast<double>(options.start.micros) + 86'400e6 +
                     static_cast<double>(options.events) / rate * 2e6;
  if (options.start < Timestamp{0} ||
      end > static_cast<double>(eventtime::kLatestTimestamp.micros)) {
    return usage_error("event times must lie between the years 1970 and 9999");
  }
  return {};
}

Result<GenerateSummary> generate(const GenerateOptions& options, const GenerateOutput& output) {
  if (auto checked = check_options(options); !checked) {
    return eventtime::Unexpected<eventtime::Error>{checked.error()};
  }
  const auto failed = [](const Result<void>& result) {
    return eventtime::Unexpected<eventtime::Error>{result.error()};
  };
  const std::unique_ptr<Stream> stream = make_stream(options, rate_of(options));
  Random random(mix(options.seed, 250));
  Arrivals arrivals(output.records, options.out_of_order, Random(mix(options.seed, 251)));
  GenerateSummary summary;
  if (options.csv) {
    std::string header;
    RecordWriter writer(header, Form::kHeader);
    stream->write(writer);
    arrivals.put_first(std::move(header));
  }
  while (stream->advance()) {
    if (auto released = arrivals.release(stream->time()); !released) return failed(released);
    arrivals.put(stream->time(), make_record(*stream, options.csv, Damage::kNone));
    ++summary.events;
    if (random.below(1'000'000) < options.malformed_per_million) {
      const Damage damage = random_damage(random, options.csv);
      arrivals.put(stream->time(), make_record(*stream, options.csv, damage));
      ++summary.malformed;
    }
    if (auto written = write_labels(*stream, output, summary); !written) return failed(written);
    if (output.progress && summary.events % 8192 == 0) output.progress(summary.events);
  }
  if (auto finished = arrivals.finish(); !finished) return failed(finished);
  return summary;
}

}  // namespace tocsin::connectors::synthetic
