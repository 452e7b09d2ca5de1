// When time goes on without events: which live inputs are idle, and how far that lifts their
// watermarks.
//
// An input is idle when it was asked again and again for `idle_after` and had nothing; it then no
// longer holds the others back: its watermark follows the smallest of theirs. When all inputs are
// idle, time goes on by itself: the largest watermark plus the time that passed since anything came
// is the watermark of all. An input that was not asked is not idle, so that what it may have is
// not made late: a process that was stopped for an hour asks first.
// Tested by tests/unit/server/idle_inputs_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "eventtime/timestamp.h"
#include "runtime/clock.h"

namespace tocsin::server {

class IdleInputs {
 public:
  // Watermarks are lifted at most so often.
  static constexpr eventtime::Duration kBetweenLifts{100'000};

  struct Lift {
    uint32_t input;
    eventtime::Timestamp watermark;
    friend bool operator==(const Lift&, const Lift&) = default;
  };

  // By input; nothing: it is never idle. The clock outlives it.
  IdleInputs(const runtime::Clock& clock,
             const std::vector<std::optional<eventtime::Duration>>& idle_after);

  // The inputs are asked now: what comes later comes into a later round.
  void begin_round();
  // In this round the input had something, or nothing.
  void found(uint32_t input);
  void nothing(uint32_t input);
  // At the end of the round. Watermarks by input; kMaxTimestamp: it has ended.
  std::vector<Lift> lifts(std::span<const eventtime::Timestamp> watermarks);

 private:
  struct Input {
    std::optional<eventtime::Duration> idle_after;
    bool asked = false;                            // in this round, and it had nothing
    std::optional<eventtime::Duration> idle_from;  // asked first and found to have nothing
  };
  bool is_idle(const Input& input) const;

  const runtime::Clock& clock_;
  std::vector<Input> inputs_;
  eventtime::Duration now_;                   // when the round began
  eventtime::Duration quiet_since_;           // when something came last
  std::optional<eventtime::Timestamp> last_;  // the largest watermark then
  eventtime::Duration next_lift_;
};

}  // namespace tocsin::server
