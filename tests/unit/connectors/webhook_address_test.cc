#include "connectors/webhook/address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace tocsin::connectors {
namespace {

struct WebhookAddressCase {
  std::string_view address;
  std::string_view what;
};

TEST(WebhookAddress, KnowsWhatIsSpecial) {
  const std::vector<WebhookAddressCase> cases = {
      {"0.0.0.0", "unspecified"},
      {"0.1.2.3", "unspecified"},
      {"9.255.255.255", ""},
      {"10.0.0.0", "private"},
      {"10.255.255.255", "private"},
      {"11.0.0.0", ""},
      {"100.63.255.255", ""},
      {"100.64.0.0", "of a carrier's network"},
      {"100.127.255.255", "of a carrier's network"},
      {"100.128.0.0", ""},
      {"126.255.255.255", ""},
      {"127.0.0.1", "loopback"},
      {"127.255.255.255", "loopback"},
      {"128.0.0.0", ""},
      {"169.253.255.255", ""},
      {"169.254.169.254", "link-local"},
      {"169.255.0.0", ""},
      {"172.15.255.255", ""},
      {"172.16.0.0", "private"},
      {"172.31.255.255", "private"},
      {"172.32.0.0", ""},
      {"192.0.0.8", "reserved"},
      {"192.0.1.0", ""},
      {"192.0.2.1", "for documentation"},
      {"192.88.99.1", "reserved"},
      {"192.167.255.255", ""},
      {"192.168.0.0", "private"},
      {"192.168.255.255", "private"},
      {"192.169.0.0", ""},
      {"198.17.255.255", ""},
      {"198.18.0.0", "for benchmarks"},
      {"198.19.255.255", "for benchmarks"},
      {"198.20.0.0", ""},
      {"198.51.100.7", "for documentation"},
      {"203.0.113.7", "for documentation"},
      {"203.0.114.0", ""},
      {"223.255.255.255", ""},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"240.0.0.1", "reserved"},
      {"255.255.255.255", "reserved"},
      {"8.8.8.8", ""},

      {"::", "unspecified"},
      {"::1", "loopback"},
      {"::2", "reserved"},
      {"::127.0.0.1", "reserved"},
      {"::ffff:10.0.0.1", "private"},
      {"::ffff:127.0.0.1", "loopback"},
      {"::ffff:8.8.8.8", ""},
      {"::ffff:0:192.168.1.1", "private"},
      {"::ffff:0:8.8.8.8", ""},
      {"64:ff9b::7f00:1", "loopback"},
      {"64:ff9b::808:808", ""},
      {"64:ff9b:1::1", "reserved"},
      {"100::1", "reserved"},
      {"2002:a00:1::1", "private"},
      {"2002:808:808::1", ""},
      {"2001::1", "reserved"},
      {"2001:1ff:ffff::", "reserved"},
      {"2001:200::1", ""},
      {"2001:db8::1", "for documentation"},
      {"2001:db9::1", ""},
      {"2606:4700::1111", ""},
      {"2620:4f:8000::1", "reserved"},
      {"3fff:fff::1", "for documentation"},
      {"3fff:1000::1", ""},
      {"4000::1", "reserved"},
      {"fc00::1", "private"},
      {"fdff::1", "private"},
      {"fe80::1", "link-local"},
      {"febf::1", "link-local"},
      {"fec0::1", "private"},
      {"ff02::1", "multicast"},
  };
  for (const WebhookAddressCase& each : cases)
    EXPECT_EQ(special_address(each.address), each.what) << each.address;
}

TEST(WebhookAddress, OfASocketIsTheSame) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  ASSERT_EQ(::inet_pton(AF_INET, "10.1.2.3", &four.sin_addr), 1);
  EXPECT_EQ(special_address(reinterpret_cast<const sockaddr&>(four)), "private");
  EXPECT_EQ(address_text(reinterpret_cast<const sockaddr&>(four)), "10.1.2.3");
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  ASSERT_EQ(::inet_pton(AF_INET6, "fe80::5", &six.sin6_addr), 1);
  EXPECT_EQ(special_address(reinterpret_cast<const sockaddr&>(six)), "link-local");
  EXPECT_EQ(address_text(reinterpret_cast<const sockaddr&>(six)), "fe80::5");
  sockaddr_un other{};
  other.sun_family = AF_UNIX;
  EXPECT_EQ(special_address(reinterpret_cast<const sockaddr&>(other)), "of another kind");
}

TEST(WebhookAddress, OfANameIsNotKnown) {
  EXPECT_EQ(special_address(std::string_view("localhost")), "");
}

}  // namespace
}  // namespace tocsin::connectors
