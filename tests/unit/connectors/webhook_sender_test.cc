#include "connectors/webhook/webhook_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "connectors/webhook/signature.h"
#include "tests/support/http_server.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using eventtime::Duration;
using testing::ElementsAre;
using tests::HttpServer;
using tests::Reply;
using tests::SeenRequest;

constexpr int64_t kWholeSecond = 1'000'000;

// One thread and a clock that is moved: what takes hours takes none.
class WebhookSenderTest : public testing::Test {
 protected:
  WebhookSenderTest()
      : server_([this](const SeenRequest& request) { return reply_ ? reply_(request) : Reply(); }) {
    spec_.name = "hook";
    spec_.url = server_.url();
    spec_.allow_private_addresses = true;
    restart();
  }

  // A new process over the same disk.
  void restart() {
    sender_.reset();
    queue_ = DeliveryQueue::open(storage_, 200).value();
    progress_ = std::make_unique<ProgressFile>(storage_);
    dead_ = std::make_unique<DeadLetterFile>("hook", directory_.path("dead"));
    sender_ = std::make_unique<WebhookSender>(
        spec_, WebhookSender::World{*queue_, *progress_, *dead_, clock_, 7, true});
    ASSERT_TRUE(sender_->begin());
  }

  void queue(int begin, int end) {
    for (int number = begin; number < end; ++number) {
      const std::string id = "a" + std::to_string(number);
      const std::string json = "{\"n\":" + std::to_string(number) + "}";
      ASSERT_TRUE(queue_->append({"p", id, "{}", {number}, json}, clock_.date()));
    }
    ASSERT_TRUE(queue_->flush());
  }

  // As long as the sender has something to do; the clock goes on to when it next has. False: the
  // time is over.
  bool run(Duration longest = Duration{100 * 86400 * kWholeSecond}) {
    const int64_t end = clock_.now().micros + longest.micros;
    sender_->step(Duration{0});
    while (sender_->stats().queued > 0) {
      if (sender_->requests_under_way() > 0) {
        sender_->step(Duration{20'000});
        continue;
      }
      const Duration next = sender_->until_next();
      if (clock_.now().micros + next.micros > end) {
        clock_.go_on({end - clock_.now().micros});
        return false;
      }
      clock_.go_on(next);
      sender_->step(Duration{0});
    }
    return true;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> all;
    for (const SeenRequest& request : server_.requests()) all.push_back(request.body);
    return all;
  }
  std::string dead() const { return tests::read_file(directory_.path("dead")); }
  bool nobody_is_dead() const { return !std::filesystem::exists(directory_.path("dead")); }

  WebhookSpec spec_;
  std::function<Reply(const SeenRequest&)> reply_;
  HttpServer server_;
  tests::ManualClock clock_;
  tests::MemoryStorage storage_;
  tests::TemporaryDirectory directory_;
  std::unique_ptr<DeliveryQueue> queue_;
  std::unique_ptr<ProgressFile> progress_;
  std::unique_ptr<DeadLetterFile> dead_;
  std::unique_ptr<WebhookSender> sender_;
};

TEST_F(WebhookSenderTest, SendsEachAlertOnceInOrder) {
  spec_.max_in_flight = 1;
  spec_.secrets = {"one", "two"};
  restart();
  queue(0, 5);
  EXPECT_TRUE(run());
  EXPECT_THAT(bodies(),
              ElementsAre("{\"n\":0}", "{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"));
  const SeenRequest request = server_.requests()[3];
  EXPECT_EQ(request.headers.at("content-type"), "application/json");
  EXPECT_EQ(request.headers.at("webhook-id"), "a3");
  EXPECT_EQ(request.headers.at("webhook-timestamp"), "1000");
  EXPECT_EQ(request.headers.at("webhook-signature"),
            sign_webhook({"one", "two"}, "a3", "1000", "{\"n\":3}"));
  EXPECT_EQ(sender_->stats().delivered, 5U);
  EXPECT_TRUE(nobody_is_dead());
}

TEST_F(WebhookSenderTest, WithoutASecretNothingIsSigned) {
  queue(0, 1);
  EXPECT_TRUE(run());
  EXPECT_FALSE(server_.requests()[0].headers.contains("webhook-signature"));
}

TEST_F(WebhookSenderTest, ABatchIsAnArrayWithAnIdOfItsOwn) {
  spec_.batch = 3;
  spec_.max_in_flight = 1;
  restart();
  int times = 0;
  reply_ = [&](const SeenRequest&) { return Reply{.status = ++times == 1 ? 500U : 200U}; };
  queue(0, 7);
  EXPECT_TRUE(run());
  const std::string first = R"([{"n":0},{"n":1},{"n":2}])";
  EXPECT_THAT(bodies(), testing::UnorderedElementsAre(first, first, R"([{"n":3},{"n":4},{"n":5}])",
                                                      R"([{"n":6}])"));
  std::map<std::string, std::set<std::string>> ids;
  for (const SeenRequest& request : server_.requests()) {
    ids[request.body].insert(request.headers.at("webhook-id"));
    EXPECT_EQ(request.headers.at("webhook-id").size(), 32U);
  }
  std::set<std::string> all;
  for (const auto& [body, its] : ids) {
    EXPECT_EQ(its.size(), 1U) << body;
    all.insert(its.begin(), its.end());
  }
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(sender_->stats().delivered, 7U);
}

TEST_F(WebhookSenderTest, AnEndpointThatComesBackGetsEverything) {
  const int64_t begin = clock_.now().micros;
  const auto is_down = [&] { return clock_.now().micros < begin + 5 * 3600 * kWholeSecond; };
  reply_ = [&](const SeenRequest&) { return Reply{.status = is_down() ? 503U : 200U}; };
  queue(0, 1000);
  EXPECT_TRUE(run());
  EXPECT_EQ(sender_->stats().delivered, 1000U);
  EXPECT_TRUE(nobody_is_dead());
  // Back within one back-off and a little, and it was not asked all the time.
  EXPECT_LT(clock_.now().micros - begin, (5 * 3600 + 400) * kWholeSecond);
  EXPECT_LT(sender_->stats().requests.at(503), 5U * 3600);
  EXPECT_EQ(sender_->stats().trouble, "");
}

TEST_F(WebhookSenderTest, WhatFailsLongEnoughIsDead) {
  spec_.retry_for = {3600 * kWholeSecond};
  restart();
  reply_ = [&](const SeenRequest&) { return Reply{.status = 500}; };
  queue(0, 1);
  const int64_t begin = clock_.now().micros;
  EXPECT_TRUE(run());
  EXPECT_EQ(clock_.now().micros - begin, 3600 * kWholeSecond);
  const size_t attempts = server_.requests().size();
  EXPECT_GT(attempts, 15U);
  EXPECT_LT(attempts, 120U);
  EXPECT_EQ(dead(), "{\"sink\":\"hook\",\"reason\":\"gave up after 1h: http://127.0.0.1:" +
                        std::to_string(server_.port()) +
                        " answers 500\",\"status\":500,\"attempts\":" + std::to_string(attempts) +
                        ",\"alert\":{\"n\":0}}\n");
  EXPECT_EQ(sender_->stats().dead, 1U);
  EXPECT_EQ(sender_->stats().retries, attempts - 1);
}

// The time that it was tried for counts over restarts.
TEST_F(WebhookSenderTest, TheTimeOfTryingSurvivesARestart) {
  spec_.retry_for = {3600 * kWholeSecond};
  restart();
  reply_ = [&](const SeenRequest&) { return Reply{.status = 500}; };
  queue(0, 1);
  EXPECT_FALSE(run({3000 * kWholeSecond}));
  restart();
  const int64_t begin = clock_.now().micros;
  EXPECT_TRUE(run());
  EXPECT_LE(clock_.now().micros - begin, 700 * kWholeSecond);
  EXPECT_EQ(sender_->stats().dead, 1U);
}

TEST_F(WebhookSenderTest, WhatTheEndpointRefusesIsDeadAtOnce) {
  reply_ = [&](const SeenRequest& request) {
    if (request.body == "{\"n\":1}") return Reply{.status = 410};
    if (request.body == "{\"n\":2}") return Reply{.status = 302, .headers = {{"Location", "/"}}};
    return Reply();
  };
  spec_.max_in_flight = 1;
  restart();
  queue(0, 4);
  EXPECT_TRUE(run());
  EXPECT_EQ(server_.requests().size(), 4U);
  const std::string text = dead();
  EXPECT_NE(text.find("answers 410\",\"status\":410,\"attempts\":1,\"alert\":{\"n\":1}}\n"),
            std::string::npos);
  EXPECT_NE(text.find("answers 302\",\"status\":302,\"attempts\":1,\"alert\":{\"n\":2}}\n"),
            std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find("key=1"), std::string::npos);
  EXPECT_EQ(sender_->stats().delivered, 2U);
  EXPECT_EQ(sender_->stats().dead, 2U);
}

// Some alerts that always fail do not stop the others.
TEST_F(WebhookSenderTest, OneBadAlertDoesNotBlockTheNext) {
  reply_ = [&](const SeenRequest& request) {
    const bool bad = request.body.size() == 8 && request.body[5] == '1';  // 10 to 19
    return Reply{.status = bad ? 500U : 200U};
  };
  queue(0, 60);
  EXPECT_FALSE(run({1800 * kWholeSecond}));
  EXPECT_EQ(sender_->stats().delivered, 50U);
  EXPECT_EQ(sender_->stats().queued, 10U);
  EXPECT_TRUE(run());
  EXPECT_EQ(sender_->stats().dead, 10U);
}

TEST_F(WebhookSenderTest, RetryAfterHoldsEverythingBack) {
  int times = 0;
  reply_ = [&](const SeenRequest&) {
    if (++times > 1) return Reply();
    return Reply{.status = 429, .headers = {{"Retry-After", "1200"}}};
  };
  spec_.max_in_flight = 1;
  restart();
  queue(0, 3);
  const int64_t begin = clock_.now().micros;
  EXPECT_FALSE(run({1199 * kWholeSecond}));
  EXPECT_EQ(server_.requests().size(), 1U);
  EXPECT_TRUE(run());
  EXPECT_GE(clock_.now().micros - begin, 1200 * kWholeSecond);
  EXPECT_EQ(sender_->stats().delivered, 3U);
}

TEST_F(WebhookSenderTest, NotMoreRequestsASecondThanAllowed) {
  spec_.max_per_second = 4;
  restart();
  const int64_t begin = clock_.now().micros;
  queue(0, 41);
  EXPECT_TRUE(run());
  EXPECT_EQ(clock_.now().micros - begin, 10 * kWholeSecond);
}

TEST_F(WebhookSenderTest, NotMoreRequestsUnderWayThanAllowed) {
  spec_.max_in_flight = 2;
  restart();
  reply_ = [&](const SeenRequest&) { return Reply{.way = Reply::Way::kSilence}; };
  queue(0, 5);
  while (server_.requests().size() < 2) sender_->step({20'000});
  for (int i = 0; i < 5; ++i) sender_->step({20'000});
  EXPECT_EQ(server_.requests().size(), 2U);
  EXPECT_EQ(sender_->requests_under_way(), 2U);
}

TEST_F(WebhookSenderTest, WhatIsKnownSurvivesARestart) {
  spec_.max_in_flight = 1;
  restart();
  reply_ = [&](const SeenRequest& request) {
    return Reply{.status = request.body == "{\"n\":2}" ? 500U : 200U};
  };
  queue(0, 6);
  EXPECT_FALSE(run({600 * kWholeSecond}));
  EXPECT_EQ(sender_->stats().delivered, 5U);
  const size_t before = server_.requests().size();
  reply_ = {};
  restart();
  EXPECT_EQ(sender_->stats().queued, 1U);
  EXPECT_TRUE(run());
  ASSERT_EQ(server_.requests().size(), before + 1);
  EXPECT_EQ(bodies().back(), "{\"n\":2}");
}

// The disk lost the end of the queue, but not the progress: new alerts have the numbers of the old.
TEST_F(WebhookSenderTest, NumbersThatAreGivenAgainAreNotDone) {
  queue(0, 3);
  ASSERT_TRUE(queue_->sync());
  auto files = storage_.files();
  queue(3, 6);
  EXPECT_TRUE(run());
  ASSERT_TRUE(sender_->save());
  for (const auto& [name, bytes] : storage_.files()) {
    if (name.starts_with("progress")) files[name] = bytes;
  }
  storage_.set_files(files);
  restart();
  EXPECT_EQ(sender_->stats().queued, 0U);
  queue(3, 5);
  restart();  // killed before the progress was written again
  EXPECT_EQ(sender_->stats().queued, 2U);
  EXPECT_TRUE(run());
  EXPECT_EQ(bodies().back().size(), 7U);
  EXPECT_EQ(server_.requests().size(), 8U);
}

TEST_F(WebhookSenderTest, CopiesAreNotSent) {
  queue(0, 4);
  EXPECT_TRUE(run());
  ASSERT_TRUE(sender_->save());
  restart();
  ASSERT_TRUE(queue_->resume("1"));
  queue(1, 6);
  EXPECT_TRUE(run());
  EXPECT_EQ(server_.requests().size(), 6U);
  EXPECT_EQ(sender_->stats().delivered, 2U);
}

TEST_F(WebhookSenderTest, DamagedAlertsAreCountedAndTheOthersSent) {
  queue(0, 1);
  queue(1, 2);
  queue(2, 3);
  auto files = storage_.files();
  files.at("alerts-00000000000000000000")[kSegmentHeaderBytes + 30] ^= 1;
  storage_.set_files(files);
  restart();
  EXPECT_TRUE(run());
  EXPECT_THAT(bodies(), testing::UnorderedElementsAre("{\"n\":1}", "{\"n\":2}"));
  EXPECT_EQ(sender_->stats().damaged, 1U);
  ASSERT_TRUE(sender_->save());
  EXPECT_EQ(dead(), "{\"sink\":\"hook\",\"reason\":\"an alert in the queue is damaged\"}\n");
}

// Dead letters that cannot be written: the alerts are not done with.
TEST_F(WebhookSenderTest, WithoutRoomForDeadLettersNothingIsForgotten) {
  dead_ = std::make_unique<DeadLetterFile>("hook", "/dev/full");
  sender_ = std::make_unique<WebhookSender>(
      spec_, WebhookSender::World{*queue_, *progress_, *dead_, clock_, 7, true});
  ASSERT_TRUE(sender_->begin());
  reply_ = [&](const SeenRequest&) { return Reply{.status = 404}; };
  queue(0, 1);
  EXPECT_TRUE(run());
  EXPECT_EQ(sender_->stats().trouble,
            "cannot write dead letters to '/dev/full': No space left on device");
  restart();
  EXPECT_EQ(sender_->stats().queued, 1U);
  EXPECT_TRUE(run());
  EXPECT_NE(dead().find("answers 404"), std::string::npos);
}

TEST_F(WebhookSenderTest, ATornDeadLetterDoesNotSwallowTheNext) {
  directory_.write("dead", "{\"sink\":\"ho");
  reply_ = [&](const SeenRequest&) { return Reply{.status = 404}; };
  queue(0, 1);
  EXPECT_TRUE(run());
  EXPECT_TRUE(dead().starts_with("{\"sink\":\"ho\n{\"sink\":\"hook\",")) << dead();
}

TEST_F(WebhookSenderTest, TellsHowLongTheOldestWaits) {
  reply_ = [&](const SeenRequest&) { return Reply{.status = 500}; };
  queue(0, 2);
  EXPECT_FALSE(run({500 * kWholeSecond}));
  sender_->step({0});
  EXPECT_EQ(sender_->stats().oldest.micros, 500 * kWholeSecond);
  EXPECT_EQ(sender_->stats().trouble,
            "http://127.0.0.1:" + std::to_string(server_.port()) + " answers 500");
}

TEST_F(WebhookSenderTest, FilesOfDeliveredAlertsGo) {
  queue(0, 1);
  for (int i = 1; i < 20; ++i) queue(i, i + 1);
  const size_t before = storage_.files().size();
  ASSERT_TRUE(queue_->sync());
  ASSERT_TRUE(queue_->sync());
  EXPECT_TRUE(run());
  ASSERT_TRUE(sender_->save());
  EXPECT_LT(storage_.files().size(), before);
  EXPECT_EQ(queue_->begin(), 16U);  // the last file stays
}

}  // namespace
}  // namespace tocsin::connectors
