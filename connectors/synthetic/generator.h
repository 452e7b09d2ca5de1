// Synthetic events with planted, labelled incidents: a stream that looks like business, made from a
// seed.
//
// The same options give the same bytes on every platform, compiler and run: integer arithmetic,
// own random numbers, fixed printing. Memory depends on the rate and the disorder, not on the
// number of events.
//
// Records come out in order of arrival. An event arrives at most `out_of_order` after its event
// time, so a reader with that bound finds none of them late. Malformed records are damaged copies;
// they come on top of `events`.
// Tested by tests/unit/connectors/synthetic_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {

enum class EventKind : uint8_t { kPayments, kLogins, kOrders, kTicks };

// "payments", "logins", "orders", "ticks".
std::optional<EventKind> find_event_kind(std::string_view name);
double default_rate(EventKind kind);

struct GenerateOptions {
  EventKind kind = EventKind::kPayments;
  uint64_t events = 1'000'000;
  uint64_t seed = 1;
  eventtime::Timestamp start{1'772'323'200'000'000};  // 2026-03-01T00:00:00Z
  double events_per_second = 0;                       // of event time; 0: the kind's default
  eventtime::Duration out_of_order{5'000'000};
  uint32_t malformed_per_million = 20;
  bool csv = false;
};

struct GenerateOutput {
  using Write = std::function<eventtime::Result<void>(std::string_view)>;

  Write records;                           // whole lines, many at once
  Write labels;                            // one line an incident; may be empty
  std::function<void(uint64_t)> progress;  // events so far; may be empty
};

struct GenerateSummary {
  uint64_t events = 0;
  uint64_t malformed = 0;
  uint64_t frauds = 0;      // planted incidents that are frauds
  uint64_t lookalikes = 0;  // planted incidents that only look like it
};

// A usage error if an option is out of range.
eventtime::Result<void> check_options(const GenerateOptions& options);

// Fails as check_options() does, or as the outputs do.
eventtime::Result<GenerateSummary> generate(const GenerateOptions& options,
                                            const GenerateOutput& output);

}  // namespace tocsin::connectors::synthetic
