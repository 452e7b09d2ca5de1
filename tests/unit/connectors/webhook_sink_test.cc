#include "connectors/webhook/webhook_sink.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>

#include "connectors/state/child_task.h"
#include "server/machine_clock.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

namespace fs = std::filesystem;
using tests::HttpServer;
using tests::Reply;
using tests::SeenRequest;

std::string json_of(int number) {
  return "{\"n\":" + std::to_string(number) + "}";
}

void write(runtime::Sink& sink, int number) {
  const std::string id = "id" + std::to_string(number);
  const auto written = sink.write({"p", id, "{}", {number}, json_of(number)});
  ASSERT_TRUE(written) << written.error().message;
}

class WebhookSinkTest : public testing::Test {
 protected:
  WebhookSpec spec_of(const HttpServer& server) const {
    WebhookSpec spec;
    spec.name = "hook";
    spec.url = server.url();
    spec.allow_private_addresses = true;
    spec.queue = directory_.path("queue");
    return spec;
  }
  std::unique_ptr<WebhookSink> open(const WebhookSpec& spec) {
    auto sink = WebhookSink::open(spec, clock_);
    EXPECT_TRUE(sink) << sink.error().message;
    return *std::move(sink);
  }
  static double metric(const runtime::Sink& sink, std::string_view name) {
    for (const runtime::Metric& metric : sink.metrics()) {
      if (metric.name == name) return metric.value;
    }
    ADD_FAILURE() << name;
    return -1;
  }
  static void wait_for(const std::function<bool()>& condition) {
    for (int i = 0; i < 6000 && !condition(); ++i) ::usleep(5000);
    EXPECT_TRUE(condition());
  }

  server::MachineClock clock_;
  tests::TemporaryDirectory directory_;
};

TEST_F(WebhookSinkTest, DeliversWhatWasWritten) {
  HttpServer server;
  const auto sink = open(spec_of(server));
  EXPECT_EQ(sink->name(), "hook");
  ASSERT_TRUE(sink->resume(""));
  for (int i = 0; i < 50; ++i) write(*sink, i);
  ASSERT_TRUE(sink->flush());
  wait_for([&] { return server.requests().size() == 50; });
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(sink->position(), "50");
  EXPECT_EQ(metric(*sink, "webhook_delivered_total"), 50);
  EXPECT_EQ(metric(*sink, "webhook_queued"), 0);
  EXPECT_EQ(metric(*sink, "webhook_requests_total"), 50);
  EXPECT_EQ(sink->trouble(), "");
}

TEST_F(WebhookSinkTest, AnEndpointThatIsDownHoldsUpNothing) {
  std::atomic<bool> down = true;
  HttpServer server([&](const SeenRequest&) {
    return Reply{.way = down ? Reply::Way::kSilence : Reply::Way::kWhole};
  });
  WebhookSpec spec = spec_of(server);
  spec.timeout = {200'000};
  spec.close_within = {0};
  {
    const auto sink = open(spec);
    for (int i = 0; i < 20'000; ++i) write(*sink, i);
    ASSERT_TRUE(sink->sync());
    wait_for([&] { return !sink->trouble().empty(); });
    EXPECT_EQ(metric(*sink, "webhook_queued"), 20'000);
    EXPECT_GT(metric(*sink, "webhook_oldest_seconds"), 0);
    ASSERT_TRUE(sink->close());
  }
  down = false;
  spec.batch = 1000;
  spec.close_within = {60'000'000};
  const auto sink = open(spec);
  ASSERT_TRUE(sink->resume("20000"));
  ASSERT_TRUE(sink->close());
  EXPECT_EQ(metric(*sink, "webhook_queued"), 0);
}

TEST_F(WebhookSinkTest, ATemporaryQueueGoesWhenAllIsDelivered) {
  const std::string before = ::getenv("TMPDIR") == nullptr ? "" : ::getenv("TMPDIR");
  ::setenv("TMPDIR", directory_.path().c_str(), 1);
  HttpServer server;
  WebhookSpec spec = spec_of(server);
  spec.queue.clear();
  {
    const auto sink = open(spec);
    write(*sink, 1);
    ASSERT_TRUE(sink->close());
  }
  EXPECT_EQ(server.requests().size(), 1U);
  EXPECT_TRUE(fs::is_empty(directory_.path()));
  {
    open(spec);
  }
  EXPECT_TRUE(fs::is_empty(directory_.path()));
  spec.url = "http://127.0.0.1:1/";
  spec.close_within = {0};
  const auto sink = open(spec);
  write(*sink, 1);
  const auto closed = sink->close();
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message,
              testing::StartsWith("webhook 'hook': 1 alerts were not delivered"));
  EXPECT_THAT(closed.error().message, testing::HasSubstr("they are kept in '"));
  EXPECT_FALSE(fs::is_empty(directory_.path()));
  if (before.empty()) {
    ::unsetenv("TMPDIR");
  } else {
    ::setenv("TMPDIR", before.c_str(), 1);
  }
}

TEST_F(WebhookSinkTest, AQueueHasOneOwner) {
  HttpServer server;
  const auto sink = open(spec_of(server));
  const auto other = WebhookSink::open(spec_of(server), clock_);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().message,
            "the queue '" + directory_.path("queue") + "' is in use by another process");
}

TEST_F(WebhookSinkTest, RefusesWhatCannotWork) {
  HttpServer server;
  WebhookSpec spec = spec_of(server);
  spec.allow_private_addresses = false;
  EXPECT_EQ(WebhookSink::open(spec, clock_).error().blame, eventtime::Blame::kInput);
  spec = spec_of(server);
  spec.queue = "/proc/nowhere/queue";
  EXPECT_EQ(WebhookSink::open(spec, clock_).error().blame, eventtime::Blame::kWorld);
}

TEST_F(WebhookSinkTest, NoFileIsLeftToProgramsThatAreStarted) {
  HttpServer server;
  const auto sink = open(spec_of(server));
  write(*sink, 1);
  ASSERT_TRUE(sink->flush());
  wait_for([&] { return server.requests().size() == 1; });
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    const std::string target = fs::read_symlink(entry.path(), error).string();
    if (!target.starts_with(directory_.path("queue"))) continue;
    const int flags = ::fcntl(std::stoi(entry.path().filename()), F_GETFD);
    EXPECT_NE(flags & FD_CLOEXEC, 0) << target;
  }
}

// A checkpoint is made by a child that allocates, while alerts are on their way.
TEST_F(WebhookSinkTest, ChildrenCanBeForkedAtAnyMoment) {
  HttpServer endpoint;
  const std::string url = endpoint.url();
  // The endpoint of this process has threads that nobody stops for a fork; so this one is alone.
  char program[] = "/proc/self/exe";
  char filter[] = "--gtest_filter=WebhookSinkRun.DISABLED_Forks";
  char also[] = "--gtest_also_run_disabled_tests";
  char brief[] = "--gtest_brief=1";
  char* arguments[] = {program, filter, also, brief, nullptr};
  directory_.write("url", url);
  ::setenv("TOCSIN_TEST_HOOK", directory_.path().c_str(), 1);
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, program, nullptr, nullptr, arguments, environ), 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  ::unsetenv("TOCSIN_TEST_HOOK");
  EXPECT_EQ(status, 0);
  EXPECT_EQ(endpoint.requests().size(), 3000U);
}

TEST(WebhookSinkRun, DISABLED_Forks) {
  const char* const folder = ::getenv("TOCSIN_TEST_HOOK");
  if (folder == nullptr) {
    GTEST_SKIP() << "started by WebhookSinkTest.ChildrenCanBeForkedAtAnyMoment";
  }
  WebhookSpec spec;
  spec.name = "hook";
  spec.url = tests::read_file(fs::path(folder) / "url");
  spec.allow_private_addresses = true;
  spec.queue = fs::path(folder) / "queue";
  spec.close_within = {60'000'000};
  server::MachineClock clock;
  const auto sink = WebhookSink::open(spec, clock);
  ASSERT_TRUE(sink) << sink.error().message;
  for (int i = 0; i < 3000; ++i) {
    write(**sink, i);
    if (i % 30 != 0) continue;
    ASSERT_TRUE((*sink)->flush());
    const auto task = ChildTask::start([](const ChildTask::Say& say) {
      std::vector<std::string> much;
      for (size_t size = 0; size < 200; ++size) much.emplace_back(size * 37, 'x');
      say(much.back());
    });
    ASSERT_TRUE(task);
    EXPECT_EQ((*task)->wait().said.size(), 199U * 37);
  }
  ASSERT_TRUE((*sink)->close());
}

// ---- kills ----

constexpr int kManyAlerts = 3000;
constexpr int kCheckpointEvery = 100;

// A run that makes checkpoints, by itself in a process that is killed. Goes on as often as it is
// started, and prints nothing.
TEST(WebhookSinkRun, DISABLED_UntilKilled) {
  const char* const folder = ::getenv("TOCSIN_TEST_HOOK");
  if (folder == nullptr) {
    GTEST_SKIP() << "started by WebhookSinkTest.KillsLoseNothing";
  }
  const fs::path place(folder);
  WebhookSpec spec;
  spec.name = "hook";
  spec.url = tests::read_file(place / "url");
  spec.allow_private_addresses = true;
  spec.queue = place / "queue";
  spec.close_within = {60'000'000};
  server::MachineClock clock;
  const auto sink = WebhookSink::open(spec, clock);
  ASSERT_TRUE(sink) << sink.error().message;
  int next = 0;
  std::string position;
  std::ifstream(place / "checkpoint") >> next >> position;
  const auto resumed = (*sink)->resume(position);
  ASSERT_TRUE(resumed) << resumed.error().message;
  for (; next < kManyAlerts; ++next) {
    if (next % kCheckpointEvery == 0) {
      ASSERT_TRUE((*sink)->sync());
      std::ofstream(place / "new") << next << ' ' << (*sink)->position();
      fs::rename(place / "new", place / "checkpoint");
    }
    write(**sink, next);
    if (next % 7 == 0) {
      ASSERT_TRUE((*sink)->flush());
    }
    if (next % 20 == 0) ::usleep(1000);
  }
  ASSERT_TRUE((*sink)->close());
  std::ofstream(place / "done") << "1";
}

TEST_F(WebhookSinkTest, KillsLoseNothing) {
  std::mt19937 random(5);
  std::atomic<int> counter = 0;
  HttpServer server([&](const SeenRequest&) {
    const int number = ++counter;
    if (number % 97 == 0) return Reply{.way = Reply::Way::kReset};
    return Reply{.status = number % 31 == 0 ? 500U : 200U};
  });
  directory_.write("url", server.url());
  ::setenv("TOCSIN_TEST_HOOK", directory_.path().c_str(), 1);
  int kills = 0;
  for (int round = 0; !fs::exists(directory_.path("done")); ++round) {
    ASSERT_LT(round, 200);
    char program[] = "/proc/self/exe";
    char filter[] = "--gtest_filter=WebhookSinkRun.DISABLED_UntilKilled";
    char also[] = "--gtest_also_run_disabled_tests";
    char brief[] = "--gtest_brief=1";
    char* arguments[] = {program, filter, also, brief, nullptr};
    pid_t child = 0;
    ASSERT_EQ(::posix_spawn(&child, program, nullptr, nullptr, arguments, environ), 0);
    int status = 0;
    if (round < 12) {
      const size_t before = server.requests().size();
      const size_t more = random() % 200;
      wait_for([&] {
        return server.requests().size() >= before + more || ::waitpid(child, &status, WNOHANG) != 0;
      });
      ::kill(child, SIGKILL);
      ++kills;
    }
    ::waitpid(child, &status, 0);
  }
  ::unsetenv("TOCSIN_TEST_HOOK");
  EXPECT_GT(kills, 5);
  std::map<std::string, std::set<std::string>> seen;
  for (const SeenRequest& request : server.requests()) {
    seen[request.body].insert(request.headers.at("webhook-id"));
  }
  EXPECT_EQ(seen.size(), static_cast<size_t>(kManyAlerts));
  for (int i = 0; i < kManyAlerts; ++i) {
    EXPECT_EQ(seen[json_of(i)], std::set<std::string>{"id" + std::to_string(i)}) << i;
  }
  // Twice is what was on its way when a kill came, or failed; not all over again.
  EXPECT_LT(server.requests().size(), kManyAlerts * 5U / 4);
}

}  // namespace
}  // namespace tocsin::connectors
