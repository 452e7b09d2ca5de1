#include "connectors/webhook/http_client.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/support/http_server.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using tests::Certificate;
using tests::HttpServer;
using tests::Reply;

WebhookSpec spec_of(const std::string& url) {
  WebhookSpec spec;
  spec.name = "hook";
  spec.url = url;
  spec.allow_private_addresses = true;
  return spec;
}

std::vector<HttpAnswer> answers_of(HttpClient& client, size_t count) {
  std::vector<HttpAnswer> answers;
  while (answers.size() < count) {
    client.wait(10'000);
    for (HttpAnswer& answer : client.take_answers()) answers.push_back(std::move(answer));
  }
  return answers;
}

HttpAnswer post(HttpClient& client, const std::string& body = "{}") {
  client.start({.token = 5, .headers = {"webhook-id: a"}, .body = body});
  return answers_of(client, 1).front();
}

HttpAnswer post(const WebhookSpec& spec) {
  HttpClient client(spec);
  return post(client);
}

TEST(WebhookHttp, PostsWhatItIsGiven) {
  HttpServer server;
  const WebhookSpec spec = spec_of(server.url());
  HttpClient client(spec);
  const std::string body(3'000'000, 'x');
  const HttpAnswer answer = post(client, body);
  EXPECT_EQ(answer.status, 200) << answer.fault;
  EXPECT_EQ(answer.token, 5U);
  ASSERT_EQ(server.requests().size(), 1U);
  const tests::SeenRequest request = server.requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook?key=1");
  EXPECT_EQ(request.body, body);
  EXPECT_EQ(request.headers.at("webhook-id"), "a");
  EXPECT_EQ(request.headers.at("user-agent"), "tocsin-webhook/1");
  EXPECT_FALSE(request.headers.contains("expect"));
}

TEST(WebhookHttp, ConnectionsStayOpenWhereTheServerLetsThem) {
  bool closes = false;
  HttpServer server([&](const tests::SeenRequest&) {
    return Reply{.way = closes ? Reply::Way::kClose : Reply::Way::kWhole};
  });
  const WebhookSpec spec = spec_of(server.url());
  HttpClient client(spec);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(post(client).status, 200);
  EXPECT_EQ(server.connections(), 1U);
  closes = true;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(post(client).status, 200);
  EXPECT_EQ(server.connections(), 4U);
}

TEST(WebhookHttp, SeveralRequestsAreUnderWayAtOnce) {
  HttpServer server(
      [](const tests::SeenRequest&) { return Reply{.delay = std::chrono::milliseconds(300)}; });
  const WebhookSpec spec = spec_of(server.url());
  HttpClient client(spec);
  const auto begin = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < 4; ++i) client.start({.token = i, .headers = {}, .body = "{}"});
  EXPECT_EQ(client.in_flight(), 4U);
  answers_of(client, 4);
  EXPECT_EQ(client.in_flight(), 0U);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1100));
}

TEST(WebhookHttp, NeverFollowsARedirect) {
  HttpServer other;
  HttpServer server([&](const tests::SeenRequest&) {
    return Reply{.status = 307, .headers = {{"Location", other.url()}}};
  });
  EXPECT_EQ(post(spec_of(server.url())).status, 307);
  EXPECT_EQ(other.connections(), 0U);
}

TEST(WebhookHttp, TellsWhatIsNoAnswer) {
  using Way = Reply::Way;
  Way way = Way::kReset;
  HttpServer server([&](const tests::SeenRequest&) { return Reply{.way = way}; });
  WebhookSpec spec = spec_of(server.url());
  spec.timeout = {300'000};
  EXPECT_EQ(post(spec).status, 0);
  way = Way::kHalf;
  EXPECT_EQ(post(spec).status, 0);
  way = Way::kNoHttp;
  EXPECT_EQ(post(spec).fault, "Received HTTP/0.9 when not allowed");
  way = Way::kSilence;
  const HttpAnswer late = post(spec);
  EXPECT_EQ(late.status, 0);
  EXPECT_TRUE(late.fault.starts_with("Operation timed out")) << late.fault;
}

TEST(WebhookHttp, TellsThatNobodyIsThere) {
  uint16_t port = 0;
  {
    port = HttpServer().port();
  }
  const HttpAnswer answer = post(spec_of("http://127.0.0.1:" + std::to_string(port) + "/"));
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.fault.find("Couldn't connect to server"), std::string::npos) << answer.fault;
}

TEST(WebhookHttp, AnEndlessAnswerIsCutAndCounts) {
  HttpServer server([](const tests::SeenRequest&) { return Reply{.way = Reply::Way::kEndless}; });
  EXPECT_EQ(post(spec_of(server.url())).status, 200);
  EXPECT_LT(server.endless_bytes(), uint64_t{64} << 20);  // what lies in buffers between them
}

TEST(WebhookHttp, RetryAfterIsHandedOn) {
  HttpServer server([](const tests::SeenRequest&) {
    return Reply{.status = 429, .headers = {{"RETRY-AFTER", "17"}}};
  });
  const HttpAnswer answer = post(spec_of(server.url()));
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.retry_after, " 17\r\n");
}

// The name is public as far as the settings can tell; where it leads is seen when connecting.
TEST(WebhookHttp, AnAddressOfOurOwnIsNotConnectedTo) {
  HttpServer server;
  for (const std::string host : {"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0"}) {
    WebhookSpec spec = spec_of(server.url(host));
    spec.allow_private_addresses = false;
    const HttpAnswer answer = post(spec);
    EXPECT_EQ(answer.status, 0);
    EXPECT_TRUE(answer.fault.starts_with("its address ")) << answer.fault;
    EXPECT_NE(answer.fault.find("allow_private_addresses"), std::string::npos) << answer.fault;
  }
  EXPECT_EQ(server.connections(), 0U);
}

TEST(WebhookHttp, UsesNoProxyOfTheEnvironment) {
  HttpServer proxy;
  HttpServer server;
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) {
    ::setenv(name, proxy.url().c_str(), 1);
  }
  EXPECT_EQ(post(spec_of(server.url())).status, 200);
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0U);
  EXPECT_EQ(server.requests().size(), 1U);
}

class WebhookTls : public testing::Test {
 protected:
  HttpAnswer post_to(const HttpServer& server, const std::string& host,
                     const Certificate* trusted) const {
    WebhookSpec spec = spec_of(server.url(host));
    if (trusted != nullptr) spec.ca_file = directory_.write("ca.pem", trusted->certificate);
    return post(spec);
  }

  tests::TemporaryDirectory directory_;
};

TEST_F(WebhookTls, TrustsWhatTheFileSays) {
  const Certificate certificate = tests::make_certificate("localhost");
  HttpServer server({}, &certificate);
  const HttpAnswer answer = post_to(server, "localhost", &certificate);
  EXPECT_EQ(answer.status, 200) << answer.fault;
}

TEST_F(WebhookTls, TrustsNobodyElse) {
  const Certificate certificate = tests::make_certificate("localhost");
  const Certificate other = tests::make_certificate("localhost");
  HttpServer server({}, &certificate);
  for (const Certificate* trusted : std::vector<const Certificate*>{nullptr, &other}) {
    const HttpAnswer answer = post_to(server, "localhost", trusted);
    EXPECT_EQ(answer.status, 0);
    EXPECT_NE(answer.fault.find("certificate"), std::string::npos) << answer.fault;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(WebhookTls, ACertificateForAnotherNameIsRefused) {
  const Certificate certificate = tests::make_certificate("elsewhere.test");
  HttpServer server({}, &certificate);
  const HttpAnswer answer = post_to(server, "localhost", &certificate);
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.fault.find("no alternative certificate subject name matches"), std::string::npos)
      << answer.fault;
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(WebhookTls, ACertificateThatIsOverIsRefused) {
  const Certificate certificate = tests::make_certificate("localhost", 1800);
  HttpServer server({}, &certificate);
  const HttpAnswer answer = post_to(server, "localhost", &certificate);
  EXPECT_EQ(answer.status, 0);
  EXPECT_NE(answer.fault.find("expired"), std::string::npos) << answer.fault;
}

TEST_F(WebhookTls, AServerWithoutTlsIsRefused) {
  HttpServer server;
  WebhookSpec spec = spec_of(server.url());
  spec.url.insert(4, "s");
  EXPECT_EQ(post(spec).status, 0);
  EXPECT_TRUE(server.requests().empty());
}

}  // namespace
}  // namespace tocsin::connectors
