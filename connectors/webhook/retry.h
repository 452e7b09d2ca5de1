// What an answer of an endpoint means, and when to try again.
// Tested by tests/unit/connectors/webhook_retry_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "eventtime/timestamp.h"

namespace tocsin::connectors {

enum class Verdict : uint8_t {
  kDelivered,
  kRetry,  // the endpoint may take it later
  kDead,   // it never will
};
// `status` of an HTTP answer; 0: there was no whole answer.
Verdict verdict_of(long status);

// What "Retry-After" asks for, in seconds or as an HTTP date; at most kLongestRetryAfter. Nothing
// if it is neither.
inline constexpr eventtime::Duration kLongestRetryAfter{3'600'000'000};
std::optional<eventtime::Duration> retry_after(std::string_view text, eventtime::Timestamp now);

// Exponential back-off with full jitter: after the n-th attempt (from 1) a moment between now and
// the n-th of 1 s, 2 s, 4 s ... 5 min. `chance` is any number.
inline constexpr eventtime::Duration kFirstBackOff{1'000'000};
inline constexpr eventtime::Duration kLongestBackOff{300'000'000};
eventtime::Duration back_off(uint32_t attempts, uint64_t chance);

}  // namespace tocsin::connectors
