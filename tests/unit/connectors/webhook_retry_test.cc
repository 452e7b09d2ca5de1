#include "connectors/webhook/retry.h"

#include <gtest/gtest.h>

namespace tocsin::connectors {
namespace {

constexpr int64_t kOneSecond = 1'000'000;

TEST(WebhookRetry, TellsByTheStatusWhatBecomesOfAnAlert) {
  for (const long status : {200, 201, 202, 204, 299}) {
    EXPECT_EQ(verdict_of(status), Verdict::kDelivered) << status;
  }
  for (const long status : {0, 408, 429, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(verdict_of(status), Verdict::kRetry) << status;
  }
  for (const long status : {300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 410, 413, 499}) {
    EXPECT_EQ(verdict_of(status), Verdict::kDead) << status;
  }
}

int64_t seconds_of(std::string_view text) {
  const eventtime::Timestamp now = *eventtime::parse_timestamp("2026-10-21T07:28:00Z");
  const auto span = retry_after(text, now);
  return span ? span->micros / kOneSecond : -1;
}

TEST(WebhookRetry, UnderstandsRetryAfter) {
  EXPECT_EQ(seconds_of("0"), 0);
  EXPECT_EQ(seconds_of(" 120\r\n"), 120);
  EXPECT_EQ(seconds_of("Wed, 21 Oct 2026 07:29:30 GMT"), 90);
  EXPECT_EQ(seconds_of("Wed, 21 Oct 2026 07:27:00 GMT"), 0);
  EXPECT_EQ(seconds_of("Thu, 21 Oct 2027 07:27:00 GMT"), 3600);
  EXPECT_EQ(seconds_of("86400"), 3600);
  EXPECT_EQ(seconds_of("99999999999999999999999"), 3600);
  EXPECT_EQ(seconds_of(""), -1);
  EXPECT_EQ(seconds_of("-5"), -1);
  EXPECT_EQ(seconds_of("soon"), -1);
}

TEST(WebhookRetry, BacksOffTwiceAsLongEachTime) {
  const auto longest = [](uint32_t attempts) {
    int64_t found = 0;
    for (uint64_t chance = 0; chance < 400 * kOneSecond; chance += kOneSecond / 3) {
      found = std::max(found, back_off(attempts, chance).micros);
      EXPECT_GE(back_off(attempts, chance).micros, 0);
    }
    return (found + kOneSecond / 2) / kOneSecond;
  };
  EXPECT_EQ(longest(1), 1);
  EXPECT_EQ(longest(2), 2);
  EXPECT_EQ(longest(3), 4);
  EXPECT_EQ(longest(9), 256);
  EXPECT_EQ(longest(10), 300);
  EXPECT_EQ(longest(1000), 300);
  EXPECT_EQ(back_off(5, 0).micros, 0);
  EXPECT_EQ(back_off(1, kOneSecond).micros, kOneSecond);
}

}  // namespace
}  // namespace tocsin::connectors
