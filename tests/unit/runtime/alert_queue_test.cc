#include "runtime/alert_queue.h"

#include <gtest/gtest.h>

#include <utility>

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;

std::vector<std::string> names;  // of alerts, by PendingAlert::node

PendingAlert alert(uint32_t pattern, int64_t complete, const std::string& key,
                   const std::string& name) {
  PendingAlert made;
  made.complete = Timestamp{complete};
  made.pattern = pattern;
  made.rank = pattern;
  made.key = key;
  made.group = key;
  made.node = static_cast<nfa::NodeId>(names.size());
  names.push_back(name);
  return made;
}

std::string line(const PendingAlert& alert) {
  const std::string suppressed =
      alert.suppressed > 0 ? ",\"suppressed\":" + std::to_string(alert.suppressed) : "";
  return "{" + names[alert.node] + suppressed + "}\n";
}

class AlertQueueTest : public testing::Test {
 protected:
  AlertQueueTest() : patterns_(2) {
    patterns_[1].suppress = patterns::Suppress{eventtime::Duration{10}, {}};
  }

  std::string settle_and_flush(AlertQueue& queue, int64_t until) {
    std::string out;
    const auto drop = [&](const PendingAlert& alert) { dropped_ += line(alert); };
    queue.settle(0, Timestamp{until}, derived_, drop);
    queue.flush(Timestamp{until}, [&](const PendingAlert& alert) { out += line(alert); });
    return out;
  }

  std::vector<patterns::Pattern> patterns_;
  std::vector<DerivedEvent> derived_;
  std::string dropped_;
};

TEST_F(AlertQueueTest, SortsByCompletionPatternKeyAndThenAsFound) {
  AlertQueue queue(patterns_, 1);
  queue.found(0).push_back(alert(1, 5, "k", "later pattern"));
  queue.found(0).push_back(alert(0, 5, "l", "later key"));
  queue.found(0).push_back(alert(0, 5, "k", "first found"));
  queue.found(0).push_back(alert(0, 5, "k", "then found"));
  PendingAlert timeout = alert(0, 5, "k", "timeout");
  timeout.timeout = true;
  queue.found(0).insert(queue.found(0).begin(), std::move(timeout));
  queue.found(0).push_back(alert(0, 4, "z", "earlier"));
  EXPECT_EQ(settle_and_flush(queue, 6),
            "{earlier}\n{first found}\n{then found}\n{timeout}\n{later key}\n{later pattern}\n");
  EXPECT_EQ(queue.emitted(0), 5U);
  EXPECT_EQ(queue.emitted(1), 1U);
}

TEST_F(AlertQueueTest, WaitsForTheirTime) {
  AlertQueue queue(patterns_, 1);
  queue.found(0).push_back(alert(0, 7, "k", "seven"));
  queue.found(0).push_back(alert(0, 6, "k", "six"));
  EXPECT_EQ(settle_and_flush(queue, 6), "");
  EXPECT_EQ(settle_and_flush(queue, 7), "{six}\n");
  EXPECT_EQ(settle_and_flush(queue, eventtime::kMaxTimestamp.micros), "{seven}\n");
}

TEST_F(AlertQueueTest, SuppressesAndSaysSo) {
  AlertQueue queue(patterns_, 1);
  for (const int64_t time : {0, 3, 9, 10}) {
    queue.found(0).push_back(alert(1, time, "k", "\"at\":" + std::to_string(time)));
  }
  PendingAlert timeout = alert(1, 4, "k", "timeout");
  timeout.timeout = true;
  queue.found(0).push_back(std::move(timeout));
  EXPECT_EQ(settle_and_flush(queue, 20), "{\"at\":0}\n{timeout}\n{\"at\":10,\"suppressed\":2}\n");
  EXPECT_EQ(queue.suppressed(), 2U);
  EXPECT_EQ(dropped_, "{\"at\":3}\n{\"at\":9}\n");
}

TEST_F(AlertQueueTest, GivesOnWhatBecomesEventsInOrder) {
  AlertQueue queue(patterns_, 1);
  for (const int64_t time : {8, 5, 12}) {
    queue.found(0).push_back(alert(1, time, "k", "x"));
    queue.found(0).back().derived = std::make_unique<DerivedEvent>();
    queue.found(0).back().derived->time = Timestamp{time};
  }
  settle_and_flush(queue, 100);
  ASSERT_EQ(derived_.size(), 1U) << "the others are suppressed";
  EXPECT_EQ(derived_[0].time, Timestamp{5});
}

}  // namespace
}  // namespace tocsin::runtime
