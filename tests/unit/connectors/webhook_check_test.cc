#include "connectors/webhook/webhook_check.h"

#include <gtest/gtest.h>

#include <functional>

namespace tocsin::connectors {
namespace {

std::string wrong(const std::function<void(WebhookSpec&)>& change) {
  WebhookSpec spec;
  spec.name = "hook";
  spec.url = "https://example.test/hook?key=secret";
  change(spec);
  const auto checked = check_webhook(spec);
  if (checked) return "";
  EXPECT_EQ(checked.error().blame, eventtime::Blame::kInput);
  EXPECT_TRUE(checked.error().message.starts_with("webhook 'hook': "));
  return checked.error().message.substr(16);
}

std::string wrong_url(const std::string& url) {
  return wrong([&](WebhookSpec& spec) { spec.url = url; });
}

TEST(WebhookCheck, TakesWhatIsRight) {
  EXPECT_EQ(wrong([](WebhookSpec&) {}), "");
  EXPECT_EQ(wrong_url("http://example.test:8080"), "");
  EXPECT_EQ(wrong_url("https://8.8.8.8/x"), "");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.secrets = {"whsec_YWJj", "plain"}; }), "");
  EXPECT_EQ(wrong([](WebhookSpec& spec) {
              spec.url = "http://127.0.0.1:1/";
              spec.allow_private_addresses = true;
            }),
            "");
}

TEST(WebhookCheck, RefusesUrlsThatLeadElsewhere) {
  EXPECT_EQ(wrong_url(""), "it has no URL, give it one");
  EXPECT_EQ(wrong_url("example.test/hook"), "the URL cannot be used: Bad scheme");
  EXPECT_EQ(wrong_url("https://"), "the URL cannot be used: No host part in the URL");
  EXPECT_EQ(wrong_url("file:///etc/passwd"), "the URL begins with 'file', use https or http");
  EXPECT_EQ(wrong_url("gopher://example.test/"), "the URL begins with 'gopher', use https or http");
  EXPECT_EQ(wrong_url("https://user@example.test/"),
            "the URL holds a user or a password; alerts are signed with a secret");
  EXPECT_EQ(wrong_url("https://:word@example.test/"),
            "the URL holds a user or a password; alerts are signed with a secret");
}

TEST(WebhookCheck, RefusesAddressesOfOurOwnHoweverTheyAreWritten) {
  const std::string help = "; allow_private_addresses = true lets alerts go there";
  EXPECT_EQ(wrong_url("http://10.0.0.1/"), "the address 10.0.0.1 is private" + help);
  EXPECT_EQ(wrong_url("http://169.254.169.254/latest"),
            "the address 169.254.169.254 is link-local" + help);
  const std::string loopback = "the address 127.0.0.1 is loopback" + help;
  EXPECT_EQ(wrong_url("http://2130706433/"), loopback);
  EXPECT_EQ(wrong_url("http://0x7f.1/"), loopback);
  EXPECT_EQ(wrong_url("http://0177.0.0.1/"), loopback);
  EXPECT_EQ(wrong_url("http://[::1]/"), "the address ::1 is loopback" + help);
  EXPECT_EQ(wrong_url("http://[::ffff:10.0.0.1]/"),
            "the address ::ffff:10.0.0.1 is private" + help);
}

TEST(WebhookCheck, RefusesImpossibleNumbers) {
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.batch = 0; }), "batch is 0, use 1 to 10000");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.batch = 10001; }), "batch is 10001, use 1 to 10000");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.max_in_flight = 0; }),
            "max_in_flight is 0, use 1 to 256");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.max_in_flight = 257; }),
            "max_in_flight is 257, use 1 to 256");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.max_per_second = 0; }),
            "max_per_second is 0, use 0.001 to 1000000");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.timeout = {999}; }), "timeout is less than 1ms");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.retry_for = {-1}; }), "retry_for is less than 0s");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.close_within = {-1}; }),
            "close_within is less than 0s");
}

TEST(WebhookCheck, RefusesWhatCannotSignOrBeRead) {
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.secrets = {"good", "whsec_secret"}; }),
            "the secret begins with 'whsec_', but no base64 follows");
  EXPECT_EQ(wrong([](WebhookSpec& spec) { spec.ca_file = "/no/such/file.pem"; }),
            "cannot read the ca_file '/no/such/file.pem': No such file or directory");
}

TEST(WebhookCheck, AnEndpointIsShownWithoutWhatMayBeSecret) {
  EXPECT_EQ(shown_endpoint("https://example.test/T0/secret?key=secret"), "https://example.test");
  EXPECT_EQ(shown_endpoint("http://[::1]:81/a"), "http://[::1]:81");
  EXPECT_EQ(shown_endpoint("what"), "the endpoint");
}

}  // namespace
}  // namespace tocsin::connectors
