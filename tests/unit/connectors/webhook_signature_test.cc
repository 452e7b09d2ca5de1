#include "connectors/webhook/signature.h"

#include <gtest/gtest.h>

namespace tocsin::connectors {
namespace {

// Published with Standard Webhooks.
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kSigned = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string sign_example(const std::vector<std::string>& keys) {
  return sign_webhook(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                      R"({"test": 2432232314})");
}

TEST(WebhookSignature, IsThePublishedOne) {
  EXPECT_EQ(sign_example({signing_key(kSecret).value()}), kSigned);
}

// Also published, by Svix.
TEST(WebhookSignature, IsTheOtherPublishedOne) {
  const auto key = signing_key("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
  EXPECT_EQ(sign_webhook({*key}, "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", "1649367553",
                         R"({"email":"test@example.com","username":"test_user"})"),
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=");
}

TEST(WebhookSignature, EachSecretSigns) {
  const std::string both = sign_example({signing_key(kSecret).value(), "another"});
  EXPECT_EQ(both.substr(0, kSigned.size() + 1), std::string(kSigned) + " ");
  EXPECT_EQ(both.substr(kSigned.size() + 1), sign_example({"another"}));
  EXPECT_NE(sign_example({"another"}), kSigned);
  EXPECT_EQ(sign_example({}), "");
}

TEST(WebhookSignature, KeysAreWhatTheSecretSays) {
  EXPECT_EQ(signing_key("plain text").value(), "plain text");
  EXPECT_EQ(signing_key("whsec_YQ==").value(), "a");
  EXPECT_EQ(signing_key("whsec_YWI=").value(), "ab");
  EXPECT_EQ(signing_key("whsec_YWJj").value(), "abc");
  EXPECT_EQ(signing_key("whsec_AAAA").value(), std::string(3, '\0'));
}

TEST(WebhookSignature, RefusesWhatIsNoSecretAndDoesNotRepeatIt) {
  for (const std::string secret : {"whsec_", "whsec_YQ", "whsec_YQ=", "whsec_Y===", "whsec_Y%==",
                                   "whsec_YQ==YQ==", "whsec_ YQ="}) {
    const auto key = signing_key(secret);
    ASSERT_FALSE(key) << secret;
    EXPECT_EQ(key.error().message, "the secret begins with 'whsec_', but no base64 follows");
  }
  EXPECT_EQ(signing_key("").error().message, "the secret is empty");
}

}  // namespace
}  // namespace tocsin::connectors
