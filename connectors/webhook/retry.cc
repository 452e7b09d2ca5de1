#include "connectors/webhook/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace tocsin::connectors {

using eventtime::Duration;

Verdict verdict_of(long status) {
  if (status >= 200 && status < 300) return Verdict::kDelivered;
  const bool later = status < 200 || status == 408 || status == 429 || status >= 500;
  return later ? Verdict::kRetry : Verdict::kDead;
}

std::optional<Duration> retry_after(std::string_view text, eventtime::Timestamp now) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text = text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc()) return kLongestRetryAfter;
  } else {
    const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
    if (date < 0) return std::nullopt;
    seconds = date - now.micros / eventtime::kMicrosPerSecond;
  }
  const int64_t longest = kLongestRetryAfter.micros / eventtime::kMicrosPerSecond;
  return Duration{std::clamp<int64_t>(seconds, 0, longest) * eventtime::kMicrosPerSecond};
}

Duration back_off(uint32_t attempts, uint64_t chance) {
  const uint32_t doublings = std::min<uint32_t>(std::max<uint32_t>(attempts, 1) - 1, 20);
  const int64_t longest = std::min(kFirstBackOff.micros << doublings, kLongestBackOff.micros);
  return {static_cast<int64_t>(chance % static_cast<uint64_t>(longest + 1))};
}

}  // namespace tocsin::connectors
